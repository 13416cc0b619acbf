import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventFrame, LineHandler, SkipFrame, Started } from "../line.ts";
import { ownError } from "../problems.ts";
import {
  type DoubleSocket,
  doubleSockets,
  doubleSurroundings,
  started,
  wireProblem,
} from "../testing/socket.ts";
import { type GetToken, type LineOptions, pageSurroundings } from "./options.ts";
import {
  OFFLINE_WAIT_MS,
  PROBE_AFTER_MS,
  PROBE_WAIT_MS,
  SocketLine,
  WAKE_WAIT_MS,
} from "./socket.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function rig(options: Partial<LineOptions> = {}) {
  const sockets = doubleSockets();
  const surroundings = doubleSurroundings();
  let tokens = 0;
  const getToken = vi.fn<GetToken>(async () => {
    tokens += 1;
    return `ut_${tokens}`;
  });
  const line = new SocketLine({
    url: "http://chat.test/",
    getToken,
    WebSocket: sockets.Class,
    surroundings,
    random: () => 0.5,
    ...options,
  });
  const heard: string[] = [];
  const frames: (EventFrame | SkipFrame)[] = [];
  const handler: LineHandler = {
    cursor: () => "c0",
    onStarted: (start: Started) => heard.push(`started ${start.session}`),
    onFrame: (frame) => frames.push(frame),
    onLost: () => heard.push("lost"),
  };
  return { line, handler, heard, frames, sockets, surroundings, getToken };
}

/** Lets promises go on, without time passing. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function live(options: Partial<LineOptions> = {}) {
  const it = rig(options);
  it.line.open(it.handler);
  await settle();
  it.sockets.last().start();
  return it;
}

/** A session that has lasted, so that its end counts as an accident. */
async function settled(options: Partial<LineOptions> = {}) {
  const it = await live(options);
  await vi.advanceTimersByTimeAsync(6_000);
  return it;
}

const status = (line: SocketLine) => line.state.getSnapshot();

