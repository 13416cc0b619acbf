import { useClientWords } from "./context.tsx";

/** The mark, while the first part of the app comes. It shows only when that takes long. */
export function Splash() {
  const words = useClientWords();
  return (
    <div className="boot" role="status" aria-label={words.app.loading}>
      <img src="/icons/bird.svg" alt="" width="64" height="64" />
    </div>
  );
}
