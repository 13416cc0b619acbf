import type { Session } from "@hoopoe/sdk";
import {
  Button,
  ConfirmDialog,
  Icon,
  type IconName,
  Skeleton,
  toast,
  useClient,
  useFormat,
  useProblemText,
  useValue,
} from "@hoopoe/ui";
import { useCallback, useEffect, useState } from "react";
import { useClientWords } from "../app/context.tsx";
import { Section } from "./Section.tsx";

interface Devices {
  readonly items: readonly Session[];
  readonly next: string | null;
  readonly loading: boolean;
  readonly failure: unknown;
}

/** Where the user is signed in, and how to end it there. */
export function DevicesPage() {
  const all = useClientWords();
  const words = all.devices;
  const { account } = useClient();
  const say = useProblemText();
  const [devices, load] = useDevices();
  const [asked, setAsked] = useState<Session | "others" | null>(null);
  const others = devices.items.some((session) => !session.current) || devices.next !== null;

  const end = async (): Promise<void> => {
    if (asked === null) return;
    if (asked === "others") await account.endOtherSessions();
    else await account.endSession(asked.id);
    toast({ text: asked === "others" ? words.othersRevoked : words.revoked, tone: "success" });
    load(null);
  };

  return (
    <Section text={words.text}>
      <ul className="devices" aria-busy={devices.loading}>
        {devices.items.map((session) => (
          <DeviceRow key={session.id} session={session} onRevoke={() => setAsked(session)} />
        ))}
        {devices.loading && devices.items.length === 0 && <DeviceSkeletons />}
      </ul>
      {devices.failure !== null && (
        <div className="note" role="alert">
          <p>{say(devices.failure)}</p>
          <Button size="sm" onClick={() => load(devices.next)}>
            {all.broken.action}
          </Button>
        </div>
      )}
      {devices.next !== null && devices.failure === null && (
        <div>
          <Button size="sm" busy={devices.loading} onClick={() => load(devices.next)}>
            {words.more}
          </Button>
        </div>
      )}
      {!devices.loading && devices.failure === null && !others && (
        <p className="settings-section__text">{words.none}</p>
      )}
      {others && (
        <div>
          <Button icon="logout" onClick={() => setAsked("others")}>
            {words.others}
          </Button>
        </div>
      )}
      <ConfirmDialog
        open={asked !== null}
        onClose={() => setAsked(null)}
        danger
        title={asked === "others" ? words.othersTitle : words.revokeTitle}
        text={
          asked === null || asked === "others"
            ? words.othersText
            : words.revokeText(asked.device.name || words.unknown)
        }
        confirm={asked === "others" ? words.others : words.revoke}
        onConfirm={end}
      />
    </Section>
  );
}

/** What was loaded stays; without a line nothing more can be asked. */
function offline(before: Devices): Devices {
  return { ...before, loading: false, failure: before.failure ?? { code: "sdk.offline" } };
}

/** The list, and how to load its next page; `null` begins anew. */
function useDevices(): [Devices, (cursor: string | null) => void] {
  const { account, connection } = useClient();
  const { status } = useValue(connection);
  const [devices, setDevices] = useState<Devices>({
    items: [],
    next: null,
    loading: true,
    failure: null,
  });
  const load = useCallback(
    (cursor: string | null) => {
      setDevices((before) => ({ ...before, loading: true, failure: null }));
      account.sessions(cursor ?? undefined).then(
        (page) =>
          setDevices((before) => ({
            items: cursor === null ? page.items : [...before.items, ...page.items],
            next: page.nextCursor,
            loading: false,
            failure: null,
          })),
        (failure: unknown) => setDevices((before) => ({ ...before, loading: false, failure })),
      );
    },
    [account],
  );
  useEffect(() => {
    // A page that begins here has no line yet. One that has none for long says so.
    if (status === "online") load(null);
    else if (status === "waiting") setDevices(offline);
  }, [load, status]);
  return [devices, load];
}

function DeviceRow({ session, onRevoke }: { session: Session; onRevoke: () => void }) {
  const words = useClientWords().devices;
  const format = useFormat();
  const platform = session.device.platform ?? "";
  const name = session.device.name || platform || words.unknown;
  return (
    <li className="device">
      <span className="device__icon">
        <Icon name={iconOf(platform)} />
      </span>
      <span className="device__text">
        <span className="device__name">{name}</span>
        <span className="device__when">
          {session.current ? (
            <span className="device__current">{words.current}</span>
          ) : (
            <span title={format.full(session.lastSeenAt)}>
              {words.lastSeen(format.relative(session.lastSeenAt))}
            </span>
          )}
          {" · "}
          <span title={format.full(session.createdAt)}>
            {words.since(format.date(session.createdAt))}
          </span>
        </span>
      </span>
      {!session.current && (
        <Button size="sm" aria-label={`${words.revoke}: ${name}`} onClick={onRevoke}>
          {words.revoke}
        </Button>
      )}
    </li>
  );
}

function DeviceSkeletons() {
  return [0, 1].map((key) => (
    <li className="device" key={key}>
      <Skeleton width={40} height={40} round />
      <span className="device__text">
        <Skeleton width="40%" />
        <Skeleton width="65%" />
      </span>
    </li>
  ));
}

function iconOf(platform: string): IconName {
  return /ios|android|phone|mobile/i.test(platform) ? "phone" : "monitor";
}
