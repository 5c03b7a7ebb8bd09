import type { Tail } from "./record.ts";
import type { Found, Sink } from "./sink.ts";

/** Keeps nothing: the chain is only in what others got of it, and a new one begins with each start. */
export const noSink: Sink = {
  name: "none",
  open: async (): Promise<Found> => ({ tail: undefined, cut: undefined }),
  write: async () => {},
  recover: async (confirmed: Tail) => confirmed,
  recorded: async () => new Set<string>(),
  close: async () => {},
};
