import "./ConfirmDialog.css";
import { useState } from "react";
import { Button } from "../Button/Button.tsx";
import { Dialog } from "../Dialog/Dialog.tsx";
import { useProblemText } from "../hooks/useProblem.ts";
import { useWords } from "../i18n/words.ts";

/** What {@link ConfirmDialog} takes. */
export interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What will happen, and whether it can be undone. */
  readonly text: string;
  /** What the button does: a verb, not "OK". */
  readonly confirm: string;
  readonly danger?: boolean;
  /** While a promise is open, the button is busy; when it is refused, the reason stands here. */
  readonly onConfirm: () => unknown;
}

/** Asks before something that is hard to take back. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return props.open ? <Question {...props} /> : null;
}

function Question(props: ConfirmDialogProps) {
  const { onClose, title, text, confirm, danger = false, onConfirm } = props;
  const words = useWords();
  const say = useProblemText();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const run = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(say(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      role="alertdialog"
      size="sm"
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose} data-autofocus={danger ? "" : undefined}>
            {words.common.cancel}
          </Button>
          <Button
            variant={danger ? "danger" : "primary"}
            busy={busy}
            onClick={run}
            data-autofocus={danger ? undefined : ""}
          >
            {confirm}
          </Button>
        </>
      }
    >
      <p className="hp-confirm__text">{text}</p>
      {failure !== null && (
        <p className="hp-confirm__failure" role="alert">
          {failure}
        </p>
      )}
    </Dialog>
  );
}
