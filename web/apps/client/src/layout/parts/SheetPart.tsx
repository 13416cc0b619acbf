import { ShortcutSheet, type ShortcutSheetProps } from "@hoopoe/ui";

/** The list of shortcuts, in a part of its own so that the page begins without it. */
export default function SheetPart(props: Omit<ShortcutSheetProps, "open">) {
  return <ShortcutSheet open {...props} />;
}
