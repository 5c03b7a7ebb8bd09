import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { type CertificateFiles, createAuthority } from "../../src/demo/authority.ts";
import { int32, message } from "../../src/protocol/bytes.ts";
import { clusterOf } from "../support/admission.ts";
import {
  answerGuard,
  authentication,
  type FakePeer,
  type FakeServer,
  ok,
  parameterStatus,
  type Script,
  scram,
  startFakeServer,
  welcome,
} from "../support/fake-server.ts";
import { upstreamTo } from "../support/upstream.ts";

const PASSWORD = "our-secret-of-the-role";

let server: FakeServer;
let certificate: CertificateFiles;

before(async () => {
  certificate = await (await createAuthority()).server(["localhost"]);
  server = await startFakeServer(async () => {});
});

after(() => server.stop());

const plain = { mode: "disable" };
const requireTls = { mode: "require" };
const requireBinding = { mode: "require", channelBinding: "require" };

/** After the startup packet, over TLS if the client asks for it. */
function afterStartup(script: Script): Script {
  return async (peer) => {
    const first = await peer.packet();
    if (first.equals(int32(80877103))) {
      peer.send(Buffer.from("S"));
      peer.startTls(certificate);
      await peer.packet();
    }
    await script(peer);
  };
}

const honest = afterStartup(async (peer) => {
  await scram(peer, PASSWORD);
  peer.send(welcome);
  await answerGuard(peer);
});

const say =
  (...parts: readonly Buffer[]): Script =>
  async (peer) =>
    peer.send(...parts);

const lie = (lies: Parameters<typeof scram>[2]) => (peer: FakePeer) => scram(peer, PASSWORD, lies);

interface Attack {
  readonly what: string;
  readonly tls?: Record<string, unknown>;
  readonly script: Script;
  readonly code: string;
}

const salt = Buffer.from("salt of a server").toString("base64");
const header = (type: string, length: number) => Buffer.concat([Buffer.from(type), int32(length)]);

