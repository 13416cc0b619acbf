export { TypingLine, type TypingLineProps } from "./TypingLine.tsx";
