import type { Observable } from "@hoopoe/sdk";
import { type ComponentType, useEffect } from "react";
import { useWatched } from "./context.tsx";
import { Splash } from "./Splash.tsx";
import { settable } from "./value.ts";

type Loaded = { readonly Component: ComponentType } | { readonly error: unknown };

/** A part of the page that is fetched by itself. */
export interface Part {
  /** Begins to fetch it, once. What fails is thrown where it is shown. */
  load(): void;
  /** `null` until it is there, or has failed. */
  readonly loaded: Observable<Loaded | null>;
}

/**
 * Makes a part of what `load` brings. `lazy` would do, but React keeps the fallback of a `Suspense`
 * for 300 ms once it is drawn, and nobody is to wait that long for what is there.
 */
export function createPart(load: () => Promise<{ readonly default: ComponentType }>): Part {
  const loaded = settable<Loaded | null>(null);
  let isLoading = false;

  const begin = (): void => {
    if (isLoading) return;
    isLoading = true;
    load()
      .then(({ default: Component }) => loaded.set({ Component }))
      .catch((error: unknown) => loaded.set({ error }));
  };

  return { load: begin, loaded };
}

/** Shows a part: the splash until it is there. */
export function Shown({ part }: { readonly part: Part }) {
  const now = useWatched(part.loaded);
  useEffect(() => part.load(), [part]);
  if (now === null) return <Splash />;
  if ("error" in now) throw now.error;
  return <now.Component />;
}