const attacks: readonly Attack[] = [
  {
    what: "asks for ten million SCRAM iterations",
    script: afterStartup(lie({ challenge: (nonce) => `r=${nonce},s=${salt},i=10000000` })),
    code: "upstream/authentication",
  },
  {
    what: "asks for one SCRAM iteration, to guess our password from the proof",
    script: afterStartup(lie({ challenge: (nonce) => `r=${nonce},s=${salt},i=1` })),
    code: "upstream/authentication",
  },
  {
    what: "answers with a nonce of its own",
    script: afterStartup(lie({ challenge: () => `r=other,s=${salt},i=4096` })),
    code: "upstream/authentication",
  },
  {
    what: "signs with the wrong key",
    script: afterStartup(
      lie({ final: () => authentication(12, `v=${Buffer.alloc(32).toString("base64")}`) }),
    ),
    code: "upstream/authentication",
  },
  {
    what: "lets us in without its signature",
    script: afterStartup(lie({ final: () => welcome })),
    code: "upstream/authentication",
  },
  {
    what: "lets us in before our proof",
    script: afterStartup(async (peer) => {
      peer.send(authentication(10, "SCRAM-SHA-256\0\0"));
      await peer.message();
      peer.send(welcome);
    }),
    code: "upstream/authentication",
  },
  {
    what: "drops channel binding from its offer",
    tls: requireBinding,
    script: afterStartup(lie({})),
    code: "upstream/authentication",
  },
  {
    what: "asks for nothing where channel binding is required",
    tls: requireBinding,
    script: afterStartup(say(welcome)),
    code: "upstream/authentication",
  },
  {
    what: "asks for MD5 where channel binding is required",
    tls: requireBinding,
    script: afterStartup(say(authentication(5, "salt"))),
    code: "upstream/authentication",
  },
  {
    what: "offers channel binding on a connection without TLS",
    tls: plain,
    script: afterStartup(lie({ mechanisms: "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0" })),
    code: "upstream/authentication",
  },
  {
    what: "offers only mechanisms that nobody knows",
    script: afterStartup(say(authentication(10, "PLAIN\0SCRAM-SHA-1\0\0"))),
    code: "upstream/authentication",
  },
  {
    what: "asks for our secret in clear text",
    tls: plain,
    script: afterStartup(say(authentication(3))),
    code: "upstream/authentication",
  },
  {
    what: "asks for our secret in clear text over TLS that proves nothing",
    tls: requireTls,
    script: afterStartup(say(authentication(3))),
    code: "upstream/authentication",
  },
  {
    what: "asks for clear text after SCRAM went well",
    script: afterStartup(
      lie({ final: (honest) => Buffer.concat([authentication(12, honest), authentication(3)]) }),
    ),
    code: "upstream/authentication",
  },
  { what: "asks for GSSAPI", script: afterStartup(say(authentication(7))), code: "upstream/authentication" },
  {
    what: "asks for method 99",
    script: afterStartup(say(authentication(99))),
    code: "upstream/authentication",
  },
  {
    what: "sends an MD5 salt of one byte",
    script: afterStartup(say(authentication(5, "s"))),
    code: "upstream/protocol",
  },
  {
    what: "sends an authentication request without a method",
    script: afterStartup(say(message("R", "x"))),
    code: "upstream/protocol",
  },
  { what: "sends a negative length", script: afterStartup(say(header("R", -1))), code: "upstream/protocol" },
  { what: "sends a length of zero", script: afterStartup(say(header("R", 0))), code: "upstream/protocol" },
  {
    what: "announces two gigabytes",
    script: afterStartup(say(header("R", 0x7fffffff))),
    code: "upstream/protocol",
  },
  {
    what: "sends a message that nobody knows during authentication",
    script: afterStartup(say(message("?", "boo"))),
    code: "upstream/protocol",
  },
  {
    what: "sends rows before the login is over",
    script: afterStartup(say(ok, message("D", Buffer.of(0, 0)))),
    code: "upstream/protocol",
  },
  {
    what: "sends a parameter without an end",
    script: afterStartup(say(ok, message("S", "name"))),
    code: "upstream/protocol",
  },
  {
    what: "sends a cancel key of a kilobyte",
    script: afterStartup(say(ok, message("K", int32(1), Buffer.alloc(1024)))),
    code: "upstream/protocol",
  },
  {
    what: "talks without end",
    script: afterStartup(async (peer) => {
      peer.send(ok);
      const chatter = Buffer.concat(Array(64).fill(parameterStatus("x", "y".repeat(1000))));
      while (!peer.socket.destroyed && peer.socket.writable) {
        peer.send(chatter);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
    code: "upstream/protocol",
  },
  {
    what: "sends an error message that does not end",
    script: afterStartup(say(message("E", "SFATAL\0CXX000\0Mno end"))),
    code: "upstream/protocol",
  },
  {
    what: "does not say whether the role is a superuser",
    script: afterStartup(say(ok, message("Z", "I"))),
    code: "upstream/privileged-role",
  },
  {
    what: "hangs up in the middle of a message",
    script: afterStartup(async (peer) => {
      peer.socket.end(header("R", 100));
    }),
    code: "upstream/unreachable",
  },
  {
    what: "puts bytes behind its answer to SSLRequest",
    tls: requireTls,
    script: async (peer) => {
      await peer.packet();
      peer.send(Buffer.from("S"), welcome);
    },
    code: "upstream/tls",
  },
  {
    what: "answers SSLRequest with an error for the client to read",
    tls: requireTls,
    script: async (peer) => {
      await peer.packet();
      peer.send(message("E", "SFATAL\0C28000\0Mcall this number\0\0"));
    },
    code: "upstream/tls",
  },
  {
    what: "says that it has no TLS where TLS is required",
    tls: requireTls,
    script: async (peer) => {
      await peer.packet();
      peer.send(Buffer.from("N"));
    },
    code: "upstream/tls",
  },
  {
    what: "says nothing at all",
    script: afterStartup(async () => {}),
    code: "upstream/timeout",
  },
];

function upstreamWith(tls: Record<string, unknown>) {
  return upstreamTo(
    clusterOf({
      hosts: [{ host: "localhost", port: server.port }],
      connectTimeout: "3s",
      tls,
      login: { method: "shared-password", password: PASSWORD },
    }),
  );
}

for (const { what, tls = plain, script, code } of attacks) {
  test(`attack 22: a server that ${what} does not get a session or our secret`, async () => {
    const made = upstreamWith(tls);
    server.script = script;
    await assert.rejects(made.open("app"), { code });
    for (const { received, socket } of server.peers) {
      assert.equal(received.includes(PASSWORD), false);
      if (!socket.closed) await once(socket, "close");
    }
    made.upstream.close();
    server.script = honest;
    const fresh = upstreamWith(plain);
    (await fresh.open("app")).close();
    fresh.upstream.close();
  });
}

test("attack 22: an ErrorResponse without SQLSTATE reaches the client whole", async () => {
  const made = upstreamWith(plain);
  server.script = afterStartup(say(message("E", "Mno reason given\0\0")));
  await assert.rejects(made.open("app"), (error: Error & { response: Buffer }) => {
    assert.equal(error.name, "UpstreamRefused");
    assert.equal(
      error.response.subarray(5).toString("latin1"),
      "SFATAL\0VFATAL\0C08004\0Mno reason given\0\0",
    );
    return true;
  });
  made.upstream.close();
});

test("attack 22: what an honest server sends behind ReadyForQuery is kept for the client", async () => {
  const made = upstreamWith(plain);
  const notice = message("N", "SNOTICE\0VNOTICE\0C00000\0Mhello\0\0");
  server.script = afterStartup(async (peer) => {
    peer.send(welcome);
    await peer.message();
    const no = Buffer.concat([int32(1), Buffer.from("f")]);
    peer.send(
      message("D", Buffer.from([0, 4]), no, no, no, no),
      message("C", "SELECT 1\0"),
      message("Z", "I"),
      notice,
    );
  });
  const session = await made.open("app");
  assert.deepEqual(session.head, notice);
  session.close();
  made.upstream.close();
});
