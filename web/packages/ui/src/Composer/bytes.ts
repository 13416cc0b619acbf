/** The length of texts as the server counts it. */

/** What a message's text may have at most, in bytes of UTF-8. The server's `TEXT_BYTES_MAX`. */
export const TEXT_BYTES_MAX = 16 * 1024;

/** From here on it is shown how much is left, in bytes. */
export const TEXT_BYTES_WARN = TEXT_BYTES_MAX - 2 * 1024;

/** The bytes that `text` has in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes += 1;
    } else if (unit < 0x800) {
      bytes += 2;
    } else if (unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(index + 1))) {
      bytes += 4;
      index += 1;
    } else {
      // A half of a pair that stands alone is written as U+FFFD, which has three bytes as well.
      bytes += 3;
    }
  }
  return bytes;
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
