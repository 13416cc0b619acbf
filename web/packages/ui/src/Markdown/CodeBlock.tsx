import { useEffect, useState } from "react";
import { useWords } from "../i18n/words.ts";
import type { Stretch } from "./highlight.ts";

/** What {@link CodeBlock} takes. */
export interface CodeBlockProps {
  readonly code: string;
  /** As it was named after the fence; colours come for the usual ones. */
  readonly language: string | null;
  readonly tabIndex?: 0 | -1;
}

/** How long the copy button says that it has copied. */
const COPIED_MS = 1500;

/** Code with its language, colours that arrive when they are loaded, and a button that copies it. */
export function CodeBlock({ code, language, tabIndex }: CodeBlockProps) {
  const words = useWords();
  const stretches = useHighlight(code, language);
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => {
    // Refused without a gesture or without permission: then it does not say that it has.
    navigator.clipboard.writeText(code).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <figure className="hp-code">
      <figcaption className="hp-code__head">
        <span>{language ?? words.messages.code}</span>
        <button type="button" className="hp-code__copy" onClick={copy} tabIndex={tabIndex}>
          {isCopied ? words.common.copied : words.common.copy}
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
      <pre className="hp-code__body" tabIndex={0}>
        <code>
          {stretches?.map((part, i) =>
            part.kind === "" ? (
              part.value
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
              <span key={i} className={`hp-code__${part.kind}`}>
                {part.value}
              </span>
            ),
          ) ?? code}
        </code>
      </pre>
    </figure>
  );
}

function useHighlight(code: string, language: string | null): readonly Stretch[] | null {
  const [result, setResult] = useState<{
    code: string;
    language: string;
    stretches: readonly Stretch[] | null;
  } | null>(null);
  useEffect(() => {
    if (language === null) return;
    let isWanted = true;
    import("./highlight.ts").then(
      ({ highlight }) => {
        if (isWanted) setResult({ code, language, stretches: highlight(code, language) });
      },
      // Without colours the code can be read as well, and offline there may be none.
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [code, language]);
  return result?.code === code && result.language === language ? result.stretches : null;
}
