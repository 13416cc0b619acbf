/** The names under which the engine knows what travels. */

import type { Commands, components } from "@hoopoe/wire/socket";

export type { Commands };

/** What may be `null` may be left out as well. */
type Lenient<P> = { [K in keyof P as null extends P[K] ? never : K]: P[K] } & {
  [K in keyof P as null extends P[K] ? K : never]?: P[K];
};

/** What a command takes. */
export type Params<M extends keyof Commands> = Lenient<Commands[M]["params"]>;
/** What a command answers. */
export type Result<M extends keyof Commands> = Commands[M]["result"];

type Schemas = components["schemas"];

export type WireMessage = Schemas["Message"];
export type WireConversation = Schemas["Conversation"];
export type WireUser = Schemas["User"];
export type WireMember = Schemas["Member"];
export type WireHead = Schemas["HeadItem"];
export type WireState = Schemas["StateItem"];
export type WireSend = Schemas["SendRequest"];
export type WireReceipt = Schemas["ReceiptUpdated"];

/** A change of a conversation, live or from a page of changes. */
export interface WireChange {
  readonly event: string;
  readonly rev: number;
  readonly at_seq: number;
  readonly data: unknown;
}
