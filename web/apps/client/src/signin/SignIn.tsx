import type { ServerInfo } from "@hoopoe/sdk/signin";
import { Skeleton } from "@hoopoe/ui";
import { useEffect, useState } from "react";
import "./signin.css";
import { useApp, useClientWords, useWatched } from "../app/context.tsx";
import { pageTitle } from "../app/title.ts";
import { Choices } from "./Choices.tsx";
import { Form } from "./Form.tsx";

/** While the server cannot be reached, it is asked again so often. */
const ASK_AGAIN_MS = 3_000;

type Mode = "signIn" | "register";

/** Sign-in and registration: one calm page. */
export default function SignIn() {
  const words = useClientWords();
  const { session } = useApp();
  const ended = useWatched(session.ended);
  const info = useServerInfo();
  const [mode, setMode] = useState<Mode>("signIn");
  const registering = mode === "register" && info?.registration === true;
  const title = registering ? words.signIn.registerTitle : words.signIn.title;

  useEffect(() => {
    document.title = pageTitle(words.app.name, 0, title);
  }, [words, title]);

  return (
    <div className="signin">
      <main className="signin__card">
        <header className="signin__brand">
          <img src="/icons/bird.svg" alt="" width="56" height="56" />
          <p className="signin__name">{words.app.name}</p>
          <p className="signin__tagline">{words.app.tagline}</p>
        </header>
        {ended && (
          <p className="signin__notice" role="status">
            {words.ended[ended]}
          </p>
        )}
        <h1 className="signin__title">{title}</h1>
        <Form key={mode} registering={registering} passwordCharsMin={info?.passwordCharsMin ?? 0} />
        <div className="signin__other">
          {info === null && <Skeleton width="60%" />}
          {info?.registration === false && <p className="signin__closed">{words.signIn.closed}</p>}
          {info?.registration && (
            <button
              type="button"
              className="signin__switch"
              onClick={() => setMode(registering ? "signIn" : "register")}
            >
              {registering ? words.signIn.toSignIn : words.signIn.toRegister}
            </button>
          )}
        </div>
      </main>
      <footer className="signin__foot">
        <Choices compact />
      </footer>
    </div>
  );
}

/** What the server allows; `null` until it has answered. Asked for until then. */
function useServerInfo(): ServerInfo | null {
  const { auth } = useApp().session;
  const [info, setInfo] = useState<ServerInfo | null>(null);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = (): void => {
      auth.info().then(
        (answer) => {
          if (!over) setInfo(answer);
        },
        () => {
          if (!over) timer = setTimeout(ask, ASK_AGAIN_MS);
        },
      );
    };
    ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [auth]);
  return info;
}
