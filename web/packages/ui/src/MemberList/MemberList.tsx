import "./MemberList.css";
import type { ConversationId, Member, UserId } from "@hoopoe/sdk";
import { useEffect, useRef, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { ConfirmDialog } from "../ConfirmDialog/ConfirmDialog.tsx";
import {
  useClient,
  useConversation,
  useConversationState,
  useMe,
  useUser,
} from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { useValue } from "../hooks/useValue.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { Menu, type MenuItem } from "../Menu/Menu.tsx";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { useSlot } from "../slots/slots.ts";
import { toast } from "../Toasts/toast.ts";
import { UserRow } from "../UserRow/UserRow.tsx";
import { appointable, rightsOf } from "../util/rights.ts";

/** What {@link MemberList} takes. */
export interface MemberListProps {
  readonly conversation: ConversationId;
  /** Shows somebody. */
  readonly onOpenUser?: (user: UserId) => void;
}

/** Who is in a conversation, and what may be done about it. */
export function MemberList({ conversation, onOpenUser }: MemberListProps) {
  const words = useWords();
  const say = useProblemText();
  const handle = useConversation(conversation);
  const list = useValue(handle.members);
  const { status } = useValue(useClient().connection);
  const isMissing = list.items.length === 0 && !list.complete && list.failure === null;
  const wants = list.items.length === 0 && !list.complete;
  useEffect(() => {
    // A page that begins here has no line yet. What goes wrong is in the list.
    if (wants && status === "online") handle.loadMembers().catch(() => {});
  }, [handle, wants, status]);
  const more = (): void => void handle.loadMembers().catch(() => {});
  return (
    <div className="hp-members" aria-busy={list.loading || undefined}>
      <ul className="hp-members__list" aria-label={words.people.members}>
        {list.items.map((member) => (
          <Row
            key={member.user}
            conversation={conversation}
            member={member}
            onOpenUser={onOpenUser}
          />
        ))}
        {isMissing &&
          ["a", "b", "c"].map((key) => (
            <li key={key} className="hp-members__row" aria-hidden="true">
              <Skeleton width={36} height={36} round />
              <Skeleton width="50%" />
            </li>
          ))}
      </ul>
      {list.failure !== null && (
        <p className="hp-members__failure" role="alert">
          {say(list.failure)}
        </p>
      )}
      {!list.complete && !isMissing && (
        <Button size="sm" busy={list.loading} onClick={more}>
          {list.failure === null ? words.common.loadMore : words.common.retry}
        </Button>
      )}
    </div>
  );
}

function Row(props: {
  readonly conversation: ConversationId;
  readonly member: Member;
  readonly onOpenUser: ((user: UserId) => void) | undefined;
}) {
  const { conversation, member, onOpenUser } = props;
  const words = useWords().people;
  const Person = useSlot("UserRow", UserRow);
  const me = useMe();
  const self = member.user === me?.id;
  const note = [self && words.you, member.role !== "member" && words.roles[member.role]]
    .filter(Boolean)
    .join(" · ");
  const row = <Person user={member.user} note={note || undefined} presence />;
  return (
    <li className="hp-members__row">
      {onOpenUser && !self ? (
        <button type="button" className="hp-members__who" onClick={() => onOpenUser(member.user)}>
          {row}
        </button>
      ) : (
        <span className="hp-members__who">{row}</span>
      )}
      {!self && <Actions conversation={conversation} member={member} />}
    </li>
  );
}

function useActions(conversation: ConversationId, member: Member, remove: () => void): MenuItem[] {
  const words = useWords().people;
  const handle = useConversation(conversation);
  const own = useConversationState(conversation)?.role ?? "guest";
  const say = useProblemText();
  const items: MenuItem[] = appointable(own, member.role).map((role) => ({
    id: role,
    label: words.makeRole(words.roles[role]),
    icon: role === "owner" ? "crown" : "shield",
    onSelect: () => {
      handle
        .setRole(member.user, role)
        .catch((error: unknown) => toast({ text: say(error), tone: "danger" }));
    },
  }));
  if (rightsOf(own).removes.includes(member.role)) {
    items.push({
      id: "remove",
      label: words.remove,
      icon: "user-minus",
      danger: true,
      separated: items.length > 0,
      onSelect: remove,
    });
  }
  return items;
}

function Actions(props: { readonly conversation: ConversationId; readonly member: Member }) {
  const { conversation, member } = props;
  const words = useWords().people;
  const handle = useConversation(conversation);
  const name = useUser(member.user)?.name ?? member.user;
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const [removing, setRemoving] = useState(false);
  const items = useActions(conversation, member, () => setRemoving(true));
  if (items.length === 0) return null;
  return (
    <>
      <IconButton
        ref={button}
        icon="more"
        label={words.actionsFor(name)}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      />
      <Menu
        open={open}
        onClose={() => setOpen(false)}
        anchor={button}
        items={items}
        label={words.actionsFor(name)}
        placement="bottom-end"
      />
      <ConfirmDialog
        open={removing}
        onClose={() => setRemoving(false)}
        danger
        title={words.removeTitle(name)}
        text={words.removeText}
        confirm={words.remove}
        onConfirm={() => handle.removeMember(member.user).then(() => toast(words.removed(name)))}
      />
    </>
  );
}
