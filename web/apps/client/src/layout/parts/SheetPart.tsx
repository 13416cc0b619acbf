import { ShortcutSheet } from "@hoopoe/ui";

/** The list of shortcuts, in a part of its own so that the page begins without it. */
export default function SheetPart({ onClose }: { onClose: () => void }) {
  return <ShortcutSheet open onClose={onClose} />;
}
