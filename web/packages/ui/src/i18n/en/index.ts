import { common } from "./common.ts";
import { composer } from "./composer.ts";
import { connection } from "./connection.ts";
import { conversations } from "./conversations.ts";
import { emoji } from "./emoji.ts";
import { errors } from "./errors.ts";
import { messages } from "./messages.ts";
import { people } from "./people.ts";

/** English: the language that the others are measured by. */
export const en = {
  common,
  conversations,
  people,
  messages,
  composer,
  emoji,
  connection,
  errors,
};
