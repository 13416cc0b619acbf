import { expect, test } from "vitest";
import { utf8Bytes } from "./bytes.ts";

test.each(["", "abc", "é", "中文", "😀", "👩‍👩‍👧", "\ud800", "a\udc00b", "\ud800\ud800"])(
  "%j has as many bytes as an encoder writes",
  (text) => {
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
  },
);
