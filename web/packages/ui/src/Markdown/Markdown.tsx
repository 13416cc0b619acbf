import { Fragment, memo, type ReactNode, useMemo } from "react";
import type { Block, Inline, Mentionable } from "./ast.ts";
import { CodeBlock } from "./CodeBlock.tsx";
import { isEmojiOnly } from "./emoji.ts";
import { parse } from "./parse.ts";
import "./Markdown.css";

/** What {@link Markdown} takes. */
export interface MarkdownProps {
  /** The text as it was written. */
  readonly text: string;
  /** Who is mentioned: `@` and one of these names becomes a chip. Keep the array while it is the same. */
  readonly people?: readonly Mentionable[];
  /** The user of this client, whose own mentions stand out. */
  readonly me?: string | null;
  /** Called when a mention is pressed; without it mentions are no buttons. */
  readonly onMention?: (user: string) => void;
  /** Of links and buttons inside: `-1` keeps them out of the tab order. */
  readonly tabIndex?: 0 | -1;
}

const NOBODY: readonly Mentionable[] = [];

/**
 * A message's text, drawn: a subset of Markdown, links of the web and of mail, mentions. Whatever
 * else it contains stays text; there is no way from here to HTML.
 */
export const Markdown = memo(function Markdown(props: MarkdownProps) {
  const { text, people = NOBODY } = props;
  const isBig = useMemo(() => isEmojiOnly(text), [text]);
  const blocks = useMemo(() => parse(text, people), [text, people]);
  if (isBig) return <div className="hp-markdown hp-markdown--emoji">{text}</div>;
  return <div className="hp-markdown">{drawBlocks(blocks, props)}</div>;
});

type Drawing = Pick<MarkdownProps, "me" | "onMention" | "tabIndex">;

// Pieces of a text have no identity but their place, and are drawn anew together.
function drawBlocks(blocks: readonly Block[], how: Drawing): ReactNode {
  return blocks.map((block, i) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
    return <Fragment key={i}>{drawBlock(block, how)}</Fragment>;
  });
}

function drawBlock(block: Block, how: Drawing): ReactNode {
  switch (block.type) {
    case "paragraph":
      return <p>{drawPieces(block.children, how)}</p>;
    case "code":
      return <CodeBlock code={block.value} language={block.language} tabIndex={how.tabIndex} />;
    case "quote":
      return <blockquote>{drawBlocks(block.children, how)}</blockquote>;
    case "list": {
      const items = block.items.map((item, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
        <li key={i}>{drawBlocks(item, how)}</li>
      ));
      return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
  }
}

function drawPieces(pieces: readonly Inline[], how: Drawing): ReactNode {
  return pieces.map((piece, i) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
    return <Fragment key={i}>{drawPiece(piece, how)}</Fragment>;
  });
}

function drawPiece(piece: Inline, how: Drawing): ReactNode {
  switch (piece.type) {
    case "text":
      return piece.value;
    case "break":
      return <br />;
    case "code":
      return <code>{piece.value}</code>;
    case "strong":
      return <strong>{drawPieces(piece.children, how)}</strong>;
    case "em":
      return <em>{drawPieces(piece.children, how)}</em>;
    case "strike":
      return <s>{drawPieces(piece.children, how)}</s>;
    case "link":
      return (
        <a
          href={piece.href}
          title={piece.href}
          target="_blank"
          rel="noopener noreferrer"
          tabIndex={how.tabIndex}
        >
          {drawPieces(piece.children, how)}
        </a>
      );
    case "mention":
      return <Mention user={piece.user} name={piece.name} how={how} />;
  }
}

function Mention({ user, name, how }: { user: string; name: string; how: Drawing }) {
  const { onMention } = how;
  const kind = user === how.me ? "hp-mention hp-mention--me" : "hp-mention";
  if (onMention === undefined) return <span className={kind}>@{name}</span>;
  return (
    <button type="button" className={kind} tabIndex={how.tabIndex} onClick={() => onMention(user)}>
      @{name}
    </button>
  );
}
