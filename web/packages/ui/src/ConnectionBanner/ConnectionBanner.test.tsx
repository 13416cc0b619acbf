import type { ConnectionState } from "@hoopoe/sdk";
import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDoubleClient } from "../testing/client.ts";
import { NOW } from "../testing/fixture.ts";
import { renderKit } from "../testing/render.tsx";
import { ConnectionBanner } from "./ConnectionBanner.tsx";

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

function draw() {
  const client = createDoubleClient();
  renderKit(<ConnectionBanner />, { client, now: Date.now });
  const online = client.connection.getSnapshot();
  const become = (change: Partial<ConnectionState>) =>
    act(() => client.connection.set({ ...online, synced: false, ...change }));
  return { become, recover: () => act(() => client.connection.set(online)) };
}

const banner = () => screen.queryByTestId("connection-banner");
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

test("short interruptions are not told", async () => {
  const { become, recover } = draw();
  expect(banner()).toBeNull();
  become({ status: "waiting" });
  await pass(1_900);
  become({ status: "connecting" });
  expect(banner()).toBeNull();
  recover();
  await pass(5_000);
  expect(banner()).toBeNull();
});

test("after two seconds without a line it says so, however often it was tried since", async () => {
  const { become, recover } = draw();
  become({ status: "waiting" });
  await pass(1_000);
  become({ status: "connecting" });
  await pass(1_000);
  expect(banner()?.textContent).toBe("Connecting…");
  become({ status: "online" });
  expect(banner()?.textContent).toBe("Catching up…");
  recover();
  expect(banner()).toBeNull();
});

test("the next attempt is counted down, unheard by screen readers", async () => {
  const { become } = draw();
  become({ status: "waiting", retryAt: NOW + 5_000 });
  await pass(2_000);
  expect(banner()?.textContent).toMatch(/What you write is kept.*Trying again in 3 seconds/);
  expect(screen.getByText(/Trying again/).getAttribute("aria-hidden")).toBe("true");
  await pass(2_000);
  expect(banner()?.textContent).toMatch(/Trying again in 1 second(?!s)/);
  await pass(1_000);
  expect(banner()?.textContent).not.toMatch(/Trying again/);
});

test("that it is over is said at once, with the reason", () => {
  const { become } = draw();
  become({ status: "stopped", stop: "revoked" });
  expect(banner()?.textContent).toBe("This device was signed out");
});

test("nothing is said before anybody asked for a line", async () => {
  const { become } = draw();
  become({ status: "idle" });
  await pass(10_000);
  expect(banner()).toBeNull();
});
