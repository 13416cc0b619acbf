import {
  Avatar,
  Badge,
  Icon,
  type IconName,
  Tooltip,
  useClient,
  useMe,
  useValue,
} from "@hoopoe/ui";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useClientWords } from "../app/context.tsx";
import { paths, type Route } from "../app/routes.ts";

/** The areas of the app: at the left, or at the bottom of a narrow window. */
export function Rail({ route }: { route: Route }) {
  const words = useClientWords().app;
  const me = useMe();
  const unread = useValue(useClient().conversations.unread);
  const atProfile = route.name === "settings" && route.page === "profile";
  return (
    <nav className="rail" aria-label={words.nav}>
      <img className="rail__mark" src="/icons/bird.svg" alt="" width="34" height="34" />
      <Item href={paths.home} icon="messages" label={words.chats} here={route.name !== "settings"}>
        {unread > 0 && (
          <span className="rail__badge">
            <Badge count={unread} />
          </span>
        )}
      </Item>
      <span className="rail__space" />
      <Item
        href={paths.settings()}
        icon="settings"
        label={words.settings}
        here={route.name === "settings" && !atProfile}
      />
      <Item href={paths.settings("profile")} label={words.you} here={atProfile}>
        <Avatar id={me?.id ?? ""} name={me?.name ?? ""} url={me?.avatarUrl} size={30} />
      </Item>
    </nav>
  );
}

function Item(props: {
  href: string;
  icon?: IconName;
  label: string;
  here: boolean;
  children?: ReactNode;
}) {
  return (
    <Tooltip text={props.label} describe={false}>
      <Link href={props.href} className="rail__item" aria-current={props.here ? "page" : undefined}>
        {props.icon && <Icon name={props.icon} size={22} />}
        {props.children}
        <span className="rail__label">{props.label}</span>
      </Link>
    </Tooltip>
  );
}
