import "./ShortcutSheet.css";
import { Fragment } from "react";
import { isMac } from "../Composer/device.ts";
import type { SendKey } from "../Composer/useComposerKeys.ts";
import { Dialog } from "../Dialog/Dialog.tsx";
import { useWords } from "../i18n/words.ts";
import { type Keys, keyName, SHORTCUTS, type Shortcut } from "./shortcuts.ts";

/** What {@link ShortcutSheet} takes. */
export interface ShortcutSheetProps {
  readonly open: boolean;
  onClose(): void;
  /** Which key sends, as the composer has it; Enter when left out. */
  readonly sendWith?: SendKey;
}

/** The ways as they are with the key that sends. */
function waysOf({ name, ways }: Shortcut, sendWith: SendKey): readonly Keys[] {
  if (sendWith === "ctrl-enter" && name === "send") {
    return [["mod", "Enter"]];
  }
  return sendWith === "ctrl-enter" && name === "newline" ? [["Enter"]] : ways;
}

function Way({ keys }: { readonly keys: Keys }) {
  const mac = isMac();
  return (
    <span className="hp-shortcuts__way">
      {keys.map((key) => (
        <kbd key={key} className="hp-shortcuts__key">
          {keyName(key, mac)}
        </kbd>
      ))}
    </span>
  );
}

/** All keys of the client. */
export function ShortcutSheet({ open, onClose, sendWith = "enter" }: ShortcutSheetProps) {
  const words = useWords().composer;
  return (
    <Dialog open={open} onClose={onClose} title={words.shortcuts} size="lg">
      <div className="hp-shortcuts" data-testid="shortcuts">
        {SHORTCUTS.map(({ group, items }) => (
          <section key={group} className="hp-shortcuts__group">
            <h3 className="hp-shortcuts__title">{words.shortcutGroups[group]}</h3>
            <dl className="hp-shortcuts__list">
              {items.map((item) => (
                <div key={item.name} className="hp-shortcuts__line">
                  <dt>{words.shortcut[item.name]}</dt>
                  <dd className="hp-shortcuts__ways">
                    {waysOf(item, sendWith).map((keys, index) => (
                      <Fragment key={keys.join("+")}>
                        {index > 0 && <span className="hp-shortcuts__or">{words.or}</span>}
                        <Way keys={keys} />
                      </Fragment>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
