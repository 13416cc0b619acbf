import type { User } from "@hoopoe/sdk";
import { Avatar, Button, TextField, toast, useClient, useMe, useProblemText } from "@hoopoe/ui";
import { type FormEvent, useState } from "react";
import { useClientWords } from "../app/context.tsx";
import { Section } from "./Section.tsx";

/** Name and picture. */
export function ProfilePage() {
  const me = useMe();
  return me && <ProfileForm key={me.id} me={me} />;
}

function ProfileForm({ me }: { me: User }) {
  const all = useClientWords();
  const words = all.profile;
  const client = useClient();
  const say = useProblemText();
  const [name, setName] = useState(me.name);
  const [avatarUrl, setAvatarUrl] = useState(me.avatarUrl ?? "");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const address = avatarUrl.trim();
  const wrongAddress = address !== "" && !isPicture(address);
  const changed = name.trim() !== me.name || address !== (me.avatarUrl ?? "");

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy || wrongAddress || name.trim() === "") return;
    setBusy(true);
    setRefused(null);
    try {
      await client.account.update({ name: name.trim(), avatarUrl: address });
      toast({ text: all.settings.saved, tone: "success" });
    } catch (error) {
      setRefused(say(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Section text={words.text}>
      <form className="settings-form" onSubmit={save} noValidate>
        <div className="profile-preview">
          <Avatar
            id={me.id}
            name={name || me.name}
            url={wrongAddress ? null : address || null}
            size={72}
          />
          <div className="profile-preview__text">
            <p className="profile-preview__name">{name || me.name}</p>
            <p className="profile-preview__id">
              {words.login}: <code>{me.id}</code>
            </p>
          </div>
        </div>
        <TextField
          label={words.name}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={name.trim() === "" ? words.nameEmpty : null}
          autoComplete="name"
          maxLength={64}
        />
        <TextField
          label={words.avatar}
          hint={words.avatarHint}
          value={avatarUrl}
          onChange={(event) => setAvatarUrl(event.target.value)}
          error={wrongAddress ? words.avatarWrong : null}
          type="url"
          inputMode="url"
          autoComplete="photo"
        />
        {refused && (
          <p className="settings-form__error" role="alert">
            {refused}
          </p>
        )}
        <div className="settings-form__actions">
          <Button type="submit" variant="primary" busy={busy} disabled={!changed}>
            {all.settings.save}
          </Button>
        </div>
      </form>
    </Section>
  );
}

function isPicture(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
