import "./ConversationList.css";
import type { Conversation, ConversationId } from "@hoopoe/sdk";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useMemo, useRef, useState } from "react";
import { useClient, useConversationTitle } from "../hooks/client.ts";
import type { Point } from "../hooks/useContextMenu.ts";
import { useNow } from "../hooks/useNow.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useValue } from "../hooks/useValue.ts";
import { useWords } from "../i18n/words.ts";
import { Menu, type MenuItem } from "../Menu/Menu.tsx";
import { useSlot } from "../slots/slots.ts";
import { Tabs } from "../Tabs/Tabs.tsx";
import { toast } from "../Toasts/toast.ts";
import { ConversationItem, isUnread } from "./ConversationItem.tsx";
import { ConversationListEmpty } from "./ConversationListEmpty.tsx";
import { ConversationSkeletons } from "./ConversationSkeletons.tsx";
import { useRovingRows } from "./useRovingRows.ts";

/** Which conversations a list shows. */
export type ConversationFilter = "all" | "unread" | "mentions";

/** What {@link ConversationList} takes. */
export interface ConversationListProps {
  /** The conversation that is open. */
  readonly selected?: ConversationId | null;
  readonly onSelect: (id: ConversationId) => void;
  /** Begins a conversation: the call to action where there is none yet. */
  readonly onStart?: () => void;
  /** Lines of the app's own in the menu of a conversation. */
  readonly menuItems?: (conversation: Conversation) => readonly MenuItem[];
}

const ROW_PX = 70;
const MINUTE_MS = 60_000;

/** What is shown: what was chosen from a filtered list stays there while it is open. */
function useFiltered(selected: ConversationId | null) {
  const all = useValue(useClient().conversations.list);
  const [filter, setFilter] = useState<ConversationFilter>("all");
  const [kept, keep] = useState<ConversationId | null>(null);
  const shown = useMemo(() => {
    if (filter === "all") return all;
    const wanted = filter === "unread" ? isUnread : (one: Conversation) => one.mentioned;
    return all.filter((one) => wanted(one) || (one.id === kept && one.id === selected));
  }, [all, filter, kept, selected]);
  const counts = useMemo(
    () => ({
      unread: all.filter(isUnread).length,
      mentions: all.filter((one) => one.mentioned).length,
    }),
    [all],
  );
  const choose = (next: ConversationFilter) => {
    keep(null);
    setFilter(next);
  };
  return { all, shown, counts, filter, choose, keep };
}

/** All conversations: filtered, drawn as far as they are seen, walked by keyboard. */
export function ConversationList(props: ConversationListProps) {
  const { selected = null, onSelect, onStart, menuItems } = props;
  const words = useWords().conversations;
  const loaded = useValue(useClient().conversations.loaded);
  const { all, shown, counts, filter, choose, keep } = useFiltered(selected);
  const [menu, setMenu] = useState<{ conversation: Conversation; point: Point } | null>(null);
  const onMenu = useCallback(
    (conversation: Conversation, point: Point) => setMenu({ conversation, point }),
    [],
  );
  const onChoose = useCallback(
    (id: ConversationId) => {
      keep(id);
      onSelect(id);
    },
    [keep, onSelect],
  );
  const tabs = [
    { id: "all", label: words.all } as const,
    { id: "unread", label: words.unread, count: counts.unread } as const,
    { id: "mentions", label: words.mentions, count: counts.mentions } as const,
  ];
  const waiting = all.length === 0 && !loaded;
  return (
    <nav className="hp-conversations" aria-label={words.title} aria-busy={!loaded || undefined}>
      <div className="hp-conversations__filter">
        <Tabs label={words.filter} tabs={tabs} value={filter} onChange={choose} />
      </div>
      {waiting && <ConversationSkeletons count={9} />}
      {!waiting && shown.length === 0 && (
        <ConversationListEmpty filter={filter} onStart={onStart} onShowAll={() => choose("all")} />
      )}
      {shown.length > 0 && (
        <Rows
          key={filter}
          shown={shown}
          loaded={loaded}
          selected={selected}
          onSelect={onChoose}
          onMenu={onMenu}
        />
      )}
      {menu !== null && (
        <ConversationMenu
          conversation={menu.conversation}
          point={menu.point}
          more={menuItems?.(menu.conversation) ?? []}
          onClose={() => setMenu(null)}
        />
      )}
    </nav>
  );
}

function Rows(props: {
  readonly shown: readonly Conversation[];
  readonly loaded: boolean;
  readonly selected: ConversationId | null;
  readonly onSelect: (id: ConversationId) => void;
  readonly onMenu: (conversation: Conversation, point: Point) => void;
}) {
  const { shown, loaded, selected, onSelect, onMenu } = props;
  const Item = useSlot("ConversationItem", ConversationItem);
  const day = new Date(useNow(MINUTE_MS)).toDateString();
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => shown[index]?.id ?? index,
    overscan: 6,
  });
  const ids = useMemo(() => shown.map((one) => one.id), [shown]);
  const roving = useRovingRows({ ids, first: selected, list: scroller, virtualizer });
  return (
    <div ref={scroller} className="hp-conversations__scroll">
      <ul
        className="hp-conversations__list"
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={roving.onKeyDown}
      >
        {virtualizer.getVirtualItems().map((row) => {
          const conversation = shown[row.index];
          if (conversation === undefined) return null;
          return (
            <li
              key={row.key}
              aria-setsize={shown.length}
              aria-posinset={row.index + 1}
              className="hp-conversations__row"
              data-row={conversation.id}
              style={{ transform: `translateY(${row.start}px)` }}
              onFocus={() => roving.setCurrent(conversation.id)}
            >
              <Item
                conversation={conversation}
                selected={conversation.id === selected}
                tabIndex={conversation.id === roving.active ? 0 : -1}
                onSelect={onSelect}
                onMenu={onMenu}
                day={day}
              />
            </li>
          );
        })}
      </ul>
      {!loaded && <ConversationSkeletons count={2} />}
    </div>
  );
}

function ConversationMenu(props: {
  readonly conversation: Conversation;
  readonly point: Point;
  readonly more: readonly MenuItem[];
  readonly onClose: () => void;
}) {
  const { conversation, point, more, onClose } = props;
  const client = useClient();
  const words = useWords().conversations;
  const say = useProblemText();
  const title = useConversationTitle(conversation);
  const handle = client.conversations.get(conversation.id);
  const tell = (error: unknown) => toast({ text: say(error), tone: "danger" });
  const mark: MenuItem = isUnread(conversation)
    ? {
        id: "read",
        label: words.markRead,
        icon: "check",
        onSelect: () => void handle.markRead().catch(tell),
      }
    : {
        id: "unread",
        label: words.markUnread,
        icon: "unread",
        disabled: conversation.headSeq === 0,
        onSelect: () => void handle.markUnread(conversation.headSeq).catch(tell),
      };
  return <Menu open label={title} point={point} items={[mark, ...more]} onClose={onClose} />;
}
