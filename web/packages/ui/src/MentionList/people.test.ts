import type { User } from "@hoopoe/sdk";
import { expect, test } from "vitest";
import { leastMs } from "../testing/cost.ts";
import { message } from "../testing/fixture.ts";
import { findPeople, mentionable } from "./people.ts";

const person = (id: string, name: string, keys: readonly string[] = []): User => ({
  id,
  name,
  keys,
  avatarUrl: null,
  metadata: {},
});
const member = (user: string) => ({ user, role: "member" as const, joinedAt: 0, invitedBy: null });
const compare = new Intl.Collator("zh-CN").compare;

test("who spoke last comes first, then by name; oneself is left out", () => {
  const users = ["me", "cat", "ann", "bob"].map((id) => person(id, id));
  const spoke = [message("c", 1, "cat", "a"), message("c", 2, "bob", "b")];
  const found = mentionable(
    ["me", "cat", "ann", "bob", "unknown"].map(member),
    (id) => users.find((user) => user.id === id) ?? null,
    "me",
    spoke,
    compare,
  );
  expect(found.map((user) => user.id)).toEqual(["bob", "cat", "ann"]);
});

test("5,000 members are sorted and searched within 50 ms", () => {
  const names = ["张伟", "王芳", "Ann", "Bob", "李娜", "Chloé"];
  const users = new Map<string, User>(
    Array.from({ length: 5_000 }, (_, index) => {
      const name = `${names[index % names.length]} ${index}`;
      return [`u${index}`, person(`u${index}`, name, [`zhangwei${index}`, `zw${index}`])];
    }),
  );
  const members = [...users.keys()].map(member);
  // The first letter prepares the names, and later ones find them prepared.
  const all = mentionable(members, (id) => users.get(id) ?? null, null, [], compare);
  findPeople(all, "z");
  expect(findPeople(all, "zw4999")[0]?.id).toBe("u4999");
  // Twice the bar, for a slow machine.
  expect(leastMs(() => findPeople(all, "zw4999"))).toBeLessThan(100);
});
