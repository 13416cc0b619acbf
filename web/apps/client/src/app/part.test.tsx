import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, it, vi } from "vitest";
import { createPart, Shown } from "./part.tsx";

vi.mock("./Splash.tsx", () => ({ Splash: () => "splash" }));
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

/** Draws a part, and says what is seen. */
function draw(part: ReturnType<typeof createPart>) {
  const place = document.createElement("div");
  const root = createRoot(place, { onUncaughtError: () => undefined });
  return { place, show: () => act(async () => root.render(createElement(Shown, { part }))) };
}

describe("a part of the page", () => {
  it("is there at once when it was fetched before", async () => {
    const load = vi.fn(async () => ({ default: () => "there" }));
    const part = createPart(load);
    part.load();
    await load.mock.results[0]?.value;
    const { place, show } = draw(part);
    await show();
    expect(place.textContent).toBe("there");
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("is the splash until it is there, and not a moment longer", async () => {
    let bring: (part: { default: () => string }) => void = () => undefined;
    const part = createPart(
      () =>
        new Promise((resolve) => {
          bring = resolve;
        }),
    );
    const { place, show } = draw(part);
    await show();
    expect(place.textContent).toBe("splash");
    await act(async () => bring({ default: () => "there" }));
    expect(place.textContent).toBe("there");
  });
});
