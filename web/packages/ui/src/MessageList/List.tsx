import type { Client, Conversation, ConversationHandle, Message, Timeline } from "@hoopoe/sdk";
import {
  type FocusEvent,
  type KeyboardEvent,
  type Ref,
  useCallback,
  useEffect,
  useId,
  useImperativeHandle,
} from "react";
import { useMe, useValue } from "../hooks/index.ts";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import type { MessageAction } from "../Message/actions.ts";
import { layoutAt, progressOf } from "../Message/layout.ts";
import type { RenderEmojiPicker } from "../MessageMenu/ReactionPicker.tsx";
import { SelectionBar } from "../Selection/SelectionBar.tsx";
import { selectedOf } from "../Selection/selection.ts";
import { Spinner } from "../Spinner/Spinner.tsx";
import { useSlot } from "../slots/slots.ts";
import { copyText } from "./copy.ts";
import { Floating } from "./Floating.tsx";
import { Jump } from "./Jump.tsx";
import { commandOf, targetOf } from "./keys.ts";
import { LiveRegion } from "./LiveRegion.tsx";
import { DayLine, Row } from "./Row.tsx";
import { MoreFailed } from "./States.tsx";
import { copyToClipboard, type MessageListCallbacks, useCommands } from "./useCommands.ts";
import { nameOfWith, useCopy } from "./useCopy.ts";
import { useFocus } from "./useFocus.ts";
import { useListState } from "./useListState.ts";
import { indexAt, usePointer } from "./usePointer.ts";
import { useReadCount } from "./useReadCount.ts";
import { useRows } from "./useRows.ts";
import { useRemembered, useScroll } from "./useScroll.ts";

/** What can be asked of a list from outside. */
export interface MessageListHandle {
  /** Goes to the newest message. */
  toLatest(): void;
  /** Gives the focus to the newest message in view. */
  focus(): void;
}

/** What {@link List} takes. */
export interface ListProps {
  readonly client: Client;
  readonly handle: ConversationHandle;
  readonly state: Conversation | null | undefined;
  readonly timeline: Timeline;
  readonly callbacks: MessageListCallbacks;
  readonly renderEmojiPicker: RenderEmojiPicker | undefined;
  /** How many messages are selected; `null`: nothing is being selected. */
  readonly onSelection: ((count: number | null) => void) | undefined;
  readonly ref: Ref<MessageListHandle> | undefined;
}

/** Messages that are there: one virtualised list, anchored at its end. */
export function List(props: ListProps) {
  const { client, handle, timeline, onSelection } = props;
  const { items } = timeline;
  const words = useWords();
  const parts = useParts(props);
  const Day = useSlot("DayLine", DayLine);
  const Selected = useSlot("SelectionBar", SelectionBar);
  const { me, own, commands, focus, scroll } = parts;
  const selected = own.selected === null ? null : selectedOf(own.selected, items);
  const count = selected?.length ?? null;
  useEffect(() => onSelection?.(count), [onSelection, count]);
  useImperativeHandle(props.ref, () => ({
    toLatest: scroll.toLatest,
    focus: () =>
      focus.focus(items.findLastIndex((one) => (focus.activeKey ?? one.key) === one.key)),
  }));
  return (
    <>
      <section className="hp-list__view" aria-label={words.messages.list}>
        <Scroller {...props} parts={parts} />
        {scroll.view.dayAt !== null && (
          <div className="hp-list__day" aria-hidden="true">
            <Day atMs={scroll.view.dayAt} />
          </div>
        )}
        <Edges timeline={timeline} handle={handle} />
        {!scroll.view.isAtEnd && <Jump count={scroll.newBelow} onJump={scroll.toLatest} />}
      </section>
      {selected !== null && (
        <Selected
          count={selected.length}
          onCopy={() => {
            copyToClipboard(copyText(selected, nameOfWith(client)), words);
            own.cancel();
          }}
          onDelete={() => own.ask({ action: "deleteForMe", messages: selected })}
          onCancel={own.cancel}
        />
      )}
      <Floating
        floats={own.floats}
        handle={handle}
        commands={commands}
        onClose={own.close}
        onPick={own.list.pick}
        renderEmojiPicker={props.renderEmojiPicker}
        onDone={own.cancel}
      />
      <LiveRegion items={items} me={me} isLatest={!timeline.hasAfter} />
    </>
  );
}

type Parts = ReturnType<typeof useParts>;

/** What a list is made of: rows, scrolling, commands, the focus. */
function useParts({ client, handle, state, timeline, callbacks }: ListProps) {
  const { items } = timeline;
  const me = useMe()?.id ?? null;
  const { sameDay } = useFormat();
  const remembered = useRemembered(client, handle.id);
  const { scroller, rows, pins, scrollToRow } = useRows({
    items,
    isLatest: !timeline.hasAfter,
    isGroup: state?.kind === "group",
    me,
    remembered,
  });
  const scroll = useScroll({
    client,
    handle,
    state,
    timeline,
    me,
    scroller,
    rows,
    scrollToRow,
    remembered,
    sameDay,
  });
  const own = useListState(items, scroll.suspendReading);
  const commands = useCommands({ client, handle, state, callbacks, list: own.list });
  const focus = useFocus(items, rows, scrollToRow, scroller, pins);
  const { isScrolling } = rows;
  const { settle } = focus;
  useEffect(() => {
    if (!isScrolling) settle();
  }, [isScrolling, settle]);
  return { me, scroller, rows, pins, scroll, own, commands, focus };
}

