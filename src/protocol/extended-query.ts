/**
 * What Postern writes to run statements (PostgreSQL docs, "Extended Query"). The messages of a whole round trip are
 * written one behind the other into one piece of memory, since one write a request is what makes a gateway fast.
 */

/** Memory is taken in pieces of this size, which serve many requests each: allocation is what encoding costs most. */
const SLAB_BYTES = 64 * 1024;
/** With less room than this in the piece another is begun, for a round trip in two pieces is written in two writes. */
const ROOM_BYTES = 4 * 1024;
/** A value from this size on is not copied. */
const NO_COPY_BYTES = 16 * 1024;
/** Bind counts parameters with 16 bits. */
const MAX_PARAMETERS = 65_535;
/** The largest value that PostgreSQL takes (MaxAllocSize): 1 GiB less one byte. */
const MAX_VALUE_BYTES = 2 ** 30 - 1;
/** What UTF-8 makes of one UTF-16 unit at most. */
const BYTES_PER_UNIT = 3;
/** Up to this length a loop of ours writes text faster than a call into the runtime does. */
const SHORT_TEXT = 24;

const BINARY = 1;
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const STATEMENT = 0x53;

/** Describe is never sent: whoever runs a statement knows its columns. */
const SYNC = Buffer.from("S\0\0\0\x04", "latin1");

/** The value of a parameter; it may be in pieces, which are not put together. `null` is NULL. */
export type ParameterValue = string | Buffer | readonly Buffer[] | null;

/** What Bind gives to a prepared statement. */
export interface Binding {
  readonly parameters: readonly ParameterValue[];
  /** Indexes of parameters in binary format; the others are text. */
  readonly binaryParameters?: readonly number[];
  /** Whether all columns of the result are wanted in binary format. */
  readonly binary: boolean;
}

/** Collects messages until they are taken to be sent. */
export class ExtendedQueryWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** What was not taken yet lies between these two. */
  #start = 0;
  #end = 0;
  /** What comes before that, elsewhere. */
  #pieces: Buffer[] = [];
  #inPieces = 0;
  /** Where the length word of the message being written is. */
  #head = this.#slab;
  #headAt = 0;
  #from = 0;

  /** Parses `text` as the prepared statement `name`; "" is the unnamed one. */
  parse(name: string, text: string, types: readonly number[]): void {
    refuseNul(name);
    refuseNul(text);
    this.#open(PARSE, (name.length + text.length) * BYTES_PER_UNIT + 4 + types.length * 4);
    this.#cString(name);
    this.#cString(text);
    this.#int16(types.length);
    for (const type of types) this.#int32(type);
    this.#finish();
  }

  /**
   * Binds the unnamed portal to the prepared statement `name`.
   * @throws RangeError when the protocol has no room for the values; everything since the last take() is lost then
   */
  bind(name: string, { parameters, binaryParameters, binary }: Binding): void {
    const count = parameters.length;
    if (count > MAX_PARAMETERS) throw this.#discarded(`${count} parameters`);
    const formats = binaryParameters === undefined || binaryParameters.length === 0 ? 0 : count;
    this.#open(BIND, name.length * BYTES_PER_UNIT + 6 + formats * 2);
    this.#slab[this.#end++] = 0; // the unnamed portal
    this.#cString(name);
    this.#int16(formats);
    for (let at = 0; at < formats; at++) this.#int16(binaryParameters?.includes(at) ? BINARY : 0);
    this.#int16(count);
    for (const parameter of parameters) this.#value(parameter);
    this.#reserve(4);
    this.#int16(1);
    this.#int16(binary ? BINARY : 0);
    this.#finish();
  }

  /** Runs the unnamed portal to its end. */
  execute(): void {
    this.#open(EXECUTE, 5);
    this.#slab[this.#end++] = 0;
    this.#int32(0); // no limit of rows
    this.#finish();
  }

  /** Forgets the prepared statement `name`; it is no error when there is none. */
  closeStatement(name: string): void {
    this.#open(CLOSE, 2 + name.length * BYTES_PER_UNIT);
    this.#slab[this.#end++] = STATEMENT;
    this.#cString(name);
    this.#finish();
  }

  /** Ends the implicit transaction; the server answers with ReadyForQuery. */
  sync(): void {
    this.#reserve(SYNC.length);
    this.#end += SYNC.copy(this.#slab, this.#end);
  }

  /** All that was written since the last time, in order. It is not touched any more. */
  take(): readonly Buffer[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#inPieces = 0;
    this.#reserve(ROOM_BYTES);
    return pieces;
  }

  /** @param room for the body, values of parameters left out */
  #open(type: number, room: number): void {
    this.#reserve(5 + room);
    this.#slab[this.#end] = type;
    this.#head = this.#slab;
    this.#headAt = this.#end + 1;
    this.#end += 5;
    this.#from = this.#position() - 4;
  }

  #finish(): void {
    writeInt32(this.#head, this.#headAt, this.#position() - this.#from);
  }

  #position(): number {
    return this.#inPieces + this.#end - this.#start;
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    this.#start = 0;
    this.#end = 0;
  }

  #cut(): void {
    if (this.#end === this.#start) return;
    this.#add(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#inPieces += piece.length;
  }

  #value(value: ParameterValue): void {
    if (value === null) {
      this.#reserve(4);
      this.#int32(-1);
    } else if (typeof value !== "string") {
      this.#bytes(Buffer.isBuffer(value) ? [value] : value);
    } else if (value.length * BYTES_PER_UNIT > NO_COPY_BYTES) {
      this.#bytes([Buffer.from(value)]);
    } else {
      this.#reserve(4 + value.length * BYTES_PER_UNIT);
      const at = this.#end;
      this.#end += 4;
      this.#text(value);
      writeInt32(this.#slab, at, this.#end - at - 4);
    }
  }

  #bytes(pieces: readonly Buffer[]): void {
    let length = 0;
    for (const piece of pieces) length += piece.length;
    if (length > MAX_VALUE_BYTES) throw this.#discarded(`a value of ${length} bytes`);
    this.#reserve(4);
    this.#int32(length);
    for (const piece of pieces) this.#piece(piece);
  }

  #piece(piece: Buffer): void {
    if (piece.length < NO_COPY_BYTES) {
      this.#reserve(piece.length);
      this.#end += piece.copy(this.#slab, this.#end);
    } else {
      this.#cut();
      this.#add(piece);
    }
  }

  #cString(text: string): void {
    this.#text(text);
    this.#slab[this.#end++] = 0;
  }

  #text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) {
      this.#end += this.#slab.write(text, this.#end);
      return;
    }
    const from = this.#end;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) {
        this.#end = from + this.#slab.write(text, from);
        return;
      }
      this.#slab[from + at] = unit;
    }
    this.#end = from + length;
  }

  #int16(value: number): void {
    this.#slab[this.#end++] = value >> 8;
    this.#slab[this.#end++] = value;
  }

  #int32(value: number): void {
    writeInt32(this.#slab, this.#end, value);
    this.#end += 4;
  }

  #discarded(what: string): RangeError {
    this.take();
    return new RangeError(`${what} in one statement: the protocol has no room for that`);
  }
}

/** A text of ours, or one made from the catalog: PostgreSQL has no name and no statement with a NUL. */
function refuseNul(text: string): void {
  if (text.includes("\0")) throw new TypeError("a NUL in a string of the protocol");
}

function writeInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}
