/** What a text was understood as. Plain data: drawn by `Markdown`, flattened by `plainText`. */

/** A piece within a line. */
export type Inline =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "code"; readonly value: string }
  | { readonly type: "break" }
  | { readonly type: "strong" | "em" | "strike"; readonly children: readonly Inline[] }
  | { readonly type: "link"; readonly href: string; readonly children: readonly Inline[] }
  | { readonly type: "mention"; readonly user: string; readonly name: string };

/** A paragraph, or something that stands by itself. */
export type Block =
  | { readonly type: "paragraph"; readonly children: readonly Inline[] }
  | { readonly type: "code"; readonly language: string | null; readonly value: string }
  | { readonly type: "quote"; readonly children: readonly Block[] }
  | {
      readonly type: "list";
      /** The number of the first item; `null` for bullets. */
      readonly start: number | null;
      readonly items: readonly (readonly Block[])[];
    };

/** Somebody who can be mentioned in a text: `@` and the name. */
export interface Mentionable {
  readonly id: string;
  readonly name: string;
}
