/** What every HTTP or wire listener may be told. */
import { z } from "zod";
import { filePath, secretPath } from "./values.ts";

export const serverTls = z.strictObject({
  certFile: filePath.describe("Certificate chain (PEM)."),
  keyFile: secretPath.describe("Private key (PEM)."),
  minVersion: z
    .enum(["TLSv1.2", "TLSv1.3"])
    .default("TLSv1.2")
    .describe("The oldest TLS that clients may use."),
});

export const unixSocket = z.strictObject({
  path: z.string().min(1).describe("Where the socket is made; relative to where Postern was started."),
  mode: z
    .string()
    .regex(/^[67][0-7]{2}$/, "is not a socket's mode; write an octal number from 600 to 777 in quotes")
    .default("660")
    .describe("Who may connect, as `chmod` has it, in quotes."),
});
