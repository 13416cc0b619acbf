import { Button, EmptyState } from "@hoopoe/ui";
import { useLocation } from "wouter";
import { useClientWords } from "./context.tsx";
import { paths } from "./routes.ts";

/** An address that leads nowhere, or a conversation that is not there for this user. */
export function NotFound({ title, text }: { title?: string; text?: string }) {
  const words = useClientWords().notFound;
  const [, navigate] = useLocation();
  return (
    <div className="pane-empty">
      <EmptyState
        icon="search"
        title={title ?? words.title}
        text={text ?? words.text}
        action={
          <Button variant="primary" onClick={() => navigate(paths.home, { replace: true })}>
            {words.action}
          </Button>
        }
      />
    </div>
  );
}
