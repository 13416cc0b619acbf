/**
 * Shows the stories of the kit: a list of all, or one by `?story=Avatar/Sizes`. `theme` and `locale`
 * choose how, `bare=1` leaves the margin out.
 */
import { type ComponentType, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { HoopoeProvider, type Locale, type Theme } from "../src/index.ts";
import { createDoubleClient } from "../src/testing/client.ts";
import "./stories.css";

const modules = import.meta.glob<Record<string, unknown>>("../src/**/*.story.tsx", { eager: true });

/** All stories by their names: the file's and the component's. */
const stories = new Map<string, ComponentType>();
for (const [path, module] of Object.entries(modules)) {
  const file = /([^/]+)\.story\.tsx$/.exec(path)?.[1] ?? path;
  for (const [name, story] of Object.entries(module)) {
    if (typeof story === "function") stories.set(`${file}/${name}`, story as ComponentType);
  }
}

const query = new URLSearchParams(location.search);
const themes: readonly Theme[] = ["system", "light", "dark", "contrast"];
const locales: readonly Locale[] = ["en", "zh"];
const theme = themes.find((one) => one === query.get("theme")) ?? "system";
const locale = locales.find((one) => one === query.get("locale")) ?? "en";

function List() {
  const groups = new Map<string, string[]>();
  for (const name of stories.keys()) {
    const group = name.split("/")[0] ?? name;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return (
    <main className="stories">
      <h1>Stories</h1>
      {[...groups].map(([group, names]) => (
        <section key={group}>
          <h2 className="stories__group">{group}</h2>
          {names.map((name) => (
            <div key={name}>
              <a href={`?${new URLSearchParams({ story: name, theme, locale })}`}>{name}</a>
            </div>
          ))}
        </section>
      ))}
    </main>
  );
}

function Page() {
  const [client] = useState(() => createDoubleClient());
  const name = query.get("story");
  const Story = name === null ? List : (stories.get(name) ?? List);
  return (
    <HoopoeProvider
      page
      client={client}
      theme={theme}
      locale={locale}
      formatLocale={locale === "zh" ? "zh-CN" : "en-GB"}
      now={client.now}
    >
      <div className={query.has("bare") ? "story story--bare" : "story"}>
        <Story />
      </div>
    </HoopoeProvider>
  );
}

const root = document.getElementById("stories");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
