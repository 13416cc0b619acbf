import { Switcher } from "./Switcher.tsx";

const nothing = () => {};

export const Recent = () => <Switcher open onClose={nothing} onOpen={nothing} />;