/** What scrolls. It hears what is pressed in any of its rows. */
function Scroller(props: ListProps & { readonly parts: Parts }) {
  const { client, timeline, parts } = props;
  const { items } = timeline;
  const { scroller, rows, pins, own, commands, focus } = parts;
  const pointer = usePointer(items, commands, own.selected !== null);
  const onCopy = useCopy(client, items, scroller, pins);
  const onKeyDown = useKeys({ items, timeline, ...parts });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its articles take the keys
    <div
      ref={scroller}
      className="hp-list__scroller"
      data-testid="message-list"
      // The browser would make what scrolls a stop of its own.
      tabIndex={-1}
      {...pointer}
      onKeyDown={onKeyDown}
      onCopy={onCopy}
      onFocus={(event: FocusEvent) => {
        const index = indexAt(event.target);
        if (index >= 0 && event.currentTarget.contains(event.target)) focus.onFocus(index);
      }}
      onBlur={focus.onBlur}
    >
      <div
        ref={rows.containerRef}
        className="hp-list__rows"
        role="feed"
        aria-busy={timeline.loading !== "none"}
      >
        <DrawnRows {...props} {...parts} />
      </div>
    </div>
  );
}

/** The rows in view and a few around. */
function DrawnRows(props: ListProps & Parts) {
  const { rows, me, commands, focus, scroll, own, handle, state, timeline } = props;
  const { items } = timeline;
  const format = useFormat();
  const listId = useId();
  const marks = useValue(handle.receipts);
  const readers = useReadCount(handle, state, items, me, marks);
  const isScrolling = useCallback(() => rows.isScrolling, [rows]);
  const activeKey = focus.activeKey ?? items.at(-1)?.key;
  return rows.getVirtualItems().map(({ index, key }) => {
    const message = items[index];
    if (message === undefined) return null;
    const layout = layoutAt(items, index, timeline.unreadSince, format.sameDay);
    const isOwn = message.sender !== null && message.sender === me;
    return (
      <Row
        key={key}
        message={message}
        index={index}
        listId={listId}
        me={me}
        isGroup={state?.kind === "group"}
        hasDay={layout.day}
        hasUnread={layout.unread}
        isFirst={layout.first}
        isLast={layout.last}
        progress={isOwn && !message.deleted ? progressOf(message, marks) : null}
        readCount={message.key === readers.key ? readers.count : null}
        isActive={message.key === activeKey}
        isHighlighted={message.key === scroll.highlighted}
        isSelected={own.selected === null ? null : own.selected.keys.has(message.key)}
        commands={commands}
        measure={rows.measureElement}
        isScrolling={isScrolling}
      />
    );
  });
}

function Edges({ timeline, handle }: { timeline: Timeline; handle: ConversationHandle }) {
  const words = useWords();
  const { loading, failure } = timeline;
  // What fails again stands in the timeline again.
  const retry = () => {
    if (timeline.hasBefore) handle.loadBefore().catch(() => {});
    if (timeline.hasAfter) handle.loadAfter().catch(() => {});
  };
  return (
    <>
      {(loading === "before" || loading === "jump") && (
        <div className="hp-list__spinner">
          <Spinner size={20} label={words.messages.loading} />
        </div>
      )}
      {loading === "after" && (
        <div className="hp-list__spinner hp-list__spinner--after">
          <Spinner size={20} label={words.messages.loading} />
        </div>
      )}
      {failure !== null && loading === "none" && <MoreFailed onRetry={retry} />}
    </>
  );
}

interface KeysOptions extends Parts {
  readonly items: Timeline["items"];
  readonly timeline: Timeline;
}

/** What keys do at a message that has the focus. */
function useKeys({ items, timeline, commands, focus, rows, scroll, own }: KeysOptions) {
  const move = (at: number, to: string) => {
    if (to === "last" && timeline.hasAfter) return scroll.toLatest();
    const height = rows.scrollElement?.clientHeight ?? 0;
    focus.focus(targetOf(at, to, items.length, rows.getVirtualItems(), height));
  };
  const act = (action: MessageAction, message: Message, anchor: Element) => {
    const allowed = commands.allowed(message);
    const meant = action === "deleteForMe" && allowed.includes("discard") ? "discard" : action;
    if (allowed.includes(meant)) commands.run(meant, message, { anchor });
  };
  return (event: KeyboardEvent) => {
    // What floats is drawn elsewhere, and its keys come by here.
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target === null || !event.currentTarget.contains(target)) return;
    const index = indexAt(target);
    const message = items[index];
    const command = commandOf(event, own.selected !== null);
    if (message === undefined || command === null) return;
    // A button inside a message keeps the keys that press it.
    const isRow = target.matches("[data-index]");
    if (!isRow && (event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    const row = target.closest("[data-index]") ?? target;
    const anchor = row.querySelector(".hp-message__bubble") ?? row;
    if (command.do === "move") move(index, command.to);
    else if (command.do === "cancel") own.cancel();
    else if (command.do === "toggle") commands.toggle(message, event.shiftKey);
    else if (command.do === "action") act(command.action, message, anchor);
    else if (commands.allowed(message).length > 0) commands.menu(message, { anchor });
  };
}
