import type { Route } from "./route.ts";
import { explainRoutes } from "./routes/explain.ts";
import { policyRoutes } from "./routes/policy.ts";
import { requestRoutes } from "./routes/requests.ts";
import { rightsRoutes } from "./routes/rights.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";

/** Every route of the API; nothing else is mounted. */
export const apiRoutes: readonly Route[] = [
  ...rightsRoutes,
  ...explainRoutes,
  ...requestRoutes,
  ...sessionRoutes,
  ...tokenRoutes,
  ...userRoutes,
  ...policyRoutes,
];
