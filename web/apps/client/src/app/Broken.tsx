import { Button, EmptyState } from "@hoopoe/ui";
import { Component, type ReactNode } from "react";
import { useClientWords } from "./context.tsx";

/** Catches what a part throws while it is drawn, so that the page is never blank. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <BrokenPage /> : this.props.children;
  }
}

function BrokenPage() {
  const words = useClientWords().broken;
  return (
    <main className="whole-page" role="alert">
      <EmptyState
        icon="warning"
        title={words.title}
        text={words.text}
        action={
          <Button variant="primary" onClick={() => location.reload()}>
            {words.action}
          </Button>
        }
      />
    </main>
  );
}
