import { Button, Switch } from "@hoopoe/ui";
import { useClientWords, usePreferences } from "../app/context.tsx";
import { openSheet } from "../layout/layers.ts";
import { commandKey } from "../shortcuts/useShortcuts.ts";
import { Section } from "./Section.tsx";

/** Shortcuts: the list of them, and single keys on or off. */
export function KeyboardPage() {
  const words = useClientWords().keyboard;
  const [{ singleKeys }, change] = usePreferences();
  return (
    <Section text={words.text}>
      <Switch
        label={words.single}
        hint={words.singleText}
        checked={singleKeys}
        onChange={(next) => change({ singleKeys: next })}
      />
      <div>
        <Button icon="keyboard" onClick={openSheet}>
          {words.sheet} <kbd className="kbd">{commandKey("/")}</kbd>
        </Button>
      </div>
    </Section>
  );
}
