import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createHttp, type Fetch, pathOf } from "./http.ts";
import { PATHS } from "./paths.ts";
import { wireProblem } from "./testing/socket.ts";

function rig(status = 200, body: string = "{}") {
  const fetch = vi.fn<Fetch>(async () => new Response(body, { status }));
  const http = createHttp({ url: "wss://chat.test/", fetch });
  const asked = () => {
    const [url, init] = fetch.mock.calls.at(-1) ?? [];
    return `${init?.method} ${url} ${init?.body ?? ""}`.trim();
  };
  return { http, fetch, asked };
}

describe("a command over HTTP", () => {
  it("has its parameters in path, query and body", async () => {
    const { http, asked, fetch } = rig();
    await http.call(
      "messages.react",
      { conversation: "cnv_1", seq: 7, emoji: "👍" },
      { token: "ut_1" },
    );
    expect(asked()).toBe(
      "PUT https://chat.test/v1/conversations/cnv_1/messages/7/reactions/%F0%9F%91%8D {}",
    );
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ authorization: "Bearer ut_1" });
    await http.call("messages.delete", { conversation: "cnv_1", seq: 7, scope: "me" });
    expect(asked()).toBe("DELETE https://chat.test/v1/conversations/cnv_1/messages/7?scope=me");
    await http.call("presence.list", { users: ["ann", "bob"], cursor: undefined });
    expect(asked()).toBe("GET https://chat.test/v1/presence?users=ann%2Cbob");
    await http.call("messages.send", { conversation: "cnv_1", text: "hello" });
    expect(asked()).toBe('POST https://chat.test/v1/conversations/cnv_1/messages {"text":"hello"}');
  });

  it("lives where the API description says, as far as users may call it", async () => {
    const file = join(import.meta.dirname, "../../../../docs/protocol/openapi.gen.json");
    const { paths } = JSON.parse(readFileSync(file, "utf8"));
    const described = new Map<string, string>();
    for (const [path, verbs] of Object.entries<Record<string, Operation>>(paths)) {
      for (const [verb, operation] of Object.entries(verbs)) {
        if (path.startsWith("/v1/")) {
          described.set(operation.operationId, `${verb.toUpperCase()} ${path.slice(3)}`);
        }
        const isForUsers = operation.security?.some((one) => "userToken" in one);
        const isSocketOnly = /^presence\.(un)?subscribe$/.test(operation.operationId);
        if (isForUsers && !isSocketOnly) {
          expect([operation.operationId, await pathOf(operation.operationId)]).not.toContain(
            undefined,
          );
        }
      }
    }
    const auth = ["auth.login", "auth.logout", "auth.refresh", "auth.register", "server.info"];
    for (const method of [...auth, ...Object.keys(PATHS)]) {
      const path = await pathOf(method);
      expect(`${method}: ${path}`).toBe(`${method}: ${described.get(method) ?? path}`);
    }
  });

  it("that is refused has the server's problem", async () => {
    const { http } = rig(
      429,
      JSON.stringify(wireProblem("rate.limited", 429, { retry_after_ms: 5 })),
    );
    await expect(http.call("me.get")).rejects.toMatchObject({
      code: "rate.limited",
      retryable: true,
      problem: { retryAfterMs: 5, status: 429 },
    });
  });

  it.each([
    [502, "<html>"],
    [404, "{}"],
    [200, "<html>"],
  ])("that a proxy answers with %i says so", async (status, body) => {
    await expect(rig(status, body).http.call("me.get")).rejects.toMatchObject({
      code: "sdk.bad_reply",
    });
  });

  it("that does not come through may be tried again, and one that is given up may not", async () => {
    const { http, fetch } = rig();
    fetch.mockRejectedValue(new TypeError("no route"));
    await expect(http.call("me.get")).rejects.toMatchObject({
      code: "sdk.offline",
      retryable: true,
    });
    fetch.mockImplementation(
      (_, { signal }) => new Promise((_, reject) => signal?.addEventListener("abort", reject)),
    );
    await expect(http.call("me.get", {}, { timeoutMs: 1 })).rejects.toMatchObject({
      code: "sdk.timeout",
    });
    const stop = new AbortController();
    const asked = http.call("me.get", {}, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: "sdk.aborted" });
    await expect(http.call("presence.subscribe", {})).rejects.toMatchObject({
      code: "sdk.socket_only",
    });
  });
});

interface Operation {
  operationId: string;
  security?: Record<string, unknown>[];
}
