import { vi } from "vitest";

/**
 * Gives every element a size, for what measures itself: the test's DOM lays nothing out. Ends with
 * the test.
 */
export function mockLayout(size: { readonly width: number; readonly height: number }) {
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(size.width);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(size.height);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(size.height);
}
