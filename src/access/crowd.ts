import { network } from "./attempts.ts";

interface CrowdLimits {
  readonly unauthenticated: number;
  readonly unauthenticatedPerAddress: number;
}

/** Connections that have not logged in yet, in total and per address: what bounds the cost of strangers. */
export class Crowd {
  readonly #perNetwork = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether one more from `address` is within the limits. */
  admits(address: string, limits: CrowdLimits): boolean {
    const here = this.#perNetwork.get(network(address)) ?? 0;
    return this.#size < limits.unauthenticated && here < limits.unauthenticatedPerAddress;
  }

  /** Counts one in. Returns the function that counts it out; calling that twice does nothing. */
  enter(address: string): () => void {
    const key = network(address);
    this.#size += 1;
    this.#perNetwork.set(key, (this.#perNetwork.get(key) ?? 0) + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#size -= 1;
      const left = (this.#perNetwork.get(key) ?? 1) - 1;
      if (left > 0) this.#perNetwork.set(key, left);
      else this.#perNetwork.delete(key);
    };
  }
}
