import type { KeySource } from "./key-source.ts";

interface Shared {
  readonly source: KeySource;
  readonly users: Set<() => void>;
}

/**
 * The sources of keys that are read from outside, across configurations. What two of them in a row both name is
 * opened once and goes on: a reload while an issuer's URL is down, or a key file is half written, must not lose the
 * keys that were there, and with them every session that rests on them.
 */
export class SharedSources {
  readonly #open = new Map<string, Shared>();

  /**
   * A share of the source that `description` names. The source closes when its last share does.
   * Its start() tells of no fault when it is open already.
   * @param description all that the source's keys depend on
   * @param changed called whenever its keys have changed, until the share is closed
   * @param make opens the source when it is not open
   */
  share(description: string, changed: () => void, make: (changed: () => void) => KeySource): KeySource {
    const known = this.#open.get(description);
    const shared = known ?? this.#make(description, make);
    const user = () => changed(); // its own, so that two shares with the same listener are two users
    shared.users.add(user);
    const { source } = shared;
    return {
      get keys() {
        return source.keys;
      },
      start: async () => {
        const fault = await source.start();
        return known === undefined ? fault : undefined; // an outage that was there before is not this one's fault
      },
      seek: (kid) => source.seek(kid),
      close: () => {
        if (!shared.users.delete(user) || shared.users.size > 0) return;
        this.#open.delete(description);
        source.close();
      },
    };
  }

  #make(description: string, make: (changed: () => void) => KeySource): Shared {
    const users = new Set<() => void>();
    const source = make(() => {
      for (const user of [...users]) user();
    });
    const shared = { source, users };
    this.#open.set(description, shared);
    return shared;
  }
}
