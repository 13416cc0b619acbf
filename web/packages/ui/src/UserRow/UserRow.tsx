import "./UserRow.css";
import type { UserId } from "@hoopoe/sdk";
import type { ReactNode } from "react";
import { Avatar } from "../Avatar/Avatar.tsx";
import { usePresence, useUser } from "../hooks/client.ts";
import { useSlot } from "../slots/slots.ts";

/** What {@link UserRow} takes. */
export interface UserRowProps {
  readonly user: UserId;
  /** Under the name: a role, a time. */
  readonly note?: ReactNode;
  /** At the end of the line. */
  readonly children?: ReactNode;
  /** Whether the dot of who is there is drawn; `false` when left out. */
  readonly presence?: boolean;
}

/** Somebody in a list: picture, name, and what there is to say. */
export function UserRow({ user: id, note, children, presence = false }: UserRowProps) {
  const SlotAvatar = useSlot("Avatar", Avatar);
  const user = useUser(id);
  const status = usePresence(presence ? id : null)?.status ?? null;
  const name = user?.name ?? id;
  return (
    <span className="hp-user-row">
      <SlotAvatar id={id} name={name} url={user?.avatarUrl} size={36} presence={status} />
      <span className="hp-user-row__text">
        <span className="hp-user-row__name">{name}</span>
        {note !== undefined && <span className="hp-user-row__note">{note}</span>}
      </span>
      {children}
    </span>
  );
}
