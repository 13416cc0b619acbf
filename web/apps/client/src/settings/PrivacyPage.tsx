import type { Settings } from "@hoopoe/sdk";
import { HoopoeError } from "@hoopoe/sdk";
import {
  Button,
  Skeleton,
  TextField,
  toast,
  useClient,
  useProblemText,
  useValue,
} from "@hoopoe/ui";
import { type FormEvent, useEffect, useState } from "react";
import { useApp, useClientWords } from "../app/context.tsx";
import { Radios, Section } from "./Section.tsx";

/** Who sees that the user is there, and the password. */
export function PrivacyPage() {
  return (
    <>
      <PresenceSection />
      <PasswordSection />
    </>
  );
}

function PresenceSection() {
  const words = useClientWords().privacy;
  const { account } = useClient();
  const settings = useValue(account.settings);
  const say = useProblemText();
  // Shown at once; what the server refuses goes back to what holds.
  const [wanted, setWanted] = useState<Settings["presence"] | null>(null);
  const choose = (presence: Settings["presence"]): void => {
    setWanted(presence);
    account
      .updateSettings({ presence })
      .catch((error: unknown) => toast({ text: say(error), tone: "danger" }))
      .finally(() => setWanted(null));
  };
  if (settings === null) return <Skeleton height={96} />;
  return (
    <Section>
      <Radios
        label={words.presence}
        name="presence"
        value={wanted ?? settings.presence}
        disabled={wanted !== null}
        options={[
          { value: "members", label: words.members },
          { value: "nobody", label: words.nobody },
        ]}
        onChange={choose}
      />
      <p className="settings-section__text">{words.presenceText}</p>
    </Section>
  );
}

interface Refusal {
  readonly current?: string;
  readonly next?: string;
  readonly whole?: string;
}

function PasswordSection() {
  const all = useClientWords();
  const words = all.privacy;
  const { account } = useClient();
  const say = useProblemText();
  const least = usePasswordCharsMin();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>({});

  async function change(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    if (current === "") return setRefusal({ current: all.signIn.needPassword });
    if (Array.from(next.normalize("NFKC")).length < least) {
      return setRefusal({ next: all.signIn.tooShort(least) });
    }
    setBusy(true);
    setRefusal({});
    try {
      await account.setPassword({ current, password: next });
      setCurrent("");
      setNext("");
      toast({ text: words.changed, tone: "success" });
    } catch (error) {
      const code = error instanceof HoopoeError ? error.code : "";
      if (code === "accounts.wrong_password") setRefusal({ current: say(error) });
      else if (code === "request.invalid") setRefusal({ next: all.signIn.refused.password });
      else setRefusal({ whole: say(error) });
    } finally {
      setBusy(false);
    }
  }

  return (
    <Section title={words.password} text={words.changeText}>
      <form className="settings-form" onSubmit={change} noValidate>
        <TextField
          type="password"
          label={words.current}
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
          error={refusal.current}
          autoComplete="current-password"
        />
        <TextField
          type="password"
          label={words.next}
          hint={least > 0 ? all.signIn.passwordHint(least) : undefined}
          value={next}
          onChange={(event) => setNext(event.target.value)}
          error={refusal.next}
          autoComplete="new-password"
        />
        {refusal.whole && (
          <p className="settings-form__error" role="alert">
            {refusal.whole}
          </p>
        )}
        <div className="settings-form__actions">
          <Button type="submit" variant="primary" busy={busy} disabled={!current || !next}>
            {words.change}
          </Button>
        </div>
      </form>
    </Section>
  );
}

/** What the server asks of a new password; 0 until it has answered. */
function usePasswordCharsMin(): number {
  const { auth } = useApp().session;
  const [least, setLeast] = useState(0);
  useEffect(() => {
    auth.info().then(
      (info) => setLeast(info.passwordCharsMin),
      () => undefined,
    );
  }, [auth]);
  return least;
}
