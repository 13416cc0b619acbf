import "./VisuallyHidden.css";
import type { ReactNode } from "react";

/** Text for screen readers only. */
export function VisuallyHidden({ children }: { readonly children: ReactNode }) {
  return <span className="hp-visually-hidden">{children}</span>;
}
