/** A packet without a type byte: length word, code, body. */
export function packet(code: number, ...body: readonly Buffer[]): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(8);
  head.writeInt32BE(
    body.reduce((sum, part) => sum + part.length, 8),
    0,
  );
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, ...body]);
}

export const sslRequest = packet(80877103);
export const gssencRequest = packet(80877104);

export function startupPacket(
  parameters: Readonly<Record<string, string>>,
  version = 196608,
): Buffer<ArrayBuffer> {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  return packet(version, Buffer.from(`${pairs.join("")}\0`));
}

export function cancelRequest(processId: number, key: Buffer): Buffer<ArrayBuffer> {
  const id = Buffer.alloc(4);
  id.writeInt32BE(processId);
  return packet(80877102, id, key);
}

/** A message with a type byte. */
export function typed(type: string, body: Buffer): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function passwordMessage(password: string): Buffer<ArrayBuffer> {
  return typed("p", Buffer.from(`${password}\0`));
}

/** The fields of an ErrorResponse or NoticeResponse body, by their type letter. */
export function reportFields(body: Buffer): Record<string, string> {
  const fields = body
    .toString("utf8")
    .split("\0")
    .filter((field) => field !== "");
  return Object.fromEntries(fields.map((field) => [field[0] ?? "", field.slice(1)]));
}

/** A text with its terminator. */
export function text(value: string): Buffer<ArrayBuffer> {
  return Buffer.from(`${value}\0`);
}

/** Numbers of two bytes each. */
export function int16(...values: readonly number[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt16BE(value, 2 * index);
  return bytes;
}

/** Numbers of four bytes each. */
export function int32(...values: readonly number[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, 4 * index);
  return bytes;
}
