import "./Dialog.css";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Portal, PortalContext } from "../HoopoeProvider/portal.ts";
import { IconButton } from "../IconButton/IconButton.tsx";
import { useWords } from "../i18n/words.ts";
import { cx } from "../util/cx.ts";

/** What {@link Dialog} takes. */
export interface DialogProps {
  readonly open: boolean;
  /** Esc, the cross, or a press beside it. */
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Buttons, the main one last. */
  readonly footer?: ReactNode;
  /** 360, 480 or 640 px; `md` when left out. The whole screen on a phone, but for `sm`. */
  readonly size?: "sm" | "md" | "lg";
  /** `alertdialog` for a question. */
  readonly role?: "dialog" | "alertdialog";
  readonly className?: string;
}

/**
 * A window above the page. It takes the focus (`data-autofocus` says where to) and gives it back;
 * while it is open nothing else can be reached.
 */
export function Dialog(props: DialogProps) {
  return props.open ? (
    <Portal>
      <Window {...props} />
    </Portal>
  ) : null;
}

/** Opens the element as a modal window, and closes it, so that the browser gives the focus back. */
function useModal(window: { current: HTMLDialogElement | null }) {
  useEffect(() => {
    const dialog = window.current;
    if (dialog === null) return;
    if (!dialog.open) dialog.showModal();
    const target =
      dialog.querySelector<HTMLElement>("[data-autofocus]") ??
      dialog.querySelector<HTMLElement>(".hp-dialog__body :is(input, textarea, select)") ??
      dialog;
    target.focus({ preventScroll: true });
    return () => dialog.close();
  }, [window]);
}

function Window(props: DialogProps) {
  const { onClose, title, children, footer, size = "md", role = "dialog", className } = props;
  const words = useWords();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const pressedBeside = useRef(false);
  const [portal, setPortal] = useState<HTMLElement | null>(null);
  useModal(dialog);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is heard as `cancel`
    <dialog
      ref={dialog}
      role={role === "alertdialog" ? role : undefined}
      className={cx("hp-dialog", `hp-dialog--${size}`, className)}
      aria-labelledby={`${id}-title`}
      tabIndex={-1}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        onClose();
      }}
      // A text that is marked from inside to outside is no press beside the window.
      onPointerDown={(event) => {
        pressedBeside.current = event.target === dialog.current;
      }}
      onClick={(event) => {
        if (pressedBeside.current && event.target === dialog.current) onClose();
        pressedBeside.current = false;
      }}
    >
      <div className="hp-dialog__frame">
        <PortalContext value={portal}>
          <header className="hp-dialog__head">
            <h2 id={`${id}-title`} className="hp-dialog__title">
              {title}
            </h2>
            <IconButton label={words.common.close} icon="close" onClick={onClose} />
          </header>
          <div className="hp-dialog__body">{children}</div>
          {footer !== undefined && <footer className="hp-dialog__foot">{footer}</footer>}
        </PortalContext>
        <div ref={setPortal} />
      </div>
    </dialog>
  );
}
