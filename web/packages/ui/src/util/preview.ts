/** More than a line can show; what is behind is not looked at. */
const CHARS_MAX = 300;

/** A message's text in one line, without the marks of its Markdown. */
export function previewText(text: string): string {
  return text
    .slice(0, CHARS_MAX)
    .replace(/^\s*(?:```\S*|~~~\S*)\s*$/gm, "")
    .replace(/^\s{0,3}(?:>\s?|#{1,6}\s|[-*+]\s(?:\[[ x]\]\s)?|\d{1,9}[.)]\s)/gm, "")
    .replace(/\[([^\]\n]+)\]\([^)\s]+\)/g, "$1")
    .replace(/(`{1,3}|\*\*|__|~~)(?=\S)([^\n]*?\S)\1/g, "$2")
    .replace(/(^|[\s(])([*_])(?=\S)([^*_\n]*?\S)\2(?=$|[\s).,!?;:])/g, "$1$3")
    .replace(/\s+/g, " ")
    .trim();
}
