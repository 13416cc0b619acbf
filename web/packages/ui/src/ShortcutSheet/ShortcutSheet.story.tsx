import { ShortcutSheet } from "./ShortcutSheet.tsx";

export const All = () => <ShortcutSheet open onClose={() => {}} />;
