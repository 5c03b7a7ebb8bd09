import { createSocket } from "node:dgram";
import type { Socket } from "node:net";
import { connect } from "node:net";

/** Where syslog messages go. */
interface Server {
  readonly host: string;
  readonly port: number;
}

/** A way to a syslog server. */
export interface SyslogTransport {
  /** Resolves when the operating system has all of them. */
  send(messages: readonly string[]): Promise<void>;
  close(): void;
}

/** RFC 5426 §3.2: what one datagram can hold over IPv4, less some room; what is longer is cut by us and not on the way. */
const MAX_DATAGRAM = 60_000;
/** A server that takes longer to answer is away. */
const CONNECT_MS = 10_000;

/** RFC 5426: one message a datagram. Whether it arrives nobody says. */
export function udpSyslog({ host, port }: Server): SyslogTransport {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("error", () => {}); // what was sent before cannot be said any more; the next send tells its own
  socket.unref();
  const sendOne = (message: string) =>
    new Promise<void>((resolve, reject) => {
      const bytes = Buffer.from(message).subarray(0, MAX_DATAGRAM);
      socket.send(bytes, port, host, (error) => (error ? reject(error) : resolve()));
    });
  return {
    send: async (messages) => {
      for (const message of messages) await sendOne(message);
    },
    close: () => socket.close(),
  };
}

/** RFC 6587 §3.4.1: octet counting, which no text in a message can break. */
export function tcpSyslog(server: Server): SyslogTransport {
  let open: Promise<Socket> | undefined;
  const socketOf = () => {
    open ??= opened(server, () => {
      open = undefined;
    });
    return open;
  };
  return {
    send: async (messages) => {
      const socket = await socketOf();
      const frames = messages.map((message) => `${Buffer.byteLength(message)} ${message}`);
      await new Promise<void>((resolve, reject) => {
        socket.write(frames.join(""), (error) => (error ? reject(error) : resolve()));
      });
    },
    close: () => void open?.then((socket) => socket.end()).catch(() => {}),
  };
}

function opened({ host, port }: Server, onClosed: () => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("no answer in time")));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true);
      socket.unref();
      resolve(socket);
    });
    socket.on("error", reject); // after the connect it changes nothing, and `close` follows
    socket.on("close", onClosed);
    socket.resume();
  });
}
