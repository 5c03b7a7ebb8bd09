import type { Context } from "hono";
import { Hono } from "hono";
import { plainAddress } from "../../base/address.ts";
import { messageOf } from "../../base/error.ts";
import type { Observe } from "../../base/event.ts";
import type { Secret } from "../../base/secret.ts";
import { mountJit } from "./api/jit.ts";
import { missing, mountApi } from "./api/mount.ts";
import { apiRoutes } from "./api/routes.ts";
import type { Env } from "./env.ts";
import type { ControlErrorCode } from "./errors.ts";
import { controlErrors } from "./errors.ts";
import { fleeting } from "./fleeting.ts";
import { mayBeRebound, permits, seesNames } from "./permission.ts";
import type { Route } from "./routes.ts";
import type { Running } from "./running.ts";

interface AppParts {
  readonly routes: readonly Route[];
  readonly running: Running;
  readonly observe: Observe;
  /** The token in force; asked for at each request, since a reload may change it. */
  readonly token: () => Secret | undefined;
}

/** Mounts the route table. */
export function createApp({ routes, running, observe, token }: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  const refuse = (context: Context<Env>, code: ControlErrorCode, detail: string) => {
    observe({
      event: "connection.refused.v1",
      session: undefined,
      door: "control",
      peer: peerOf(context),
      code,
      detail,
    });
    return answer(code);
  };
  for (const { method, path, permission, answer } of routes) {
    app.on(method, path, async (context) => {
      const authorization = context.req.header("authorization");
      const rebound =
        token() === undefined && mayBeRebound(context.req.header("host"), peerOf(context).address);
      if (!permits(permission, authorization, token()) || (rebound && permission !== "public"))
        return refuse(context, "control/unauthorized", `${method} ${path} without the token`);
      const names = !rebound && seesNames(authorization, token(), peerOf(context).address);
      return fleeting(await answer(running, names));
    });
  }
  mountJit(app, () => running.logins(), peerOf);
  mountApi(app, apiRoutes, () => running.api(), peerOf);
  app.notFound((context) => missing(apiRoutes, context) ?? answer("control/not-found"));
  app.onError((error, context) => refuse(context, "control/failed", messageOf(error)));
  return app;
}

function answer(code: ControlErrorCode): Response {
  const { http, publicMessage } = controlErrors[code];
  const headers = http === 401 ? { "www-authenticate": 'Bearer realm="postern"' } : {};
  return Response.json({ code, message: publicMessage }, { status: http, headers });
}

function peerOf({ env }: Context<Env>) {
  const { remoteAddress = "", remotePort = 0 } = env.incoming.socket;
  return { address: plainAddress(remoteAddress), port: remotePort, tls: false };
}
