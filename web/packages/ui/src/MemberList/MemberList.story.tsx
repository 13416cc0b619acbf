import type { Role } from "@hoopoe/sdk";
import { ClientContext } from "../hooks/client.ts";
import { createDoubleClient } from "../testing/client.ts";
import { MemberList } from "./MemberList.tsx";

const GROUP = "cnv_release";

function clientOf(role: Role) {
  const client = createDoubleClient();
  client.conversations.get(GROUP).state.update((now) => now && { ...now, role });
  return client;
}

const owner = clientOf("owner");
const member = clientOf("member");
const loading = clientOf("member");
loading.calls.hold("conversation.loadMembers");

function Members({ client }: { readonly client: ReturnType<typeof clientOf> }) {
  return (
    <ClientContext value={client}>
      <div className="story-column">
        <MemberList conversation={GROUP} onOpenUser={() => {}} />
      </div>
    </ClientContext>
  );
}

/** Everybody has a menu. */
export function AsOwner() {
  return <Members client={owner} />;
}

/** Nobody has one. */
export function AsMember() {
  return <Members client={member} />;
}

export function Loading() {
  return <Members client={loading} />;
}
