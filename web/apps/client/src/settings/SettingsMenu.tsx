import { Icon, type IconName } from "@hoopoe/ui";
import { useState } from "react";
import { Link } from "wouter";
import { useClientWords } from "../app/context.tsx";
import { paths, SETTINGS_PAGES, type SettingsPage } from "../app/routes.ts";
import { SignOutDialog } from "./SignOutDialog.tsx";

const ICONS: Record<SettingsPage, IconName> = {
  profile: "user",
  appearance: "sun",
  notifications: "bell",
  privacy: "lock",
  devices: "monitor",
  keyboard: "keyboard",
};

/** The pages of the settings, and the way out. */
export function SettingsMenu({ current }: { current: SettingsPage | null }) {
  const words = useClientWords().settings;
  const [leaving, setLeaving] = useState(false);
  return (
    <>
      <header className="column-head">
        <h1 className="column-head__title">{words.title}</h1>
      </header>
      <nav className="settings-menu" aria-label={words.pages}>
        {SETTINGS_PAGES.map((page) => (
          <Link
            key={page}
            href={paths.settings(page)}
            className="settings-menu__item"
            aria-current={page === current ? "page" : undefined}
          >
            <Icon name={ICONS[page]} />
            {words[page]}
          </Link>
        ))}
        <button
          type="button"
          className="settings-menu__item settings-menu__item--leave"
          onClick={() => setLeaving(true)}
        >
          <Icon name="logout" />
          {words.signOut}
        </button>
      </nav>
      <SignOutDialog open={leaving} onClose={() => setLeaving(false)} />
    </>
  );
}
