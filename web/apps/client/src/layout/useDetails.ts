import { useLocation, useSearch } from "wouter";

/**
 * Whether the details stand beside the conversation. Part of the address, so that the way back of a
 * phone closes them.
 */
export function useDetails(): [boolean, (open: boolean) => void] {
  const [path, navigate] = useLocation();
  const open = new URLSearchParams(useSearch()).get("pane") === "details";
  const set = (next: boolean): void => {
    if (next === open) return;
    if (next) navigate(`${path}?pane=details`, { state: { opened: true } });
    else if ((history.state as { opened?: boolean } | null)?.opened) history.back();
    else navigate(path, { replace: true });
  };
  return [open, set];
}
