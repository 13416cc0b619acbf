import { Switcher, type SwitcherProps } from "@hoopoe/ui";

/** The switcher, in a part of its own so that the page begins without it. */
export default function SwitcherPart(props: Omit<SwitcherProps, "open">) {
  return <Switcher open {...props} />;
}
