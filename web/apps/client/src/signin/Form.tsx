import { HoopoeError, type Problem } from "@hoopoe/sdk";
import { Button, TextField, useNow, useProblemText } from "@hoopoe/ui";
import { type FormEvent, useRef, useState } from "react";
import { useApp, useClientWords } from "../app/context.tsx";
import { type Field, fieldOf } from "./problem.ts";
import { clock, retryAt, secondsLeft } from "./retry-after.ts";

export interface FormProps {
  readonly registering: boolean;
  /** The least length of a new password; 0 while it is not known. */
  readonly passwordCharsMin: number;
}

interface Refusal {
  readonly problem: Problem | null;
  /** What is wrong with each field, found here or by the server. */
  readonly fields: Partial<Record<Field, string>>;
  /** When it may be tried again, in ms since 1970. */
  readonly until: number | null;
}

const NOTHING: Refusal = { problem: null, fields: {}, until: null };

/** The fields and what is wrong with them. Browsers and password managers fill them in by their names. */
export function Form({ registering, passwordCharsMin }: FormProps) {
  const words = useClientWords().signIn;
  const say = useProblemText();
  const { session } = useApp();
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>(NOTHING);
  const now = useNow(refusal.until === null ? null : 250);
  const wait = secondsLeft(refusal.until, now);

  const refuse = (fields: Refusal["fields"], problem: Problem | null = null): void => {
    setRefusal({ problem, fields, until: problem && retryAt(problem, Date.now()) });
    const first = (["name", "login", "password"] as const).find((field) => fields[field]);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
  };

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    if (busy || wait > 0) return;
    // Read from the fields themselves: not every password manager tells the page what it fills in.
    const data = new FormData(event.currentTarget);
    const login = String(data.get("login") ?? "").trim();
    const password = String(data.get("password") ?? "");
    const name = String(data.get("name") ?? "").trim();
    const fields: Refusal["fields"] = {};
    if (login === "") fields.login = words.needLogin;
    if (password === "") fields.password = words.needPassword;
    else if (registering && Array.from(password.normalize("NFKC")).length < passwordCharsMin) {
      fields.password = words.tooShort(passwordCharsMin);
    }
    if (Object.keys(fields).length > 0) return refuse(fields);
    setRefusal(NOTHING);
    setBusy(true);
    try {
      if (registering) await session.auth.register({ login, password, name: name || undefined });
      else await session.auth.login({ login, password });
    } catch (error) {
      setBusy(false);
      if (!(error instanceof HoopoeError)) throw error;
      const field = fieldOf(error.problem);
      const text = error.code === "request.invalid" && field ? words.refused[field] : say(error);
      refuse(field ? { [field]: text } : {}, error.problem);
    }
  }

  const whole = refusal.problem !== null && Object.keys(refusal.fields).length === 0;
  return (
    <form ref={form} className="signin__form" onSubmit={submit} noValidate>
      {registering && (
        <TextField
          name="name"
          label={words.name}
          hint={words.nameHint}
          error={refusal.fields.name}
          autoComplete="name"
          maxLength={64}
        />
      )}
      <TextField
        name="login"
        label={words.login}
        hint={registering ? words.loginHint : undefined}
        error={refusal.fields.login}
        autoComplete="username"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        maxLength={64}
        required
      />
      <TextField
        name="password"
        type="password"
        label={words.password}
        hint={
          registering && passwordCharsMin > 0 ? words.passwordHint(passwordCharsMin) : undefined
        }
        error={refusal.fields.password}
        autoComplete={registering ? "new-password" : "current-password"}
        required
      />
      {whole && refusal.problem && (
        <p className="signin__error" role="alert">
          {refusal.problem.code === "sdk.offline" ? words.unreachable : say(refusal.problem)}
        </p>
      )}
      <Button type="submit" variant="primary" wide busy={busy} disabled={wait > 0}>
        {wait > 0 ? words.wait(clock(wait)) : registering ? words.register : words.submit}
      </Button>
    </form>
  );
}
