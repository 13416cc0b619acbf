import "./Avatar.css";
import { useState } from "react";
import { PresenceDot } from "../PresenceDot/PresenceDot.tsx";
import { useSlot } from "../slots/slots.ts";
import { cx } from "../util/cx.ts";
import { hueOf, initialsOf } from "../util/initials.ts";

/** What {@link Avatar} takes. */
export interface AvatarProps {
  /** The id of the user or the conversation; gives the colour. */
  readonly id: string;
  readonly name: string;
  readonly url?: string | null;
  /** Edge in px; 40 when left out. */
  readonly size?: number;
  /** A dot for who is there; none for `null`. */
  readonly presence?: "online" | "offline" | null;
  /** Groups are rounded squares. */
  readonly group?: boolean;
}

/** A picture of somebody, or the initials. An ornament: the name always stands beside it. */
export function Avatar({ id, name, url, size = 40, presence = null, group }: AvatarProps) {
  const Dot = useSlot("PresenceDot", PresenceDot);
  const [broken, setBroken] = useState<string | null>(null);
  const pictured = url != null && url !== "" && url !== broken;
  return (
    <span
      className={cx("hp-avatar", `hp-hue-${hueOf(id)}`, group && "hp-avatar--group")}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.38) }}
    >
      {pictured ? (
        <img
          className="hp-avatar__image"
          src={url}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          draggable={false}
          onError={() => setBroken(url)}
        />
      ) : (
        <span className="hp-avatar__initials" aria-hidden="true">
          {initialsOf(name)}
        </span>
      )}
      {presence === "online" && <Dot status="online" size={size} />}
    </span>
  );
}
