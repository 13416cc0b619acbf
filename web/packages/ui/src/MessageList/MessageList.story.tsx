import type { Message, Timeline } from "@hoopoe/sdk";
import { type ReactNode, useEffect, useState } from "react";
import { HoopoeProvider } from "../HoopoeProvider/HoopoeProvider.tsx";
import { useClient } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { TypingLine } from "../TypingLine/TypingLine.tsx";
import { createDoubleClient, type DoubleClient, problem } from "../testing/client.ts";
import { conversation, createFixture, message, NOW } from "../testing/fixture.ts";
import { MessageList } from "./MessageList.tsx";
import "./MessageList.story.css";

const GROUP = "cnv_release";
const DIRECT = "cnv_story";
const MINUTE = 60_000;

const actions = {
  onReply: () => {},
  onEdit: () => {},
  onReedit: () => {},
  onShowReceipts: () => {},
  onOpenUser: () => {},
};

/** A pane with the list of a conversation of the double, in the look of the page around. */
function Pane({
  client,
  id,
  children,
}: {
  client: DoubleClient;
  id: string;
  children?: ReactNode;
}) {
  const { locale } = useFormat();
  return (
    <HoopoeProvider
      client={client}
      locale={locale.startsWith("zh") ? "zh" : "en"}
      formatLocale={locale}
      now={client.now}
    >
      <div className="story-messages">
        <MessageList conversation={id} {...actions} />
        <TypingLine conversation={id} />
        {children}
      </div>
    </HoopoeProvider>
  );
}

function useDouble(id: string, messages: readonly Message[], timeline: Partial<Timeline> = {}) {
  const [client] = useState(() => {
    const fixture = createFixture();
    const last = messages.at(-1) ?? null;
    const double = createDoubleClient({
      ...fixture,
      conversations: [
        ...fixture.conversations,
        conversation(id, { kind: "direct", peer: "ben", last, headSeq: last?.seq ?? 0 }),
      ],
      messages: { ...fixture.messages, [id]: messages },
    });
    double.conversations.get(id).timeline.update((now) => ({ ...now, ...timeline }));
    return double;
  });
  return client;
}

/** The group of the fixture: days, quotes, code, reactions, tombstones, unread. */
export function Group() {
  const client = useClient() as DoubleClient;
  useEffect(() => {
    const handle = client.conversations.get(GROUP);
    handle.typing.set(["limei", "chloe"]);
    handle.receipts.set({ deliveredSeq: 20, readSeq: 16 });
    handle.readUpTo.set("ben", 20);
    handle.readUpTo.set("limei", 20);
    handle.versions.set(7, [
      { text: "Nice find.", mentions: [], editedAt: null },
      { text: "Nice find. Did you measure it?", mentions: [], editedAt: NOW - 3 * 86_400_000 },
    ]);
  }, [client]);
  return <Pane client={client} id={GROUP} />;
}

/** Every state of an own message. */
export function States() {
  const at = (minutes: number) => ({ createdAt: NOW - minutes * MINUTE });
  const client = useDouble(DIRECT, [
    message(DIRECT, 1, null, "Ben joined", at(60)),
    message(DIRECT, 2, "ben", "Are you coming?", at(50)),
    message(
      DIRECT,
      3,
      "ana",
      "Read, with a **longer** text that breaks over two lines at least, so that the time stands below it.",
      at(40),
    ),
    message(DIRECT, 4, "ana", "Delivered", { ...at(30), replyTo: 2 }),
    message(DIRECT, 5, "ana", "Sent", {
      ...at(20),
      editedAt: NOW,
      reactions: [
        { emoji: "👍", count: 1, me: false },
        { emoji: "❤️", count: 2, me: true },
      ],
    }),
    message(DIRECT, 6, "ana", "", {
      ...at(15),
      deleted: true,
      recalled: true,
      recalledContent: { text: "Oops" },
    }),
    message(DIRECT, 7, "ben", "", { ...at(14), deleted: true }),
    message(DIRECT, 8, "ben", "👍", at(13)),
    message(DIRECT, null, "ana", "On its way", { ...at(2), state: "sending", clientId: "a" }),
    message(DIRECT, null, "ana", "Waiting for the line", {
      ...at(1),
      state: "queued",
      clientId: "b",
    }),
    message(DIRECT, null, "ana", "Refused", {
      ...at(0),
      state: "failed",
      clientId: "c",
      failure: problem("messages.forbidden"),
    }),
  ]);
  useEffect(() => {
    client.conversations.get(DIRECT).receipts.set({ deliveredSeq: 4, readSeq: 3 });
  }, [client]);
  return <Pane client={client} id={DIRECT} />;
}

/** Nobody has said anything. */
export function Empty() {
  return <Pane client={useDouble(DIRECT, [])} id={DIRECT} />;
}

/** The first messages are loading. */
export function Loading() {
  return <Pane client={useDouble(DIRECT, [], { loading: "first" })} id={DIRECT} />;
}

/** The first messages could not be loaded. */
export function Failed() {
  const failure = problem("sdk.offline");
  return <Pane client={useDouble(DIRECT, [], { failure })} id={DIRECT} />;
}

const TEXTS = [
  "Morning!",
  "收到，我今天看一下 👍",
  "Who takes the load test? I can do it on **Thursday**, if nobody is in a hurry.",
  "翻译都更新好了，请大家检查一下各自负责的页面。如果有不合适的地方，直接在这里告诉我，我今天之内改完。",
  "See https://wiki.example.org/hoopoe/1.0 and `README.md`",
  "- one\n- two\n- three",
  "🎉",
  "A text that is rather long, as people now and then explain something at length, and then the bubble becomes as wide as it may and breaks its lines, three or four of them, before it has come to its end.",
  "> Did you measure it?\n\nYes: 2.1 ms before, 0.5 ms after.",
];

/** Made-up messages of three people, some with reactions and quotes. */
function manyMessages(id: string, count: number): Message[] {
  const people = ["ben", "ana", "limei", "chloe"];
  return Array.from({ length: count }, (_, i) => {
    const sender = people[Math.floor(i / 3) % people.length] ?? "ben";
    return message(id, i + 1, sender, `${i + 1} ${TEXTS[(i * 7) % TEXTS.length]}`, {
      createdAt: NOW - (count - i) * 3 * MINUTE,
      reactions: i % 11 === 0 ? [{ emoji: "👍", count: 2, me: i % 2 === 0 }] : [],
      replyTo: i % 17 === 16 ? i - 4 : null,
    });
  });
}

/** A hundred thousand messages. */
export function Many() {
  const [messages] = useState(() => manyMessages(DIRECT, 100_000));
  const client = useDouble(DIRECT, messages);
  useEffect(() => {
    const handle = client.conversations.get(DIRECT);
    handle.state.update((now) => now && { ...now, kind: "group", role: "member" });
    // For what measures this story from outside.
    Object.assign(window, { hoopoeDouble: client, hoopoeConversation: handle });
  }, [client]);
  return <Pane client={client} id={DIRECT} />;
}
