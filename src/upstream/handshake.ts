import {
  type BackendKey,
  parseBackendKey,
  parseDataRow,
  parseErrorFields,
  parseParameterStatus,
} from "../protocol/backend-messages.ts";
import { query, startupMessage } from "../protocol/client-messages.ts";
import type { Attempt } from "./attempt.ts";
import { type Authenticating, authenticate } from "./authentication.ts";
import type { Channel } from "./channel.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";
import { nextMessage, parsed, unexpected } from "./expect.ts";
import { firstMessage, type ProtocolMinor } from "./protocol-version.ts";

/** A connection that is logged in and at ReadyForQuery. */
export class LoggedIn {
  readonly channel: Channel;
  readonly parameters = new Map<string, string>();
  /** ParameterStatus and NoticeResponse messages as they came. */
  readonly greeting: Buffer[] = [];
  /** What a cancel request needs; not every pooler gives one. */
  key: BackendKey | undefined;

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Whether a parameter that the server reports is on; undefined when it does not report it. */
  reports(parameter: string): boolean | undefined {
    const value = this.parameters.get(parameter);
    return value === undefined ? undefined : value === "on";
  }

  /**
   * Runs one look-up of our own and returns its first row.
   * @throws UpstreamRefused when the server ends the session, UpstreamError for everything else
   */
  async lookUp(sql: string, attempt: Attempt): Promise<readonly (string | null)[]> {
    this.channel.send(query(sql));
    try {
      return await this.#firstRow(attempt);
    } catch (error) {
      // An ERROR is about our query, and nothing that the client could make sense of.
      if (!(error instanceof UpstreamRefused) || error.fields.get("V") === "FATAL") throw error;
      throw new UpstreamError("upstream/protocol", `a look-up failed: ${error.message}`, { cause: error });
    }
  }

  async #firstRow(attempt: Attempt): Promise<readonly (string | null)[]> {
    let row: readonly (string | null)[] | undefined;
    for (;;) {
      const message = await nextMessage(this.channel, attempt);
      switch (message.type) {
        case "D":
          row ??= parsed(parseDataRow, message.body);
          break;
        case "S":
        case "N":
          this.note(message.type, message.body, message.raw);
          break;
        case "T":
        case "C":
          break;
        case "Z":
          if (row === undefined) throw new UpstreamError("upstream/protocol", "a look-up without a row");
          return row;
        default:
          throw unexpected(message);
      }
    }
  }

  /** Keeps a message that the client is to see, once it is known to be well-formed. */
  note(type: "S" | "N", body: Buffer, raw: Buffer): void {
    if (type === "S") this.parameters.set(...parsed(parseParameterStatus, body));
    else parsed(parseErrorFields, body);
    this.greeting.push(raw);
  }
}

/**
 * Sends the startup packet, authenticates and reads on to ReadyForQuery (PostgreSQL docs, "Message Flow", "Start-up").
 * @throws VersionRefused, UpstreamRefused, UpstreamError
 */
export async function logIn(
  login: Authenticating,
  parameters: ReadonlyMap<string, string>,
  minor: ProtocolMinor = 0,
): Promise<LoggedIn> {
  const { channel, attempt } = login;
  channel.send(startupMessage(parameters, minor));
  await authenticate(login, await firstMessage(channel, attempt, minor));
  return await readGreeting(channel, attempt);
}

async function readGreeting(channel: Channel, attempt: Attempt): Promise<LoggedIn> {
  const session = new LoggedIn(channel);
  for (;;) {
    const message = await nextMessage(channel, attempt);
    switch (message.type) {
      case "S":
      case "N":
        session.note(message.type, message.body, message.raw);
        break;
      case "K":
        session.key = parsed(parseBackendKey, message.body);
        break;
      case "Z":
        return session;
      default:
        throw unexpected(message);
    }
  }
}
