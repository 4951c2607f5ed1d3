/* How requests go wrong, against a server that does as the test says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { AdvectError, connect, InvalidInput, Refusal, Unreachable, writeNpy } from "../../../clients/js/advect.js";

let server, url, answer, asked;

before(async () => {
  server = createServer((request, reply) => {
    asked.push({ at: performance.now(), url: request.url, headers: request.headers });
    answer(reply, asked.length, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/* From now on the server answers with f(reply, how often it was asked). */
function serve(f) {
  asked = [];
  answer = f;
}

function refuse(reply, status, slug, headers = {}) {
  reply.writeHead(status, { "Content-Type": "application/problem+json", ...headers });
  reply.end(JSON.stringify({ type: `urn:advect:${slug}`, title: "Refused", status,
    detail: "n is 0; it must be between 1 and 1000000000", field: "n", request_id: "abc" }));
}

function array(reply, values) {
  reply.writeHead(200, { "Content-Type": "application/x-npy", "Advect-Seed": "7" });
  reply.end(writeNpy({ shape: [1, values.length], data: new Float32Array(values) }));
}

const model = (options) => connect(url, options).model("m");

test("a refusal shows its field and what is allowed, and is not asked for again", async () => {
  serve((reply) => refuse(reply, 422, "invalid-field"));
  await assert.rejects(model().sample(0), (error) => {
    assert.ok(error instanceof Refusal && error instanceof AdvectError);
    assert.deepEqual([error.status, error.kind, error.field, error.requestId, error.passing, error.name],
      [422, "invalid-field", "n", "abc", false, "Refusal"]);
    assert.equal(error.message, "n is 0; it must be between 1 and 1000000000");
    return true;
  });
  assert.equal(asked.length, 1);
});

test("Retry-After is waited for, and then the answer is taken", async () => {
  serve((reply, n) => n === 1 ? refuse(reply, 503, "queue-full", { "Retry-After": "1" }) : array(reply, [1, 2]));
  assert.deepEqual(await model().sample(1), { shape: [1, 2], data: new Float32Array([1, 2]), seed: 7 });
  assert.equal(asked.length, 2);
  assert.ok(asked[1].at - asked[0].at >= 990, `asked again after ${asked[1].at - asked[0].at} ms`);
});

test("who is told to wait for too long, or too often, is told so", async () => {
  serve((reply) => refuse(reply, 429, "too-many", { "Retry-After": "31" }));
  await assert.rejects(model().sample(1), (error) => error.retryAfter === 31 && error.passing && error.kind === "too-many");
  assert.equal(asked.length, 1);
  serve((reply) => refuse(reply, 503, "queue-full"));
  await assert.rejects(model().sample(1), { status: 503 });
  assert.equal(asked.length, 3);
  serve((reply) => refuse(reply, 503, "queue-full"));
  await assert.rejects(model({ retries: 0 }).sample(1), { status: 503 });
  assert.equal(asked.length, 1);
});

test("an answer that breaks off is asked for again, and is no half array", async () => {
  serve((reply, n) => {
    if (n > 1)
      return array(reply, [3, 4]);
    reply.writeHead(200, { "Content-Length": 1000 });
    reply.write("half");
    return setTimeout(() => reply.destroy(), 20);
  });
  assert.deepEqual([...(await model().sample(1)).data], [3, 4]);
  assert.equal(asked.length, 2);
});

test("nobody at the address", async () => {
  const gone = createServer();
  gone.listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address();
  gone.close();
  await once(gone, "close");
  await assert.rejects(connect(`http://127.0.0.1:${port}`, { retries: 1 }).models(),
    (error) => error instanceof Unreachable && error.message === "The server does not answer." && Boolean(error.cause));
});

const frame = (n) => `${JSON.stringify({ frame: n, t: n / 4, states: [[n, 0.5]] })}\n`;

async function collect(stream, seen = []) {
  for await (const one of stream)
    seen.push(one);
  return seen;
}