describe("a session", () => {
  it("is started with token, device and cursor as the first frame", async () => {
    const { line, handler, sockets, heard } = rig({ device: { name: "Laptop" } });
    expect(status(line).status).toBe("idle");
    line.open(handler);
    expect(status(line).status).toBe("connecting");
    await settle();
    const socket = sockets.last();
    expect(socket.url).toBe("ws://chat.test/v1/socket");
    expect(socket.protocols).toEqual(["hoopoe.v1.json"]);
    socket.accept();
    expect(socket.sent).toEqual([
      {
        id: 1,
        method: "session.start",
        params: { token: "ut_1", device: { name: "Laptop" }, cursor: "c0" },
      },
    ]);
    socket.reply(started());
    expect(heard).toEqual(["started ses_1"]);
    expect(status(line)).toMatchObject({ status: "online", leader: true, failure: null });
  });

  it("tells events and skips as they come, and nothing that it cannot read", async () => {
    const { sockets, frames } = await live();
    const socket = sockets.last();
    socket.tell({ event: "message.created", conversation: "cnv_1", seq: 1, data: {} });
    socket.tell({ conversation: "cnv_1", skip: 2 });
    socket.onmessage?.({ data: "no JSON" } as never);
    socket.onmessage?.({ data: "null" } as never);
    expect(frames).toEqual([
      { event: "message.created", conversation: "cnv_1", seq: 1, data: {} },
      { conversation: "cnv_1", skip: 2 },
    ]);
  });

  it("outlives a mistake in what hears of it", async () => {
    const { line, sockets } = rig();
    line.open({
      cursor: () => null,
      onStarted: () => {
        throw new Error("a mistake");
      },
      onFrame: () => {
        throw new Error("another one");
      },
      onLost: () => {},
    });
    await settle();
    sockets.last().start();
    sockets.last().tell({ event: "x", data: null });
    expect(status(line).status).toBe("online");
  });

  it("is one when opening is doubled, and when it is opened, closed and opened", async () => {
    const { line, handler, sockets, getToken, surroundings } = rig();
    line.open(handler);
    line.open(handler);
    line.close();
    expect(status(line)).toMatchObject({ status: "stopped", stop: "closed" });
    line.open(handler);
    await settle();
    expect(getToken).toHaveBeenCalledTimes(1);
    expect(sockets.made).toHaveLength(1);
    sockets.last().start();
    expect(status(line).status).toBe("online");
    line.close();
    expect(sockets.last().isClosed).toBe(true);
    expect(surroundings.listeners()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can be closed by who hears that it is lost", async () => {
    const { line, sockets } = rig();
    line.open({ cursor: () => null, onStarted() {}, onFrame() {}, onLost: () => line.close() });
    await settle();
    sockets.last().start();
    sockets.last().end(1006);
    expect(status(line)).toMatchObject({ status: "stopped", stop: "closed" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.made).toHaveLength(1);
  });
});

describe("a token", () => {
  it("that is refused is replaced before the next attempt, three times", async () => {
    const { line, handler, sockets, getToken } = rig();
    line.open(handler);
    for (let times = 1; times <= 4; times += 1) {
      await settle();
      const socket = sockets.last();
      socket.accept();
      socket.refuse(wireProblem("auth.invalid_token", 401));
      expect(socket.isClosed).toBe(true);
      expect(sockets.made).toHaveLength(times);
    }
    await settle();
    expect(getToken.mock.calls.map(([hint]) => hint)).toEqual([
      undefined,
      { refused: "ut_1" },
      { refused: "ut_2" },
      { refused: "ut_3" },
    ]);
    expect(status(line)).toMatchObject({
      status: "stopped",
      stop: "token_refused",
      failure: { code: "auth.invalid_token" },
    });
  });

  it("that was just refused is not offered again", async () => {
    const { line, handler, sockets } = rig({ getToken: () => "ut_same" });
    line.open(handler);
    await settle();
    sockets.last().accept();
    sockets.last().refuse(wireProblem("auth.invalid_token", 401));
    await settle();
    expect(sockets.made).toHaveLength(1);
    expect(status(line)).toMatchObject({ status: "stopped", stop: "token_refused" });
  });

  it("that cannot be had for now is asked for again", async () => {
    let fails = true;
    const getToken = async () => {
      if (fails) {
        throw new Error("the backend is away");
      }
      return "ut_1";
    };
    const { line, handler, sockets } = rig({ getToken });
    line.open(handler);
    await settle();
    expect(status(line)).toMatchObject({
      status: "waiting",
      failure: { detail: "the backend is away" },
    });
    fails = false;
    await vi.advanceTimersByTimeAsync(250);
    sockets.last().start();
    expect(status(line).status).toBe("online");
  });

  it("of somebody who signed out stops the line", async () => {
    const getToken = () => Promise.reject(ownError("sdk.signed_out"));
    const { line, handler } = rig({ getToken });
    line.open(handler);
    await settle();
    expect(status(line)).toMatchObject({ status: "stopped", stop: "signed_out" });
  });

  it("that never comes is not waited for, nor asked for twice at once", async () => {
    const getToken = vi.fn(() => new Promise<string>(() => {}));
    const { line, handler } = rig({ getToken });
    line.open(handler);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(status(line)).toMatchObject({ status: "waiting", failure: { code: "sdk.timeout" } });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(getToken).toHaveBeenCalledTimes(1);
  });
});

describe("a line that is closed with", () => {
  async function closed(code: number, reason = "") {
    const it = await settled();
    it.sockets.last().end(code, reason);
    expect(it.heard).toEqual(["started ses_1", "lost"]);
    return it;
  }

  it.each([1006, 1002, 1007, 1008, 1009, 4400, 4408])("%i is made anew soon", async (code) => {
    const { line, sockets } = await closed(code);
    expect(status(line)).toMatchObject({ status: "waiting", retryAt: Date.now() + 250 });
    await vi.advanceTimersByTimeAsync(250);
    sockets.last().start();
    expect(sockets.made).toHaveLength(2);
    expect(status(line).status).toBe("online");
  });

  it("4401 gets another token first, at once", async () => {
    const { getToken, sockets } = await closed(4401);
    await settle();
    expect(getToken).toHaveBeenLastCalledWith({ refused: "ut_1" });
    sockets.last().accept();
    expect(sockets.last().last().params.token).toBe("ut_2");
  });

  it("4401 before the session started just came too late", async () => {
    const { line, handler, sockets, getToken } = rig();
    line.open(handler);
    await settle();
    sockets.last().accept();
    sockets.last().end(4401);
    expect(status(line).status).toBe("waiting");
    await vi.advanceTimersByTimeAsync(250);
    expect(getToken).toHaveBeenLastCalledWith(undefined);
  });

  it("4403 stays closed", async () => {
    const { line, sockets } = await closed(4403);
    expect(status(line)).toMatchObject({ status: "stopped", stop: "revoked" });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets.made).toHaveLength(1);
  });

  it("4409 is made anew at once, but not over and over", async () => {
    const { line, sockets } = await closed(4409);
    await settle();
    sockets.last().start();
    sockets.last().end(4409);
    expect(status(line).status).toBe("waiting");
  });

  it("4429 waits a second at least, whoever wakes it", async () => {
    const { line, sockets, surroundings } = await closed(4429);
    expect(status(line).retryAt).toBe(Date.now() + 1_250);
    surroundings.wake();
    await settle();
    expect(sockets.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_250);
    expect(sockets.made).toHaveLength(2);
  });

  it("4503 waits as long as it is told", async () => {
    const { line } = await closed(4503, '{"retry_after_ms":4000}');
    expect(status(line).retryAt).toBe(Date.now() + 4_250);
  });
});

describe("attempts", () => {
  it("come later and later, spread over a bound of half a second to thirty", async () => {
    const { line, handler, sockets } = rig({ random: () => 1 });
    line.open(handler);
    const waits: number[] = [];
    for (let times = 0; times < 9; times += 1) {
      await settle();
      sockets.last().end(1006);
      const wait = (status(line).retryAt ?? 0) - Date.now();
      waits.push(wait);
      await vi.advanceTimersByTimeAsync(wait);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it("come at once when the network is back or the page is looked at", async () => {
    const { sockets, surroundings } = await settled();
    sockets.last().end(1006);
    surroundings.wake();
    await settle();
    expect(sockets.made).toHaveLength(2);
  });

  it("come at once when somebody wants it, whatever the wait, and change nothing on a good line", async () => {
    const { line, sockets } = await settled();
    line.retryNow();
    sockets.last().end(4503, '{"retry_after_ms":60000}');
    line.retryNow();
    line.retryNow();
    await settle();
    expect(sockets.made).toHaveLength(2);
  });

  it("hear of the page's own network", () => {
    const page = new EventTarget();
    vi.stubGlobal("window", page);
    const told = vi.fn();
    const end = pageSurroundings().onOffline?.(told);
    page.dispatchEvent(new Event("offline"));
    end?.();
    page.dispatchEvent(new Event("offline"));
    vi.unstubAllGlobals();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("begin again when one is stuck as the network comes back", async () => {
    const { line, handler, surroundings, sockets } = rig();
    line.open(handler);
    await settle();
    surroundings.wake();
    await settle();
    expect(sockets.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    surroundings.wake();
    await settle();
    expect(sockets.made).toHaveLength(2);
  });

  it("end when the server does not take this client", async () => {
    const { line, handler, sockets } = rig();
    line.open(handler);
    await settle();
    sockets.last().accept();
    sockets.last().refuse(wireProblem("request.invalid", 422));
    expect(status(line)).toMatchObject({
      status: "stopped",
      stop: "refused",
      failure: { code: "request.invalid" },
    });
  });

  it("wait when the server has no room, and as long as it says", async () => {
    const { line, handler, sockets } = rig();
    line.open(handler);
    await settle();
    sockets.last().accept();
    sockets.last().refuse(wireProblem("server.busy", 503, { retry_after_ms: 2_000 }));
    expect(status(line).retryAt).toBe(Date.now() + 2_250);
  });

  it.each([
    ["accept", () => {}],
    ["start", (socket: DoubleSocket) => socket.accept()],
  ])("that the server does not %s are given up after 15 s", async (_, begin) => {
    const { line, handler, sockets } = rig();
    line.open(handler);
    await settle();
    begin(sockets.last());
    await vi.advanceTimersByTimeAsync(15_000);
    expect(sockets.last().isClosed).toBe(true);
    expect(status(line).status).toBe("waiting");
  });
});

describe("a silent line", () => {
  it("is asked after thirty seconds, and lives when it answers", async () => {
    const { line, sockets } = await live();
    await vi.advanceTimersByTimeAsync(PROBE_AFTER_MS);
    expect(sockets.last().last()).toMatchObject({ method: "session.sync" });
    sockets.last().reply({});
    await vi.advanceTimersByTimeAsync(PROBE_WAIT_MS);
    expect(status(line).status).toBe("online");
  });

  it("is dead after sixty", async () => {
    const { line, sockets, heard } = await live();
    await vi.advanceTimersByTimeAsync(PROBE_AFTER_MS + PROBE_WAIT_MS);
    expect(heard).toEqual(["started ses_1", "lost"]);
    expect(sockets.last().isClosed).toBe(true);
    expect(status(line).status).toBe("waiting");
  });

  it("is asked when the page is looked at again, and dead ten seconds later", async () => {
    const { line, sockets, surroundings } = await settled();
    surroundings.wake();
    expect(sockets.last().last()).toMatchObject({ method: "session.sync" });
    await vi.advanceTimersByTimeAsync(WAKE_WAIT_MS);
    expect(status(line).status).toBe("waiting");
  });

  it("is asked when the device says that it is offline, and given up two seconds later", async () => {
    const { line, surroundings, sockets } = await settled();
    surroundings.offline();
    expect(sockets.last().last().method).toBe("session.sync");
    await vi.advanceTimersByTimeAsync(OFFLINE_WAIT_MS);
    expect(status(line).status).toBe("waiting");
    surroundings.wake();
    await settle();
    sockets.last().start();
    surroundings.offline();
    sockets.last().reply({});
    await vi.advanceTimersByTimeAsync(OFFLINE_WAIT_MS);
    expect(status(line).status).toBe("online");
  });

  it("gets another chance when the machine slept", async () => {
    const { line, sockets } = await live();
    await vi.advanceTimersByTimeAsync(PROBE_AFTER_MS);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(PROBE_WAIT_MS);
    expect(status(line).status).toBe("online");
    expect(sockets.last().asked("session.sync")).toHaveLength(2);
  });
});

describe("a request", () => {
  it("is answered by its number, in whatever order", async () => {
    const { line, sockets } = await live();
    const first = line.request("me.get", {});
    const second = line.request("users.get", { user: "bob" });
    const [a, b] = sockets.last().sent.slice(1);
    sockets.last().reply({ id: "bob" }, b?.id);
    sockets.last().reply({ id: "ann" }, a?.id);
    expect(await first).toEqual({ id: "ann" });
    expect(await second).toEqual({ id: "bob" });
  });

  it("that is refused has the server's problem", async () => {
    const { line, sockets } = await live();
    const asked = line.request("messages.send", {});
    const errors = [{ pointer: "/text", code: "missing", detail: "is missing" }];
    sockets.last().refuse(wireProblem("request.invalid", 422, { errors }));
    await expect(asked).rejects.toMatchObject({
      code: "request.invalid",
      retryable: false,
      problem: { status: 422, detail: "text: is missing", requestId: "req_1" },
    });
  });

  it("without a session is refused at once", async () => {
    const { line } = rig();
    await expect(line.request("me.get", {})).rejects.toMatchObject({
      code: "sdk.offline",
      retryable: true,
    });
  });

  it("whose reply is lost with the line may be made again", async () => {
    const { line, sockets } = await live();
    const asked = line.request("messages.send", {});
    sockets.last().end(1006);
    await expect(asked).rejects.toMatchObject({ code: "sdk.offline", retryable: true });
  });

  it("times out, and its late reply is nobody's", async () => {
    const { line, sockets } = await live();
    const asked = line.request("me.get", {}, { timeoutMs: 1_000 });
    const timedOut = expect(asked).rejects.toMatchObject({ code: "sdk.timeout", retryable: true });
    const { id } = sockets.last().last();
    await vi.advanceTimersByTimeAsync(1_000);
    await timedOut;
    sockets.last().reply({}, id);
  });

  it("can be given up", async () => {
    const { line } = await live();
    const stop = new AbortController();
    const asked = line.request("users.list", { q: "a" }, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: "sdk.aborted", retryable: false });
    const late = line.request("users.list", {}, { signal: stop.signal });
    await expect(late).rejects.toMatchObject({ code: "sdk.aborted" });
  });

  it("waits behind two hundred others, in order", async () => {
    const { line, sockets } = await live();
    const asked = Array.from({ length: 202 }, (_, n) =>
      line.request("users.get", { user: `${n}` }),
    );
    const sent = () => sockets.last().asked("users.get");
    expect(sent()).toHaveLength(200);
    sockets.last().reply("first", sent()[0]?.id);
    expect(await asked[0]).toBe("first");
    expect(sent()).toHaveLength(201);
    expect(sent().at(-1)?.params).toEqual({ user: "200" });
    sockets.last().end(1006);
    const rest = await Promise.allSettled(asked.slice(1));
    expect(rest.every((one) => one.status === "rejected")).toBe(true);
  });

  it("larger than a frame may be does not cost the line", async () => {
    const { line, sockets } = await live();
    await expect(
      line.request("messages.send", { text: "湖".repeat(22_000) }),
    ).rejects.toMatchObject({
      code: "sdk.too_large",
    });
    expect(sockets.last().sent).toHaveLength(1);
  });
});
