import { createContext, type ReactNode, type ReactPortal, use } from "react";
import { createPortal } from "react-dom";

/** Where what floats is put: the provider's own element, or the dialog that is open above it. */
export const PortalContext = createContext<HTMLElement | null>(null);

/** Draws its children where what floats belongs, so that nothing clips them. */
export function Portal({ children }: { readonly children: ReactNode }): ReactPortal | null {
  const target = use(PortalContext);
  return target === null ? null : createPortal(children, target);
}
