/* The description against real answers: all of them, of all kinds and media types, are as their schemas
 * say, with no unknown member and none missing; and every member of every schema is in some answer.
 *
 * environment: ADVECT the offline tool, ADVECTD the daemon, MODELS a directory with the shipped models */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

import { Daemon } from "../../web/daemon.mjs";
import { trainMoons } from "./moons.mjs";
import { Schemas } from "./schema.mjs";

const PLANE = "checkerboard-4x4", FEW = "checkerboard-8x8-fast", DIGITS = "mnist-mlp", TABLE = "people", MOONS = "moons";
const directory = mkdtempSync(join(tmpdir(), "advect-schemas-"));
let daemon, description, schemas;

before(async () => {
  for (const name of [PLANE, FEW, DIGITS])
    symlinkSync(resolve(process.env.MODELS, `${name}.safetensors`), join(directory, `${name}.safetensors`));
  writeFileSync(join(directory, "people.csv"), "height,weight\n1.8,80\n1.7,70\n1.6,60\n1.75,66\n");
  execFileSync(process.env.ADVECT, ["import", join(directory, "people.csv"), "-o", join(directory, `${TABLE}.safetensors`)]);
  trainMoons(directory, MOONS);
  writeFileSync(join(directory, "broken.safetensors"), "nonsense");
  daemon = await Daemon.start(process.env.ADVECTD, directory, { flags: ["--max-nfe", "500", "--max-body-bytes", "20000", "--workers", "1"],
    env: { ADVECT_API_KEY: "open sesame" } });
  description = await (await ask("/openapi.json")).json();
  schemas = new Schemas(description);
});

after(async () => {
  await daemon?.stop();
  rmSync(directory, { recursive: true });
});

function ask(path, { accept, body, type = "application/json", method, headers = {} } = {}) {
  return fetch(daemon.url + path, { method: method ?? (body === undefined ? "GET" : "POST"), body,
    headers: { Authorization: "Bearer open sesame", ...(accept ? { Accept: accept } : {}),
      ...(body === undefined ? {} : { "Content-Type": type }), ...headers } });
}

/* The response that the description has of an operation and a status. */
function described(method, pattern, status) {
  const { responses } = description.paths[pattern][method];
  const response = responses[status] ?? responses.default;
  return response.$ref ? description.components.responses[response.$ref.split("/").pop()] : response;
}

const NOT_ALWAYS = ["Advect-Warning", "Retry-After"];

/* The reply's body, held against what the description says of its status, media type and headers. */
async function hold(reply, method, pattern) {
  const response = described(method, pattern, reply.status), type = reply.headers.get("Content-Type").split(";")[0];
  const media = response.content[type] ?? response.content["*/*"];
  assert.ok(media, `${method} ${pattern}: ${reply.status} as ${type} is not described`);
  for (const header of Object.keys(response.headers ?? {}))
    if (!NOT_ALWAYS.includes(header))
      assert.ok(reply.headers.has(header), `${method} ${pattern}: no ${header}`);
  if (type === "application/x-ndjson")
    return (await reply.text()).trim().split("\n").map((line) => checked(media.schema, JSON.parse(line)));
  if (type.endsWith("json") && type in response.content)
    return checked(media.schema, await reply.json());
  return reply.arrayBuffer();
}

function checked(schema, value) {
  const fault = schemas.check(schema, value);
  assert.equal(fault, "");
  return value;
}

