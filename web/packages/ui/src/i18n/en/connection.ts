import { plural } from "../plural.ts";

export const connection = {
  connecting: "Connecting…",
  offline: "No connection",
  offlineText: "What you write is kept and sent later.",
  retryIn: (s: number) =>
    plural("en", s, { one: "Trying again in # second", other: "Trying again in # seconds" }),
  retryNow: "Try now",
  syncing: "Catching up…",
  back: "Connected again",
  stopped: {
    closed: "Disconnected",
    signed_out: "You are signed out",
    token_refused: "Your sign-in is not valid any more",
    revoked: "This device was signed out",
    other_user: "Somebody else signed in in this browser",
    refused: "The server refuses the connection",
  },
};
