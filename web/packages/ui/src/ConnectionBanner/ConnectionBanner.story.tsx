import type { ConnectionState } from "@hoopoe/sdk";
import { ClientContext } from "../hooks/client.ts";
import { createDoubleClient } from "../testing/client.ts";
import { NOW } from "../testing/fixture.ts";
import { ConnectionBanner } from "./ConnectionBanner.tsx";
import "./ConnectionBanner.story.css";

const states: readonly Partial<ConnectionState>[] = [
  { status: "connecting" },
  { status: "waiting", retryAt: NOW + 12_000 },
  { status: "online" },
  { status: "stopped", stop: "revoked" },
  { status: "stopped", stop: "refused" },
];

const clients = states.map((state) => {
  const client = createDoubleClient();
  client.connection.update((now) => ({ ...now, synced: false, ...state }));
  return { client, name: `${state.status} ${state.stop ?? ""}` };
});

/** Everything that it says; the first three after two seconds. */
export function Banners() {
  return clients.map(({ client, name }) => (
    <div key={name} className="story-banner">
      <ClientContext value={client}>
        <ConnectionBanner />
      </ClientContext>
    </div>
  ));
}
