import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { message } from "../../../src/protocol/bytes.ts";
import { MessageFlow } from "../../../src/protocol/message-flow.ts";

/** What a client sends at once, and what the server answers to it. */
interface Step {
  readonly asks: Buffer;
  readonly answers: Buffer;
  /** Whether the answer leaves nothing open. */
  readonly ends: boolean;
}

const all = (types: string) => Buffer.concat([...types].map((type) => message(type, body(type))));
const body = (type: string) => (type === "Z" ? "I" : "SDcdC".includes(type) ? "" : "some body\0");
const step = (asks: string, answers: string, ends = true): Step => ({
  asks: all(asks),
  answers: all(answers),
  ends,
});

/** Exchanges as clients and servers have them ("Message Flow"). */
const exchanges: readonly (readonly Step[])[] = [
  [step("Q", "TDDCZ")],
  [step("Q", "NEZ")],
  [step("F", "VZ")],
  [step("PBDES", "12TDCZ")],
  [step("PBES", "1EZ")],
  [step("PBEH", "12DC", false), step("S", "Z")],
  [step("PBEH", "12Ds", false), step("ES", "DCZ")],
  [step("Q", "G", false), step("dddc", "CZ")],
  [step("Q", "G", false), step("ddSc", "CZ")],
  [step("Q", "G", false), step("df", "EZ")],
  [step("Q", "G", false), step("ddd", "EZ"), step("ddc", "")],
  [step("Qdddc", "GCZ")],
  [step("PBES", "12G", false), step("dddcS", "CZ")],
  [step("PBEH", "12G", false), step("ddHdcS", "CZ")],
  [step("PBES", "12G", false), step("ddd", "E", false), step("cS", "Z")],
  [step("PBEdcS", "12GCZ")],
  [step("Q", "HdddcCZ")],
  [step("Q", "W", false), step("dd", "dd", false), step("c", "cCCZ")],
];

const anytime = fc.constantFrom("", "N", "A", "S", "NAS").map(all);
const conversation = fc.array(fc.constantFrom(...exchanges), { minLength: 1, maxLength: 6 });

test("a session is at rest when everything that was asked is answered, and only then", () => {
  fc.assert(
    fc.property(conversation, fc.array(fc.nat(6), { maxLength: 40 }), anytime, (parts, lead, noise) => {
      const steps = parts.flat();
      const flow = new MessageFlow();
      flow.fromServer(all("Z"));
      let asked = 0;
      let answered = 0;
      const ahead = lead.values();
      const check = () => {
        const last = answered === 0 || steps[answered - 1]?.ends === true;
        const open = steps.slice(answered, asked).some(({ answers }) => answers.length > 0);
        assert.equal(flow.rest, last && !open ? "I" : undefined, `${asked} asked, ${answered} answered`);
      };
      check();
      while (answered < steps.length) {
        const goal = Math.min(
          steps.length,
          answered + 1 + ((ahead.next().value ?? 0) % maxLead(steps, answered)),
        );
        for (; asked < goal; asked++) flow.fromClient(steps[asked]?.asks ?? Buffer.alloc(0));
        check();
        flow.fromServer(noise);
        check();
        flow.fromServer(steps[answered]?.answers ?? Buffer.alloc(0));
        answered += 1;
        check();
        flow.fromServer(noise);
        check();
      }
    }),
    { numRuns: 2000 },
  );
});

/** How many steps a client may be ahead: it waits for an answer that does not end an exchange. */
function maxLead(steps: readonly Step[], from: number): number {
  const waits = steps.slice(from).findIndex(({ ends }) => !ends);
  return waits < 0 ? steps.length - from : waits + 1;
}

test("messages are found wherever they are cut in two", () => {
  const frame = fc
    .constantFrom(..."QSPBEZNADTCXcd")
    .chain((type) =>
      fc.uint8Array({ maxLength: 12, minLength: type === "Z" ? 1 : 0 }).map((bytes) => message(type, bytes)),
    );
  const stream = fc.array(frame, { maxLength: 12 }).map((frames) => Buffer.concat(frames));
  fc.assert(
    fc.property(stream, stream, fc.array(fc.nat(400)), (client, server, cuts) => {
      const whole = new MessageFlow();
      whole.fromClient(client);
      whole.fromServer(server);
      const pieces = new MessageFlow();
      for (const piece of cut(client, cuts)) pieces.fromClient(piece);
      for (const piece of cut(server, cuts)) pieces.fromServer(piece);
      const facts = (flow: MessageFlow) => [flow.rest, flow.speakable, flow.parted];
      assert.deepEqual(facts(pieces), facts(whole));
      assert.equal(whole.speakable, true);
    }),
  );
});

test("a stream that breaks off within a message is not between two", () => {
  const any = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(any, fc.nat(), (bytes, place) => {
      const one = message("D", bytes);
      const flow = new MessageFlow();
      flow.fromServer(one.subarray(0, 1 + (place % (one.length - 1))));
      assert.equal(flow.speakable, false);
    }),
  );
});

test("any bytes at all are followed without an error, and impossible lengths end the following for good", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const flow = new MessageFlow();
      for (const chunk of chunks) {
        flow.fromServer(Buffer.from(chunk));
        flow.fromClient(Buffer.from(chunk));
      }
      assert.ok([undefined, "I", "T", "E"].includes(flow.rest));
      flow.fromServer(Buffer.from("D\xff\xff\xff\xff", "latin1"));
    }),
  );
  const lost = new MessageFlow();
  lost.fromServer(Buffer.from("D\xff\xff\xff\xffx", "latin1"));
  lost.fromServer(all("Z"));
  assert.equal(lost.speakable, false);
  assert.equal(lost.rest, undefined);
});

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
