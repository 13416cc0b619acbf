import { cleanup, render } from "@testing-library/react";
import type { ReactElement } from "react";
import { afterEach } from "vitest";
import { HoopoeProvider, type HoopoeProviderProps } from "../HoopoeProvider/HoopoeProvider.tsx";
import { dismissToast } from "../Toasts/toast.ts";
import { createDoubleClient, type DoubleClient } from "./client.ts";

afterEach(() => {
  cleanup();
  dismissToast();
});

/** Draws something inside a provider: English, the clock of the fixture, a double of the client. */
export function renderKit(
  element: ReactElement,
  options: Partial<Omit<HoopoeProviderProps, "client" | "children">> & {
    readonly client?: DoubleClient;
  } = {},
) {
  const { client = createDoubleClient(), ...provider } = options;
  const around = (inner: ReactElement) => (
    <HoopoeProvider locale="en" formatLocale="en-GB" now={client.now} {...provider} client={client}>
      {inner}
    </HoopoeProvider>
  );
  const result = render(around(element));
  return { ...result, client, rerender: (next: ReactElement) => result.rerender(around(next)) };
}
