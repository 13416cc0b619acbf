export type { Mentionable } from "./ast.ts";
export { isEmojiOnly } from "./emoji.ts";
export { Markdown, type MarkdownProps } from "./Markdown.tsx";
export { plainText } from "./parse.ts";