test("frames come as they arrive, wherever the network cuts them", async () => {
  serve((reply) => {
    reply.writeHead(200, { "Content-Type": "application/x-ndjson", "Advect-Seed": "7" });
    const text = frame(0) + frame(1) + frame(2);
    let at = 0;
    const timer = setInterval(() => {
      reply.write(text.slice(at, at += 17));
      if (at >= text.length) {
        clearInterval(timer);
        reply.end();
      }
    }, 2);
  });
  const frames = await collect(model().trajectory(1, { frames: 3 }));
  assert.deepEqual(frames.map((f) => [f.frame, f.t, f.seed, f.shape, [...f.data]]),
    [0, 1, 2].map((n) => [n, n / 4, 7, [1, 2], [n, 0.5]]));
});

test("a daemon that is gone in mid-stream is told, after what it had sent", async () => {
  for (const end of [frame(1), frame(1).slice(0, 9)]) {
    serve((reply) => {
      reply.writeHead(200);
      reply.write(frame(0) + end);
      setTimeout(() => reply.destroy(), 20);
    });
    const seen = [];
    await assert.rejects(collect(model().trajectory(1), seen), (error) => error instanceof Unreachable && error.message === "The answer broke off.");
    assert.equal(seen[0].frame, 0);
    assert.equal(asked.length, 1);
  }
});

test("a stream that ends with a problem document throws it", async () => {
  serve((reply) => {
    reply.writeHead(200);
    reply.write(`${frame(0)}{"type":"urn:advect:timeout","title":"The request took too long","status":503,"detail":"late"}\n`);
    setTimeout(() => reply.destroy(), 20);
  });
  await assert.rejects(collect(model().trajectory(1)), { status: 503, kind: "timeout", message: "late" });
});

test("leaving the loop ends the request", async () => {
  const left = new Promise((done) => serve((reply) => {
    reply.writeHead(200);
    reply.write(frame(0));
    reply.on("close", done);
  }));
  for await (const { frame: n } of model().trajectory(1)) {
    assert.equal(n, 0);
    break;
  }
  await left;
});

test("a signal ends requests, waits and streams, with its own reason", async () => {
  const aborted = (work) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 40);
    return assert.rejects(work(controller.signal), { name: "AbortError" });
  };
  serve(() => {});
  await aborted((signal) => model().sample(1, { signal }));
  serve((reply) => refuse(reply, 503, "queue-full", { "Retry-After": "20" }));
  await aborted((signal) => model().sample(1, { signal }));
  serve((reply) => { reply.writeHead(200); reply.write(frame(0)); });
  await aborted((signal) => collect(model().trajectory(1, { signal })));
  serve(() => {});
  await assert.rejects(model().sample(1, { signal: AbortSignal.abort(new Error("mine")) }), { message: "mine" });
});

test("keys are sent, also those that are known only later", async () => {
  serve((reply) => array(reply, [1]));
  await model({ key: "one" }).sample(1);
  let key = null;
  const late = model({ key: () => key });
  await late.sample(1);
  key = "two";
  await late.sample(1);
  assert.deepEqual(asked.map(({ headers }) => headers.authorization), ["Bearer one", undefined, "Bearer two"]);
});

test("names, sub-paths and long lists reach the server whole", async () => {
  serve((reply) => array(reply, [1]));
  await connect(`${url}/flows/`).model("a b/c").logProb([[1, 2]], { label: 1 });
  assert.equal(asked[0].url, "/flows/v1/models/a%20b%2Fc/log-density?label=1");
  assert.equal(asked[0].headers["content-type"], "application/x-npy");
  await model().logProb(Array(4000).fill([1, 2]), { label: Array(4000).fill(1) });
  assert.equal(asked[1].url, "/v1/models/m/log-density");
  assert.equal(asked[1].headers["content-type"], "application/json");
});

test("arrays that are refused are never sent", async () => {
  serve((reply) => array(reply, [1]));
  for (const points of [[], [[NaN, 1]], [[1], [1, 2]], undefined])
    for (const verb of ["logProb", "encode", "velocity"])
      await assert.rejects(model()[verb](points), (error) => error instanceof InvalidInput && error.field === "points");
  await assert.rejects(model().sample(1, { x0: [[NaN]] }), (error) => error.field === "x0");
  await assert.rejects(collect(model().trajectory(1, { x0: [] })), (error) => error.field === "x0");
  assert.equal(asked.length, 0);
});
