import type { User } from "@hoopoe/sdk";

function person(id: string, name: string, keys: readonly string[] = [], avatarUrl?: string): User {
  return { id, name, keys, avatarUrl: avatarUrl ?? null, metadata: {} };
}

/** A picture without a network: two colours. */
function picture(from: string, to: string): string {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="${from}"/>` +
    `<circle cx="4" cy="3.2" r="1.6" fill="${to}"/><ellipse cx="4" cy="8" rx="3" ry="2.8" fill="${to}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** The people of the fixture; the first one is the user. */
export const people: readonly User[] = [
  person("ana", "Ana Keller", []),
  person("limei", "李梅", ["limei", "lm"]),
  person("ben", "Ben Okafor", [], picture("#cfe3f2", "#2f5d7c")),
  person("zhang.wei", "张伟", ["zhangwei", "zw"]),
  person("chloe", "Chloé Dubois", [], picture("#f4dfc8", "#a0522d")),
  person("ouyang", "欧阳娜娜", ["ouyangnana", "oynn"]),
  person("kaito", "Kaito 田中", ["kaito"]),
  person("priya", "Priya Raghunathan"),
  person("wang.xm", "王小明", ["wangxiaoming", "wxm"]),
  person("maximilian", "Maximilian-Alexander von und zu Habsburg-Lothringen der Dritte"),
  person("emoji", "🦊 Finn"),
  person("chen.jing", "陈静", ["chenjing", "cj"]),
  person("omar", "Omar Haddad"),
  person("sofia", "Sofía Núñez", [], "data:image/png;base64,broken"),
  person("zhao.lei", "赵磊", ["zhaolei", "zl"]),
  person("ops-bot", "ops-bot"),
];
