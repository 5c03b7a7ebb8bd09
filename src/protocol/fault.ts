/** Bytes that no honest peer sends. The connection ends; nothing after them can be trusted. */
export class ProtocolFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProtocolFault";
  }
}
