import type { Role } from "@hoopoe/sdk";

/**
 * What a role may do in a group: the server's own matrix, so that nothing is offered that it would
 * refuse. The server decides.
 */
interface Rights {
  readonly write: boolean;
  /** Add members. */
  readonly add: boolean;
  /** Change name and picture. */
  readonly update: boolean;
  /** Take back anybody's messages at any time, and see who has read them. */
  readonly takeBack: boolean;
  /** The roles that it gives and takes away. */
  readonly appoints: readonly Role[];
  /** The roles whose holders it may remove. */
  readonly removes: readonly Role[];
}

const all: readonly Role[] = ["owner", "admin", "moderator", "member", "guest"];
const below: readonly Role[] = ["moderator", "member", "guest"];
const plain = {
  write: true,
  add: false,
  update: false,
  takeBack: false,
  appoints: [],
  removes: [],
};

const matrix: Record<Role, Rights> = {
  owner: { write: true, add: true, update: true, takeBack: true, appoints: all, removes: all },
  admin: { write: true, add: true, update: true, takeBack: true, appoints: below, removes: below },
  moderator: { ...plain, removes: ["member", "guest"] },
  member: plain,
  guest: { ...plain, write: false },
};

/** What a role may do in a group. */
export function rightsOf(role: Role): Rights {
  return matrix[role];
}

/** The roles that `own` may give to somebody of the role `from`; empty: none. */
export function appointable(own: Role, from: Role): readonly Role[] {
  const { appoints } = matrix[own];
  return appoints.includes(from) ? appoints.filter((role) => role !== from) : [];
}
