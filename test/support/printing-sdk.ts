/** To be loaded before Postern: prints each span that ends as a JSON line, beside the log. */
import { writeSync } from "node:fs";
import { installSdk } from "./recording-sdk.ts";

installSdk((span) => writeSync(2, `${JSON.stringify(span)}\n`));
