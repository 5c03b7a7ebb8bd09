/**
 * What every implementation of Wire must do. The cases are run on Node and, in a process of their own, on Bun: see
 * wire.test.ts.
 */
import assert from "node:assert/strict";
import { networkCases } from "./conformance-network.ts";
import { tlsCases } from "./conformance-tls.ts";
import type { Stage } from "./peers.ts";
import { closed, pattern, read, readAll, readSome } from "./peers.ts";

export type Case = readonly [name: string, play: (stage: Stage) => Promise<void>];

const BIG = 16 * 1024 * 1024;

const streamCases: readonly Case[] = [
  [
    "bytes go both ways, whole and in order",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      const sent = pattern(300_001);
      peer.write(sent);
      assert.ok((await read(wire, sent.length)).equals(sent));
      wire.write(sent.subarray(0, 100_000));
      wire.write(sent.subarray(100_000));
      assert.ok((await readSome(peer, sent.length)).equals(sent));
    },
  ],
  [
    "a wire starts paused and rests again when it is told to, in the middle of what comes in",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      const sent = pattern(4 * 1024 * 1024);
      peer.write(sent);
      const chunks: Buffer[] = [];
      let paused = true;
      let arrived = 0;
      const all = new Promise<void>((resolve) => {
        wire.onData = (chunk) => {
          assert.equal(paused, false, "a chunk was told while the wire was paused");
          chunks.push(chunk);
          arrived += chunk.length;
          wire.pause();
          paused = true;
          if (arrived === sent.length) resolve();
          else setImmediate(flow);
        };
      });
      const flow = () => {
        paused = false;
        wire.resume();
      };
      await new Promise(setImmediate);
      flow();
      await all;
      assert.ok(Buffer.concat(chunks).equals(sent));
    },
  ],
  [
    "a reader that rests holds the writer back, and little is kept for it",
    async ({ accepted, dialled }) => {
      const from = await accepted();
      const to = await dialled();
      const sent = pattern(BIG);
      let full = false;
      let rests = 0;
      from.wire.onData = (chunk) => {
        assert.equal(full, false, "the source went on while its sink was full");
        assert.ok(chunk.length <= 1024 * 1024);
        full = !to.wire.write(chunk);
        if (!full) return;
        rests += 1;
        from.wire.pause();
      };
      to.wire.onDrain = () => {
        full = false;
        from.wire.resume();
      };
      from.wire.resume();
      from.peer.end(sent);
      from.wire.onClose = () => to.wire.end();
      const filled = new Promise<void>((resolve) => {
        const look = () => (full ? resolve() : setImmediate(look));
        look();
      });
      await filled; // only then does the reader begin
      const all = await readAll(to.peer);
      assert.ok(all.equals(sent));
      assert.ok(rests > 0);
    },
  ],
  [
    "end() sends all that was written before, however slowly it is read",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      const sent = pattern(BIG);
      assert.equal(wire.write(sent), false);
      wire.end(Buffer.from("last"));
      assert.equal(wire.write(Buffer.from("too late")), false);
      const all = await readAll(peer);
      assert.ok(all.subarray(0, -4).equals(sent));
      assert.equal(all.subarray(-4).toString(), "last");
      peer.end();
      assert.equal(await closed(wire), undefined);
    },
  ],
  [
    "what comes in after end() is dropped, and the wire closes when the peer has finished",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      const gone = closed(wire);
      wire.onData = () => assert.fail("a chunk was told after end()");
      wire.end();
      await readAll(peer);
      peer.end(pattern(BIG));
      assert.equal(await gone, undefined);
      assert.equal(wire.closed, true);
    },
  ],
  [
    "a peer that finishes closes the wire, behind everything that it sent",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      const sent = pattern(BIG);
      peer.end(sent);
      const chunks: Buffer[] = [];
      wire.onData = (chunk) => {
        chunks.push(chunk);
        wire.pause();
        setImmediate(() => wire.resume());
      };
      const gone = closed(wire);
      wire.resume();
      assert.equal(await gone, undefined);
      assert.ok(Buffer.concat(chunks).equals(sent));
      await readAll(peer);
    },
  ],
  [
    "a peer that resets the connection while we write closes the wire once, with a reason",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      let told = 0;
      const gone = new Promise<Error | undefined>((resolve) => {
        wire.onClose = (error) => {
          told += 1;
          resolve(error);
        };
      });
      wire.resume();
      assert.equal(wire.write(pattern(BIG)), false);
      peer.resetAndDestroy();
      assert.ok((await gone) instanceof Error);
      assert.equal(wire.closed, true);
      assert.equal(wire.write(Buffer.from("x")), false);
      wire.end();
      wire.destroy();
      await new Promise(setImmediate);
      assert.equal(told, 1);
    },
  ],
  [
    "destroy() closes at once though the peer reads nothing, and tells so later and once",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      peer.pause();
      wire.write(pattern(BIG));
      let told = 0;
      const gone = new Promise<void>((resolve) => {
        wire.onClose = () => {
          told += 1;
          resolve();
        };
      });
      wire.onDrain = () => assert.fail("drained after destroy()");
      wire.destroy();
      assert.equal(told, 0);
      assert.equal(wire.closed, true);
      wire.destroy();
      await gone;
      peer.resume();
      await readAll(peer).catch(() => {}); // it may be told by a reset
      assert.equal(told, 1);
    },
  ],
  [
    "nothing is told after destroy(), not even what had come in",
    async ({ accepted }) => {
      const { wire, peer } = await accepted();
      wire.onData = () => {
        wire.onData = () => assert.fail("a chunk was told after destroy()");
        wire.destroy();
      };
      const gone = closed(wire);
      wire.resume();
      peer.write(pattern(BIG));
      await gone;
    },
  ],
];

export const cases: readonly Case[] = [...streamCases, ...tlsCases, ...networkCases];
