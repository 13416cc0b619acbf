import { EmojiPicker } from "./EmojiPicker.tsx";

export function Picker() {
  return (
    <div className="hp-popover" style={{ position: "static", width: "fit-content" }}>
      <EmojiPicker onPick={() => {}} />
    </div>
  );
}
