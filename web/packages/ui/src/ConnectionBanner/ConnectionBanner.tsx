import "./ConnectionBanner.css";
import type { ConnectionState } from "@hoopoe/sdk";
import { useEffect, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { useClient } from "../hooks/client.ts";
import { useNow } from "../hooks/useNow.ts";
import { useValue } from "../hooks/useValue.ts";
import { Icon } from "../Icon/Icon.tsx";
import { useWords } from "../i18n/words.ts";
import { Spinner } from "../Spinner/Spinner.tsx";

/** Short interruptions are nobody's business. */
const AFTER_MS = 2_000;

/**
 * Says that there is no line, when that lasts. It lies over what is below, moves nothing, and keeps
 * nobody from reading and writing.
 */
export function ConnectionBanner() {
  const client = useClient();
  const words = useWords().connection;
  const state = useValue(client.connection);
  const bad = state.status !== "idle" && !(state.status === "online" && state.synced);
  const lasting = useLasting(bad) || state.status === "stopped";
  return (
    <div className="hp-banner" role="status">
      {bad && lasting && (
        <p
          className={`hp-banner__text hp-banner__text--${toneOf(state)}`}
          data-testid="connection-banner"
        >
          {state.status === "online" || state.status === "connecting" ? (
            <Spinner size={16} label={null} />
          ) : (
            <Icon name="offline" size={16} />
          )}
          <span>
            <Said state={state} />
          </span>
          {state.status === "waiting" && (
            <Button size="sm" variant="ghost" onClick={() => client.retryNow()}>
              {words.retryNow}
            </Button>
          )}
        </p>
      )}
    </div>
  );
}

/** Whether something has held for a while. */
function useLasting(holds: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!holds) return;
    const timer = setTimeout(() => setLasting(true), AFTER_MS);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [holds]);
  return holds && lasting;
}

function toneOf({ status }: ConnectionState): "calm" | "warning" | "danger" {
  if (status === "stopped") return "danger";
  return status === "waiting" ? "warning" : "calm";
}

function Said({ state }: { readonly state: ConnectionState }) {
  const words = useWords().connection;
  switch (state.status) {
    case "stopped":
      return words.stopped[state.stop ?? "closed"];
    case "waiting":
      return (
        <>
          <strong>{words.offline}</strong> {words.offlineText} <Retry at={state.retryAt} />
        </>
      );
    case "online":
      return words.syncing;
    default:
      return words.connecting;
  }
}

/** Counts down; silent, because a screen reader would say every second. */
function Retry({ at }: { readonly at: number | null }) {
  const words = useWords().connection;
  const now = useNow(at === null ? null : 1_000);
  const seconds = at === null ? 0 : Math.ceil((at - now) / 1_000);
  return seconds > 0 && <span aria-hidden="true">{words.retryIn(seconds)}</span>;
}
