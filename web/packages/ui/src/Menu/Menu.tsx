import "./Menu.css";
import { type KeyboardEvent, type ReactNode, useMemo, useRef } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import { type Anchor, pointAnchor } from "../Popover/anchor.ts";
import { Popover, type PopoverProps } from "../Popover/Popover.tsx";
import { cx } from "../util/cx.ts";
import { useTypeahead } from "./typeahead.ts";

/** One line of a {@link Menu}. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** Its keys, as they are shown. */
  readonly shortcut?: string;
  /** Set for a line that is one of several choices. */
  readonly checked?: boolean;
  /** A line is drawn above it. */
  readonly separated?: boolean;
  readonly onSelect: () => void;
}

/** What {@link Menu} takes. */
export interface MenuProps {
  readonly items: readonly MenuItem[];
  /** What it opens at; or else `point`. */
  readonly anchor?: Anchor;
  /** Where it was asked for, in px of the window. */
  readonly point?: { readonly x: number; readonly y: number } | null;
  readonly open: boolean;
  readonly onClose: () => void;
  /** Its name for screen readers. */
  readonly label?: string;
  readonly placement?: PopoverProps["placement"];
  /** Above the lines: a row of emoji, a name. */
  readonly header?: ReactNode;
}

/** The lines that can be reached, in their order. */
function lines(menu: Element): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[data-menu-item]:not(:disabled)")];
}

/** A menu: arrow keys, Home, End, the first letters of a line; Esc closes. */
export function Menu(props: MenuProps) {
  const { items, point, open, onClose, label, placement, header } = props;
  const x = point?.x;
  const y = point?.y;
  const atPoint = useMemo(
    () => (x === undefined || y === undefined ? null : pointAnchor({ x, y })),
    [x, y],
  );
  const list = useRef<HTMLDivElement>(null);
  const typed = useTypeahead();

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const all = list.current === null ? [] : lines(list.current);
    const at = all.findIndex((line) => line.matches(":focus"));
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? all.length - 1 : at - 1,
      Home: 0,
      End: all.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    } else if (event.key === "Tab") {
      event.preventDefault();
      onClose();
    } else if (event.key.length === 1 && event.key !== " " && !event.metaKey && !event.ctrlKey) {
      typed(event.key, all, at)?.focus();
    }
  };

  return (
    <Popover
      anchor={props.anchor ?? atPoint}
      open={open}
      onClose={onClose}
      placement={placement}
      role="presentation"
      onKeyDown={onKeyDown}
      className="hp-menu"
    >
      {header}
      <div ref={list} role="menu" aria-label={label} className="hp-menu__list">
        {items.map((item) => (
          <MenuLine key={item.id} item={item} onClose={onClose} />
        ))}
      </div>
    </Popover>
  );
}

function MenuLine({ item, onClose }: { readonly item: MenuItem; readonly onClose: () => void }) {
  const checkable = item.checked !== undefined;
  return (
    <>
      {item.separated && <hr className="hp-menu__line" />}
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: the attribute comes with its role */}
      <button
        type="button"
        role={checkable ? "menuitemradio" : "menuitem"}
        aria-checked={checkable ? item.checked : undefined}
        data-menu-item={item.id}
        data-autofocus={item.checked ? "" : undefined}
        tabIndex={-1}
        disabled={item.disabled}
        className={cx("hp-menu__item", item.danger && "hp-menu__item--danger")}
        onPointerMove={(event) => event.pointerType === "mouse" && event.currentTarget.focus()}
        onClick={() => {
          onClose();
          item.onSelect();
        }}
      >
        {item.icon && <Icon name={item.icon} size={18} />}
        <span className="hp-menu__label">{item.label}</span>
        {item.shortcut !== undefined && <kbd className="hp-menu__keys">{item.shortcut}</kbd>}
        {item.checked && <Icon name="check" size={18} className="hp-menu__check" />}
      </button>
    </>
  );
}
