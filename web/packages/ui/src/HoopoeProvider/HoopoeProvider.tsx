import type { Client } from "@hoopoe/sdk";
import { type ReactNode, useEffect, useState } from "react";
import "../theme/tokens.css";
import "../theme/base.css";
import { ClientContext } from "../hooks/client.ts";
import { NowContext } from "../hooks/useNow.ts";
import { WordsProvider } from "../i18n/WordsProvider.tsx";
import { type Locale, type Messages, preferredLocale } from "../i18n/words.ts";
import { type Slots, SlotsContext } from "../slots/slots.ts";
import { Toasts } from "../Toasts/Toasts.tsx";
import { PortalContext } from "./portal.ts";

/** How it looks; `system` follows the reader's own settings, contrast included. */
export type Theme = "system" | "light" | "dark" | "contrast";

/** What {@link HoopoeProvider} takes. */
export interface HoopoeProviderProps {
  readonly client: Client;
  /** The first of the reader's languages that the kit speaks when left out. */
  readonly locale?: Locale;
  /** Words in place of the kit's own. */
  readonly words?: Messages;
  /** The language tag for dates and numbers. */
  readonly formatLocale?: string;
  /** `system` when left out. */
  readonly theme?: Theme;
  /** Parts of the app's own. */
  readonly slots?: Partial<Slots>;
  /** The kit is the whole page: theme, language and background are those of the document too. */
  readonly page?: boolean;
  /** The clock, for tests. */
  readonly now?: () => number;
  readonly children: ReactNode;
}

const noSlots: Partial<Slots> = {};

function usePage(page: boolean, theme: Theme, locale: string) {
  useEffect(() => {
    if (!page) return;
    const root = document.documentElement;
    root.dataset.hpPage = "";
    root.lang = locale === "zh" ? "zh-CN" : locale;
    if (theme === "system") delete root.dataset.hpTheme;
    else root.dataset.hpTheme = theme;
    return () => {
      delete root.dataset.hpPage;
      delete root.dataset.hpTheme;
    };
  }, [page, theme, locale]);
}

/** Everything of the kit stands inside one: it knows the client, the language, the theme, the slots. */
export function HoopoeProvider(props: HoopoeProviderProps) {
  const { client, theme = "system", slots = noSlots, page = false, now = Date.now } = props;
  const [detected] = useState(preferredLocale);
  const locale = props.locale ?? detected;
  const [portal, setPortal] = useState<HTMLElement | null>(null);
  usePage(page, theme, locale);
  return (
    <ClientContext value={client}>
      <NowContext value={now}>
        <SlotsContext value={slots}>
          <WordsProvider
            locale={locale}
            words={props.words}
            formatLocale={props.formatLocale}
            now={now}
          >
            <div
              className="hp-root"
              lang={locale === "zh" ? "zh-CN" : locale}
              data-hp-theme={theme === "system" ? undefined : theme}
            >
              <PortalContext value={portal}>
                {props.children}
                <div className="hp-portal" ref={setPortal} />
                <Toasts />
              </PortalContext>
            </div>
          </WordsProvider>
        </SlotsContext>
      </NowContext>
    </ClientContext>
  );
}
