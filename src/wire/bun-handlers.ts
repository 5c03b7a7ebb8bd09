import type { BunHandlers, Receiver } from "./bun-api.ts";
import { ignore } from "./wire.ts";

/** Who is told what nobody wants to know. */
export const nobody: Receiver = {
  opened: ignore,
  openedTls: ignore,
  shookHands: ignore,
  gotSession: ignore,
  received: ignore,
  drained: ignore,
  peerEnded: ignore,
  failed: ignore,
  wasClosed: ignore,
};

/** Handlers of sockets without TLS. A listener replaces `open`. */
export const plainHandlers: BunHandlers = {
  open: (socket) => socket.data.opened(socket),
  data: (socket, chunk) => socket.data.received(chunk),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.peerEnded(),
  error: (socket, error) => socket.data.failed(error),
  close: (socket, error) => socket.data.wasClosed(error),
  connectError: (socket, error) => socket.data.wasClosed(error),
};

/** Handlers of sockets that speak TLS. */
export const tlsHandlers: BunHandlers = {
  ...plainHandlers,
  open: (socket) => socket.data.openedTls(socket),
  handshake: (socket, accepted, error) => socket.data.shookHands(socket, accepted, error),
  session: (socket, session) => socket.data.gotSession(session),
};
