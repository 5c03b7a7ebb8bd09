import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServerList } from "../../../src/config/server-list.ts";

/** What the connection string stands for, as `path: value` pairs. */
function settings(text: string): Record<string, unknown> | string {
  const result = parseServerList(text);
  if (result.kind === "fault") return result.message;
  return Object.fromEntries(result.list.settings.map(({ path, value }) => [path.join("."), value]));
}

const host = (name: string, port = 5432) => ({ host: name, port });

const READ: Readonly<Record<string, Record<string, unknown>>> = {
  "postgres://db": { hosts: [host("db")] },
  "postgresql://db:6000/": { hosts: [host("db", 6000)] },
  "postgres://a:1,b,c:3/": { hosts: [host("a", 1), host("b"), host("c", 3)] },
  "postgres://[::1]:7,[fe80::1%25eth0],10.0.0.1/": {
    hosts: [host("::1", 7), host("fe80::1%eth0"), host("10.0.0.1")],
  },
  "postgres://a,b/?target_session_attrs=read-write&sslmode=verify-ca&sslrootcert=/etc/ca%20one.pem&connect_timeout=7&load_balance_hosts=random&channel_binding=require&sslnegotiation=direct":
    {
      hosts: [host("a"), host("b")],
      targetSessionAttrs: "read-write",
      loadBalanceHosts: "random",
      "tls.mode": "verify-ca",
      "tls.negotiation": "direct",
      "tls.channelBinding": "require",
      connectTimeout: "7s",
      "tls.caFile": "/etc/ca one.pem",
    },
  "postgres:///?host=a,b&port=1,2": { hosts: [host("a", 1), host("b", 2)] },
  "host=a,b port=6000": { hosts: [host("a", 6000), host("b", 6000)] },
  "  host = 'a' sslrootcert='it\\'s here/ca.pem' sslmode=verify-full ": {
    hosts: [host("a")],
    "tls.mode": "verify-full",
    "tls.caFile": "it's here/ca.pem",
  },
  "host=db sslmode=require sslrootcert=ca.pem": {
    hosts: [host("db")],
    "tls.mode": "verify-ca",
    "tls.caFile": "ca.pem",
  },
  "host=db sslmode=verify-full sslrootcert=system": { hosts: [host("db")], "tls.mode": "verify-full" },
};

for (const [text, expected] of Object.entries(READ)) {
  test(`read as libpq reads it: ${text}`, () => {
    assert.deepEqual(settings(text), expected);
  });
}

const REFUSED: Readonly<Record<string, RegExp>> = {
  "": /^is no connection string;/,
  "mysql://db/": /^is no connection string;/,
  db: /^is no connection string;/,
  "postgres://": /^has an empty host; name every server$/,
  "postgres://a,,b/": /^has an empty host;/,
  "postgres://user:hunter2@db/": /^has a user or a password; remove both/,
  "postgres://user:hunter/2@db/": /^has a user or a password; remove both/,
  "postgres://db/app": /^names a database;/,
  "postgres://db:0/": /^has a port that is no number from 1 to 65535;/,
  "postgres://db:65536/": /^has a port that is no number/,
  "postgres://db:hunter2/": /^has a port that is no number from 1 to 65535; correct it$/,
  "postgres://%2Frun%2Fpostgresql/": /^has a host that is a Unix socket/,
  "host=/run/postgresql": /^has a host that is a Unix socket/,
  "postgres://a b/": /^has a host that is no host name or address/,
  "postgres://%zz/": /^has a % that begins no escape/,
  "postgres://db/?sslmode=%zz": /^has a % in sslmode that begins no escape/,
  "postgres://db/?sslmode": /^has a parameter without a value/,
  "postgres://db/?sslmode=verify": /^has an unknown value of sslmode; did you mean "verify-ca"\?$/,
  "postgres://db/?sslmode=allow": /^has an unknown value of sslmode; it can be disable, prefer, require/,
  "postgres://db/?ssl_mode=require": /^has ssl_mode, which is not used here; did you mean "sslmode"\?$/,
  "postgres://db/?Hunter2!=x": /^has a parameter that is not used here; it can be host, port/,
  "postgres://db/?user=alice": /^has user; remove it: the client names the role$/,
  "host=db password=hunter2": /^has password; remove it: passwords belong under login$/,
  "host=db dbname=app": /^has dbname; remove it: the client names the database$/,
  "postgres://db/?sslmode=require&sslmode=disable": /^gives sslmode twice; keep one$/,
  "postgres://db:1/?port=2": /^gives port twice; keep one$/,
  "host=a,b,c port=1,2": /^has 2 ports for 3 hosts;/,
  "host=db connect_timeout=0": /^has a connect_timeout that is no number of seconds above zero;/,
  "host=db connect_timeout=-1": /^has a connect_timeout/,
  "host=db port": /^is no list of keyword=value pairs;/,
  "host='db": /^is no list of keyword=value pairs;/,
  [`host=${"a,".repeat(3000)}b`]: /^is longer than 4096 characters;/,
};

for (const [text, expected] of Object.entries(REFUSED)) {
  test(`refused, with what to do and without what was written: ${text.slice(0, 60)}`, () => {
    const message = settings(text);
    assert.ok(typeof message === "string");
    assert.match(message, expected);
    assert.doesNotMatch(message, /hunter/i);
  });
}
