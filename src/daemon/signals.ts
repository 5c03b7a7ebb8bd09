/** Resolves at the first SIGTERM or SIGINT; calls `again` at each that follows. */
export function firstSignal(again: () => void): Promise<void> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = () => {
      if (seen) again();
      seen = true;
      resolve();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
