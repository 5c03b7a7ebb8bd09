import { eventually } from "./eventually.ts";
import type { Gateway } from "./gateway.ts";

/** The answer of the gateway's control door. */
export interface ControlAnswer {
  readonly status: number;
  readonly text: string;
}

/** Asks the gateway's control door. The configuration has to open it: `admin: { port: 0 }`. */
export async function askControl(gateway: Gateway, path: string, token?: string): Promise<ControlAnswer> {
  const opened = await gateway.logged(
    (line) => line.event === "door.opened.v1" && line["door"] === "control",
  );
  const response = await fetch(`http://127.0.0.1:${String(opened["port"])}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: response.status, text: await response.text() };
}

/** The value of one series in /metrics; undefined when it is not there. */
export async function metric(gateway: Gateway, series: string, token?: string): Promise<number | undefined> {
  const { text } = await askControl(gateway, "/metrics", token);
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Asks until the answer is the wanted one, and gives it. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const look = async () => {
    const answer = await ask();
    return wanted(answer) ? { answer } : undefined;
  };
  return (await eventually("the wanted answer", look)).answer;
}
