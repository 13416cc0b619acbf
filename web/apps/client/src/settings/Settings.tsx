import { IconButton } from "@hoopoe/ui";
import type { ComponentType } from "react";
import { useLocation } from "wouter";
import "./settings.css";
import { useClientWords } from "../app/context.tsx";
import { paths, type SettingsPage } from "../app/routes.ts";
import { AppearancePage } from "./AppearancePage.tsx";
import { DevicesPage } from "./DevicesPage.tsx";
import { KeyboardPage } from "./KeyboardPage.tsx";
import { NotificationsPage } from "./NotificationsPage.tsx";
import { PrivacyPage } from "./PrivacyPage.tsx";
import { ProfilePage } from "./ProfilePage.tsx";

const PAGES: Record<SettingsPage, ComponentType> = {
  profile: ProfilePage,
  appearance: AppearancePage,
  notifications: NotificationsPage,
  privacy: PrivacyPage,
  devices: DevicesPage,
  keyboard: KeyboardPage,
};

/** One page of the settings. */
export default function Settings({ page }: { page: SettingsPage }) {
  const words = useClientWords().settings;
  const [, navigate] = useLocation();
  const Page = PAGES[page];
  return (
    <div className="settings" key={page}>
      <header className="settings__head">
        <span className="only-narrow">
          <IconButton
            icon="arrow-left"
            label={words.back}
            onClick={() => navigate(paths.settings(), { replace: true })}
          />
        </span>
        <h2 className="settings__title">{words[page]}</h2>
      </header>
      <div className="settings__body">
        <Page />
      </div>
    </div>
  );
}