const zeros = JSON.stringify(Array(784).fill(0.5));
const queries = [
  ["samples", PLANE, { n: 2, seed: 1 }],
  ["samples", PLANE, { n: 2, log_density: true }],
  ["samples", FEW, { n: 2, log_density: true }],
  ["log-density", FEW, { points: [[0.5, 0.5]] }],
  ["samples", DIGITS, { n: 2, log_density: true, solver: { method: "rk4", steps: 2 }, divergence: { probes: 2 } }],
  ["samples", DIGITS, { n: 2, label: 3, guidance: 2 }],
  ["samples", TABLE, { n: 3, solver: { method: "dopri5" } }],
  ["trajectories", PLANE, { n: 2, frames: 3 }],
  ["trajectories", DIGITS, { n: 2, times: [0, 1] }],
  ["trajectories", TABLE, { n: 1, frames: 2 }],
  ["log-density", PLANE, { points: [[0.5, 0.5]] }],
  ["log-density", PLANE, { points: [[0.5, 0.5], [100, 100]] }],
  ["log-density", DIGITS, { points: [JSON.parse(zeros)], label: 3, solver: { method: "rk4", steps: 2 }, divergence: { method: "hutchinson", probes: 2 } }],
  ["latents", PLANE, { points: [[0.5, 0.5], [3e38, 3e38]], solver: { method: "dopri5", rtol: 1e-3, atol: 1e-3 } }],
  ["latents", DIGITS, { points: [JSON.parse(zeros)], solver: { method: "rk4", steps: 2 } }],
  ["samples", MOONS, { n: 2, context: [[0, 0.1], [50, 0]] }],
  ["samples", MOONS, { n: 2, context: [0, 0.1], log_density: true, errors: true, solver: { method: "rk4", steps: 2 } }],
  ["trajectories", MOONS, { n: 1, context: [0, 0.1], frames: 2 }],
  ["trajectories", MOONS, { n: 1, frames: 2 }],
  ["log-density", MOONS, { points: [[0, 0.5], [0.1, 0.2]], context: [[0, 0.1], [0.2, 0]], errors: true, solver: { method: "rk4", steps: 2 } }],
  ["latents", MOONS, { points: [[0, 0.5], [50, 0.2]], context: [0, 0.1], errors: true, solver: { method: "rk4", steps: 2 } }],
  ["velocity", MOONS, { points: [[0, 0.5]], t: 0.5, context: [0, 0.1] }],
  ["samples", PLANE, { n: 9, seed: 1, log_density: true, errors: true, solver: { method: "euler", steps: 2 } }],
  ["log-density", PLANE, { points: [[1.01, 1.2]], errors: true, solver: { method: "euler", steps: 2 } }],
  ["latents", PLANE, { points: [[1.01, 1.2]], errors: true, solver: { method: "euler", steps: 2 } }],
  ["velocity", PLANE, { points: [[0.5, 0.5]], t: 0.5 }],
  ["score", PLANE, { points: [[0.5, 0.5]], t: 0.5 }],
  ["score", PLANE, { points: [[0.5, 0.5], [1e21, 1e21]], method: "difference", solver: { method: "dopri5", rtol: 1e-3, atol: 1e-3 } }],
  ["score", PLANE, { points: [[1.01, 1.2]], method: "difference", solver: { method: "euler", steps: 2 } }],
  ["score", MOONS, { points: [[0, 0.5]], t: 0.5, context: [50, 0] }],
  ["score", TABLE, { points: [[0.5, 0.5]], t: 0.5 }],
  ["score", DIGITS, { points: [JSON.parse(zeros)], t: 0.5, space: "flow" }],
  ["samples", PLANE, { n: 2, solver: { method: "sde", steps: 4, noise: 1 } }],
  ["velocity", TABLE, { points: [[0.5, 0.5]], t: 0.5, divergence: true }],
  ["velocity", DIGITS, { points: [JSON.parse(zeros)], t: 0.5, space: "flow", divergence: { method: "hutchinson", probes: 2 } }],
];

test("answers to queries, in all the media types that there are of them", async () => {
  for (const [what, model, body] of queries) {
    const pattern = `/v1/models/{model}/${what}`;
    for (const accept of Object.keys(description.paths[pattern].post.responses[200].content)) {
      const reply = await ask(`/v1/models/${model}/${what}`, { accept, body: JSON.stringify(body) });
      await hold(reply, "post", pattern);
      assert.ok(reply.status === 200 || accept === "image/png", `${what} of ${model} as ${accept}: ${reply.status}`);
    }
  }
});

test("bodies are as the schemas of requests say", () => {
  for (const [what, , body] of queries)
    schemas.expect(`${what.replace("-", "_")}_request`, body);
});

test("uploads and URLs are taken with the parameters that are described", async () => {
  for (const what of ["samples", "trajectories", "log-density", "latents", "velocity"]) {
    const pattern = `/v1/models/{model}/${what}`, { get, post } = description.paths[pattern];
    const own = (operation) => operation.parameters.filter((p) => p.in === "query").map((p) => p.name);
    const points = own(get)[0], upload = own(post);
    assert.deepEqual(own(get).slice(1), upload);
    await hold(await ask(`/v1/models/${PLANE}/${what}?${points}=0.5,0.5`), "get", pattern);
    assert.equal((await ask(`/v1/models/${PLANE}/${what}?space=data`, { body: "0.5,0.5\n", type: "text/csv" })).status, 200);
    for (const name of upload) {
      const reply = await ask(`/v1/models/${PLANE}/${what}?${name}=?`, { body: "0.5,0.5\n", type: "text/csv" });
      assert.equal((await hold(reply, "post", pattern)).field, name);
    }
    assert.equal((await ask(`/v1/models/${PLANE}/${what}?nothing=1`, { body: "0.5,0.5\n", type: "text/csv" })).status, 422);
    for (const type of ["application/json", "application/x-npy", "text/csv", "image/png", "text/plain"])
      assert.equal((await ask(`/v1/models/${PLANE}/${what}`, { body: "?", type })).status === 415, !(type in post.requestBody.content));
  }
});

