import { Button, Switch } from "@hoopoe/ui";
import { useState } from "react";
import { useClientWords, usePreferences } from "../app/context.tsx";
import type { NotifyChoice } from "../app/preferences.ts";
import { chime } from "../notify/chime.ts";
import { askPermission, permission } from "../notify/show.ts";
import { Radios, Section } from "./Section.tsx";

/** What an open page tells. The browser is asked only by a click here. */
export function NotificationsPage() {
  const words = useClientWords().notifications;
  const [preferences, change] = usePreferences();
  const [allowed, setAllowed] = useState(permission);
  const on = preferences.notify !== "off";

  const choose = (notify: NotifyChoice): void => {
    change({ notify });
    if (notify !== "off" && allowed === "default") void askPermission().then(setAllowed);
  };

  return (
    <>
      <Section text={words.text}>
        <Radios
          label={words.which}
          name="notify"
          value={preferences.notify}
          options={(["off", "mentions", "all"] as const).map((value) => ({
            value,
            label: words[value],
          }))}
          onChange={choose}
        />
        {on && allowed !== "granted" && (
          <Refused allowed={allowed} ask={() => void askPermission().then(setAllowed)} />
        )}
      </Section>
      <Section>
        <Switch
          label={words.preview}
          hint={words.previewText}
          checked={preferences.preview}
          disabled={!on}
          onChange={(preview) => change({ preview })}
        />
        <Switch
          label={words.sound}
          hint={words.soundText}
          checked={preferences.sound}
          disabled={!on}
          onChange={(sound) => change({ sound })}
        />
        <div>
          <Button size="sm" icon="bell" onClick={chime}>
            {words.try}
          </Button>
        </div>
      </Section>
    </>
  );
}

function Refused({ allowed, ask }: { allowed: NotificationPermission; ask: () => void }) {
  const words = useClientWords().notifications;
  if (typeof Notification === "undefined") return <p className="note">{words.unsupported}</p>;
  if (allowed === "denied") {
    return (
      <p className="note" role="status">
        {words.denied} {words.deniedText}
      </p>
    );
  }
  return (
    <div className="note">
      <p>{words.askText}</p>
      <Button size="sm" variant="primary" onClick={ask}>
        {words.ask}
      </Button>
    </div>
  );
}
