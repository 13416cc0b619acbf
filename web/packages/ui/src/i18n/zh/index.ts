import type { Messages } from "../words.ts";
import { common } from "./common.ts";
import { composer } from "./composer.ts";
import { connection } from "./connection.ts";
import { conversations } from "./conversations.ts";
import { emoji } from "./emoji.ts";
import { errors } from "./errors.ts";
import { messages } from "./messages.ts";
import { people } from "./people.ts";

/** Simplified Chinese. */
export const zh: Messages = {
  common,
  conversations,
  people,
  messages,
  composer,
  emoji,
  connection,
  errors,
};
