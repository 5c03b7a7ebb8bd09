/** What bin/postern runs for `postern pam`: nothing of the command line is loaded that a login would have to wait for. */
import { runPamHelper } from "../daemon/pam/helper.ts";

const code = await runPamHelper(process.argv.slice(2));
// Connections and timers that were given up must hold no login up.
process.exit(code);
