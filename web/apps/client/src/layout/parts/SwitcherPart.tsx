import { Switcher } from "@hoopoe/ui";

/** The switcher, in a part of its own so that the page begins without it. */
export default function SwitcherPart(props: { onClose: () => void; onOpen: (id: string) => void }) {
  return <Switcher open onClose={props.onClose} onSelect={props.onOpen} />;
}