test("models, health, pictures, files and what else is there", async () => {
  const paths = { "/v1/models": "/v1/models", "/health/live": "/health/live", "/health/ready": "/health/ready", "/": "/",
    "/docs": "/docs", "/openapi.json": "/openapi.json", "/metrics": "/metrics", "/web/app.js": "/web/{file}", "/web/lib/dom.js": "/web/{folder}/{file}",
    "/clients/js/advect.js": "/clients/js/{file}" };
  for (const name of [PLANE, FEW, DIGITS, TABLE, MOONS])
    paths[`/v1/models/${name}`] = "/v1/models/{model}";
  for (const picture of ["samples.png?n=5", "trajectories.png?n=5&frames=3", "density.png?side=5", "velocity.png?side=5"])
    paths[`/v1/models/${PLANE}/${picture}`] = `/v1/models/{model}/${picture.split("?")[0]}`;
  for (const [path, pattern] of Object.entries(paths)) {
    const reply = await ask(path);
    assert.equal(reply.status, 200, path);
    await hold(reply, "get", pattern);
  }
});

test("jobs, from the first state to the last", async () => {
  const body = JSON.stringify({ model: PLANE, query: "samples", request: { n: 20000 } });
  const job = await hold(await ask("/v1/jobs", { body }), "post", "/v1/jobs");
  schemas.expect("new_job", JSON.parse(body));
  await hold(await ask(`/v1/jobs/${job.id}/result`), "get", "/v1/jobs/{id}/result");
  const late = await hold(await ask("/v1/jobs", { body: JSON.stringify({ model: DIGITS, query: "samples", request: { n: 400, timeout_ms: 1 } }) }),
    "post", "/v1/jobs");
  const by = await ask(`/v1/models/${PLANE}/samples`, { body: "{}", headers: { Prefer: "respond-async" } });
  assert.equal(by.status, 202);
  await hold(by, "post", "/v1/models/{model}/samples");
  const end = async (id) => {
    for (;;) {
      const state = await hold(await ask(`/v1/jobs/${id}`), "get", "/v1/jobs/{id}");
      if (state.ended)
        return state.state;
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  assert.equal(await end(job.id), "done");
  if (late.id)
    await end(late.id);
  await hold(await ask(`/v1/jobs/${job.id}/result`), "get", "/v1/jobs/{id}/result");
  await hold(await ask("/v1/jobs"), "get", "/v1/jobs");
  assert.equal((await ask(`/v1/jobs/${job.id}`, { method: "DELETE" })).status, 204);
});

test("refusals, of statuses that their operations list", async () => {
  const samples = "/v1/models/{model}/samples", at = `/v1/models/${PLANE}/samples`;
  const cases = [
    [400, "post", samples, at, { body: "{" }], [422, "post", samples, at, { body: '{"n":0}' }],
    [404, "post", samples, "/v1/models/none/samples", { body: "{}" }], [401, "get", "/v1/models", "/v1/models", { headers: { Authorization: "" } }],
    [403, "post", samples, at, { body: '{"priority":"high"}' }], [406, "get", samples, at, { accept: "audio/mp3" }],
    [415, "post", samples, at, { body: "?", type: "text/plain" }], [413, "post", samples, at, { body: "x".repeat(20001) }],
    [414, "get", samples, `${at}?x0=${"1,".repeat(5000)}1`], [404, "get", "/v1/jobs/{id}", "/v1/jobs/none"],
  ];
  for (const [status, method, pattern, path, options] of cases) {
    const reply = await ask(path, options);
    assert.equal(reply.status, status, `${path}: ${reply.status}`);
    assert.ok(String(status) in description.paths[pattern][method].responses, `${method} ${pattern} does not list ${status}`);
    await hold(reply, method, pattern);
  }
  const other = await ask("/v1/models", { method: "DELETE" });
  assert.equal(other.status, 405);
  checked(description.components.responses.problem.content["application/problem+json"].schema, await other.json());
});

test("every member that is described was in some answer", () => {
  const answers = Object.keys(description.components.schemas).filter((name) => !name.endsWith("_request") && name !== "new_job");
  assert.deepEqual(answers.flatMap((name) => schemas.unseen(name)), []);
});

test("a member that is unknown, missing or of another kind is told", () => {
  const good = { model: "m", t: 0.5, velocity: [[1, 2]] };
  schemas.expect("velocity_answer", good);
  assert.throws(() => schemas.expect("velocity_answer", { ...good, speed: 1 }), /speed is not known/);
  assert.throws(() => schemas.expect("velocity_answer", { model: "m", t: 0.5 }), /velocity is missing/);
  assert.throws(() => schemas.expect("velocity_answer", { ...good, velocity: [1, 2] }), /instead of array/);
});
