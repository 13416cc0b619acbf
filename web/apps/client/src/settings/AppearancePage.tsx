import { Switch } from "@hoopoe/ui";
import { useClientWords, usePreferences } from "../app/context.tsx";
import { commandKey } from "../shortcuts/useShortcuts.ts";
import { Choices } from "../signin/Choices.tsx";
import { Section } from "./Section.tsx";

/** Theme, language, and how Enter behaves. */
export function AppearancePage() {
  const words = useClientWords().appearance;
  const [{ enterSends }, change] = usePreferences();
  return (
    <>
      <Section>
        <Choices />
      </Section>
      <Section title={words.writing}>
        <Switch
          label={words.enterSends}
          hint={enterSends ? words.enterSendsOn : words.enterSendsOff(commandKey("Enter"))}
          checked={enterSends}
          onChange={(next) => change({ enterSends: next })}
        />
      </Section>
    </>
  );
}
