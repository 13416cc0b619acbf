import "./ProfileCard.css";
import type { ConversationId, UserId } from "@hoopoe/sdk";
import { useState } from "react";
import { Avatar } from "../Avatar/Avatar.tsx";
import { Button } from "../Button/Button.tsx";
import { useClient, useMe, usePresence, useUser } from "../hooks/client.ts";
import { useProblemText } from "../hooks/useProblem.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useFormat } from "../i18n/format.ts";
import { useWords } from "../i18n/words.ts";
import { useSlot } from "../slots/slots.ts";
import { toast } from "../Toasts/toast.ts";

/** What {@link ProfileCard} takes. */
export interface ProfileCardProps {
  readonly user: UserId;
  /** Leads to the direct conversation with them; without it there is no button. */
  readonly onMessage?: (conversation: ConversationId) => void;
}

/** Who somebody is. */
export function ProfileCard({ user: id, onMessage }: ProfileCardProps) {
  const all = useWords();
  const words = all.people;
  const SlotAvatar = useSlot("Avatar", Avatar);
  const user = useUser(id);
  const me = useMe();
  const name = user?.name ?? id;
  const copy = (): void => {
    navigator.clipboard.writeText(id).then(
      () => toast({ text: all.common.copied, tone: "success" }),
      () => toast({ text: all.errors.fallback, tone: "danger" }),
    );
  };
  return (
    <section className="hp-profile" aria-label={words.profileOf(name)}>
      <SlotAvatar id={id} name={name} url={user?.avatarUrl} size={96} />
      <h2 className="hp-profile__name">{name}</h2>
      <p className="hp-profile__note">{id === me?.id ? words.you : <Seen user={id} />}</p>
      {onMessage && id !== me?.id && <MessageButton user={id} onMessage={onMessage} />}
      <dl className="hp-profile__facts">
        <dt>{words.id}</dt>
        <dd>
          <code>{id}</code>
          {/* Clipboards are for secure pages only. */}
          {window.isSecureContext && (
            <IconButton icon="copy" size="sm" label={words.copyId} onClick={copy} />
          )}
        </dd>
      </dl>
    </section>
  );
}

function Seen({ user }: { readonly user: UserId }) {
  const words = useWords().people;
  const format = useFormat();
  const presence = usePresence(user);
  if (presence === null) return "\u00a0";
  if (presence.status === "online") return words.online;
  return presence.lastSeenAt === null
    ? words.offline
    : words.lastSeen(format.relative(presence.lastSeenAt));
}

function MessageButton(props: {
  readonly user: UserId;
  readonly onMessage: (conversation: ConversationId) => void;
}) {
  const words = useWords().people;
  const { conversations } = useClient();
  const say = useProblemText();
  const [busy, setBusy] = useState(false);
  const lead = async (): Promise<void> => {
    setBusy(true);
    try {
      props.onMessage((await conversations.direct(props.user)).id);
    } catch (error) {
      toast({ text: say(error), tone: "danger" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button variant="primary" icon="message" busy={busy} onClick={() => void lead()}>
      {words.message}
    </Button>
  );
}
