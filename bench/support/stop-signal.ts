/**
 * Aborted at the first SIGINT, SIGTERM or SIGHUP: what runs is ended, and everything that was started is stopped in
 * order. A second signal leaves at once; `exit` handlers still kill what is left.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Error("stopped"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return controller.signal;
}
