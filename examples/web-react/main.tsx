import { type Client, createClient } from "@hoopoe/sdk";
import { createAuthenticator } from "@hoopoe/sdk/signin";
import * as kit from "@hoopoe/ui";
import "@hoopoe/ui/style.css";
import { useActionState, useState } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const url = new URLSearchParams(location.search).get("server") ?? location.origin;
const auth = createAuthenticator({ url });

function Page() {
  const [client, setClient] = useState<Client | null>(null);
  if (client === null) return <Enter onEnter={setClient} />;
  return <kit.HoopoeProvider client={client} page children={<Chat />} />;
}

function Enter({ onEnter }: { onEnter: (client: Client) => void }) {
  const [error, enter] = useActionState(async (_: string | null, form: FormData) => {
    try {
      const [login, password] = [String(form.get("login")), String(form.get("password"))];
      const { user } = await auth.login({ login, password });
      const client = createClient({ url, user: user.id, getToken: (hint) => auth.getToken(hint) });
      client.connect().catch(() => {}); // The banner says how it goes.
      onEnter(client);
      return null;
    } catch (problem) {
      return problem instanceof Error ? problem.message : String(problem);
    }
  }, null);
  return (
    <form className="hp-root enter" action={enter}>
      <kit.TextField label="Login name" name="login" autoComplete="username" error={error} />
      <kit.TextField label="Password" name="password" type="password" autoComplete="current-password" />
      <kit.Button variant="primary" type="submit">Enter</kit.Button>
    </form>
  );
}

function Chat() {
  const [open, setOpen] = useState<string | null>(null);
  const [starting, setStarting] = useState(false);
  const show = (id: string) => [setOpen(id), setStarting(false)];
  return (
    <main className="chat">
      <kit.ConnectionBanner />
      <kit.ConversationList selected={open} onSelect={show} onStart={() => setStarting(true)} />
      {open && (
        <section className="talk">
          <kit.ConversationHeader conversation={open} />
          <kit.MessageList conversation={open} />
          <kit.Composer conversation={open} />
        </section>
      )}
      <kit.NewConversationDialog open={starting} onClose={() => setStarting(false)} onCreated={show} />
    </main>
  );
}

createRoot(document.getElementById("page") as HTMLElement).render(<Page />);
