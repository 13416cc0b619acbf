import { useState } from "react";
import { ClientContext } from "../hooks/client.ts";
import { createDoubleClient } from "../testing/client.ts";
import { createFixture, manyConversations } from "../testing/fixture.ts";
import { ConversationList } from "./ConversationList.tsx";

function Pane({ start = false }: { readonly start?: boolean }) {
  const [selected, select] = useState<string | null>("cnv_limei");
  return (
    <div className="story-pane">
      <ConversationList
        selected={selected}
        onSelect={select}
        onStart={start ? () => select(null) : undefined}
      />
    </div>
  );
}

export function Everything() {
  return <Pane />;
}

const many = createDoubleClient({ ...createFixture(), conversations: manyConversations(10_000) });

export function TenThousand() {
  return (
    <ClientContext value={many}>
      <Pane />
    </ClientContext>
  );
}

const empty = createDoubleClient({ ...createFixture(), conversations: [] });

export function Empty() {
  return (
    <ClientContext value={empty}>
      <Pane start />
    </ClientContext>
  );
}

const loading = createDoubleClient({ ...createFixture(), conversations: [] });
loading.conversations.loaded.set(false);

export function Loading() {
  return (
    <ClientContext value={loading}>
      <Pane />
    </ClientContext>
  );
}
