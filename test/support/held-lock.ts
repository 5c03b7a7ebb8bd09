import pg from "pg";

/** An advisory lock that keeps waiting whoever asks the server for it. */
export interface HeldLock {
  /** Lets go of it; again is no harm. */
  release(): Promise<void>;
}

/** Holds a lock on a connection of its own. @param port of the test server @param key of the lock */
export async function holdLock(port: number, key: number): Promise<HeldLock> {
  const holder = new pg.Client({ host: "127.0.0.1", port, user: "test_admin", database: "postgres" });
  await holder.connect();
  await holder.query("SELECT pg_advisory_lock($1::bigint)", [key]);
  let released: Promise<void> | undefined;
  return {
    release: () => {
      released ??= holder.end(); // and its lock with it
      return released;
    },
  };
}
