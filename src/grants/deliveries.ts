/** What this room asks of wherever messages wait to be delivered; src/store answers it. Its clock is the one that counts. */

/** A message on its way to one receiver. */
export interface Delivery {
  readonly id: string;
  /** The event's name. */
  readonly type: string;
  readonly body: string;
  /** How often it was tried, with the try that it was taken for. */
  readonly attempts: number;
  /** Since it was written, milliseconds. */
  readonly age: number;
}

/** One that will not be delivered. */
export interface Undelivered extends Pick<Delivery, "id" | "type" | "attempts"> {
  /** The origin of the receiver's URL. */
  readonly receiver: string;
}

export interface DeliveryBounds {
  /** Milliseconds. */
  readonly age: number;
  /** How many may wait for one receiver. */
  readonly waiting: number;
}

/** Every method rejects when the store does not answer. */
export interface DeliveryQueue {
  /**
   * Takes the next message that is due for a receiver, so that for `lease` milliseconds nobody else does: none of a request
   * of which an earlier one still waits.
   */
  take(hook: string, lease: number): Promise<Delivery | undefined>;
  /** Lets it be taken again, after so many milliseconds. */
  retry(hook: string, id: string, after: number): Promise<void>;
  /** It was delivered, or is given up. Returns whether it was still there. */
  remove(hook: string, id: string): Promise<boolean>;
  /** Removes what waits for too long, and the oldest of too many. */
  expire(bounds: DeliveryBounds): Promise<readonly Undelivered[]>;
}
