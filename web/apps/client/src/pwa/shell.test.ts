import { expect, it } from "vitest";
import { answerFor } from "./shell.ts";

const origin = "https://chat.example";
const shell = new Set(["/", "/manifest.webmanifest", "/assets/a-123.js"]);
const ask = (path: string, mode = "cors", method = "GET"): string =>
  answerFor({ method, mode }, new URL(path, origin), origin, shell);

it("the API passes by, whatever is asked", () => {
  for (const mode of ["navigate", "cors", "same-origin", "no-cors"]) {
    expect(ask("/v1/me", mode)).toBe("pass");
    expect(ask("/v1", mode)).toBe("pass");
    expect(ask("/v1/../v1/me", mode)).toBe("pass");
  }
});

it("pages of the app begin without the server", () => {
  for (const path of ["/", "/c/cnv_1", "/c/cnv_1/m/3", "/settings", "/settings/profile"]) {
    expect(ask(path, "navigate")).toBe("shell");
  }
  expect(ask("/elsewhere", "navigate")).toBe("pass");
});

it("what is named by its content is kept, the rest of the shell is asked for", () => {
  expect(ask("/assets/a-123.js")).toBe("kept");
  expect(ask("/manifest.webmanifest")).toBe("fresh");
  expect(ask("/unknown.txt")).toBe("pass");
});

it("other hosts and other methods pass by", () => {
  expect(ask("https://elsewhere.example/assets/a.js")).toBe("pass");
  expect(ask("/", "navigate", "POST")).toBe("pass");
});
