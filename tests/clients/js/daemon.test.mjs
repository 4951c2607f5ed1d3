/* The client's verbs against the daemon: what they give is what JSON says, bit for bit.
 *
 * environment: ADVECTD the daemon, MODELS a directory with the shipped models */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { connect, Refusal, Unreachable } from "../../../clients/js/advect.js";
import { Daemon } from "../../web/daemon.mjs";

const PLANE = "checkerboard-4x4", DIGITS = "mnist-mlp", KEY = "open sesame";
let daemon, advect, plane;

before(async () => {
  daemon = await Daemon.start(process.env.ADVECTD, process.env.MODELS, { env: { ADVECT_API_KEY: KEY } });
  advect = connect(daemon.url, { key: KEY });
  plane = advect.model(PLANE);
});

after(() => daemon?.stop());

/* The same numbers as float32. */
function same(array, rows) {
  assert.deepEqual(array.data, Float32Array.from(rows.flat(Infinity)));
}

test("models, and one of them", async () => {
  const { models, refused } = await advect.models();
  assert.ok(models.some(({ name }) => name === PLANE) && Array.isArray(refused));
  const info = await plane.info();
  assert.equal(info.dim, 2);
  assert.ok(info.config.net);
  assert.equal((await advect.ready()).status, "ready");
});

test("samples: of a seed, of starts, of classes", async () => {
  const drawn = await plane.sample(5, { seed: 3, solver: { method: "heun", steps: 9 } });
  const said = await plane.ask("samples", { n: 5, seed: 3, solver: { method: "heun", steps: 9 } });
  assert.deepEqual(drawn.shape, [5, 2]);
  assert.equal(drawn.seed, 3);
  same(drawn, said.samples);
  const x0 = [[0.25, -1], [2, 0.125]];
  same(await plane.sample(undefined, { x0, solver: { method: "rk4", steps: 4 } }),
    (await plane.ask("samples", { x0, solver: { method: "rk4", steps: 4 } })).samples);
  const digits = advect.model(DIGITS), fields = { seed: 1, label: [3, 8], guidance: 2, solver: { method: "euler", steps: 3 } };
  const two = await digits.sample(2, fields);
  assert.deepEqual(two.shape, [2, 784]);
  same(two, (await digits.ask("samples", { n: 2, ...fields })).samples);
});

test("a seed that nobody gave is named, and leads to the same again", async () => {
  const first = await plane.sample(2), again = await plane.sample(2, { seed: first.seed });
  assert.deepEqual(again.data, first.data);
});

test("log-densities, latents and velocities of points in every shape", async () => {
  const points = [[0.5, 0.5], [-1.5, 2.5]], flat = { shape: [2, 2], data: new Float64Array(points.flat()) };
  const solver = { method: "dopri5", rtol: 1e-6 };
  for (const given of [points, flat]) {
    const density = await plane.logProb(given, { solver });
    assert.deepEqual(density.shape, [2]);
    same(density, (await plane.ask("log-density", { points, solver })).log_density);
    same(await plane.encode(given, { solver }), (await plane.ask("latents", { points, solver })).latents);
    same(await plane.velocity(given, 0.25), (await plane.ask("velocity", { points, t: 0.25 })).velocity);
  }
  assert.deepEqual((await plane.logProb([0.5, 0.5])).shape, [1]);
  const divergence = { method: "hutchinson", probes: 8, seed: 7 };
  same(await plane.logProb(points, { divergence }), (await plane.ask("log-density", { points, divergence })).log_density);
});

test("latents as starts lead back", async () => {
  const points = [[0.5, 0.5], [-1.5, 2.5]], latents = await plane.encode(points, { solver: { method: "dopri5", rtol: 1e-8, atol: 1e-8 } });
  const { data } = await plane.sample(undefined, { x0: latents, solver: { method: "dopri5", rtol: 1e-8, atol: 1e-8 } });
  points.flat().forEach((x, i) => assert.ok(Math.abs(data[i] - x) < 1e-4, `${data[i]} instead of ${x}`));
});

test("trajectories frame by frame end in the samples", async () => {
  const fields = { seed: 4, solver: { method: "rk4", steps: 10 } }, frames = [];
  for await (const frame of plane.trajectory(3, { ...fields, times: [0, 0.5, 1] }))
    frames.push(frame);
  assert.deepEqual(frames.map(({ frame, t, shape, seed }) => [frame, t, shape, seed]),
    [[0, 0, [3, 2], 4], [1, 0.5, [3, 2], 4], [2, 1, [3, 2], 4]]);
  assert.deepEqual(frames[2].data, (await plane.sample(3, fields)).data);
  const x0 = [[0.25, -1]];
  for await (const { t, data } of plane.trajectory(undefined, { x0, frames: 2 }))
    if (t === 0)
      assert.deepEqual([...data], x0[0]);
});

test("refusals of the daemon name field, value and what is allowed", async () => {
  const cases = [
    [() => plane.sample(0), "n", /^n is 0; it must be between 1 and/],
    [() => plane.sample(1e6), "n", /limit is 100000/],
    [() => plane.logProb([[1, 2, 3]]), undefined, /shape \[n, 2\]/],
    [() => plane.sample(1, { solver: { method: "rk4", steps: 0 } }), "solver.steps", /^solver.steps is 0; /],
    [() => plane.velocity([[1, 2]], 2), "t", /^t is 2; it must be between 0 and 1/],
    [() => plane.sample(1, { speed: 3 }), "speed", /"speed" is not a known field/],
    [() => plane.sample(1, { label: 3 }), "label", /label/],
  ];
  for (const [ask, field, words] of cases)
    await assert.rejects(ask, (error) => {
      assert.ok(error instanceof Refusal, String(error));
      assert.equal(error.field, field);
      assert.match(error.message, words);
      return error.status === 422 && !error.passing;
    });
  await assert.rejects(advect.model("checkerboard-4x5").sample(1), { status: 404, kind: "no-such-model" });
});

test("a wrong key, and none", async () => {
  for (const key of ["open sesam", undefined])
    await assert.rejects(connect(daemon.url, { key }).models(), { status: 401, kind: "no-key" });
});

test("a daemon that is killed in the middle of a stream", async () => {
  const doomed = await Daemon.start(process.env.ADVECTD, process.env.MODELS);
  let frames = 0;
  await assert.rejects(async () => {
    for await (const { frame } of connect(doomed.url).model(PLANE).trajectory(2000, { frames: 900, solver: { method: "rk4", steps: 5000 } })) {
      frames++;
      if (frame === 1)
        doomed.signal("SIGKILL");
    }
  }, (error) => error instanceof Unreachable && error.passing);
  assert.ok(frames >= 2 && frames < 900, `${frames} frames`);
  await assert.rejects(connect(doomed.url, { retries: 0 }).models(), Unreachable);
  await doomed.stop();
});

test("the daemon serves the module as it is, and the package has the library's version", async () => {
  const served = await (await fetch(`${daemon.url}/clients/js/advect.js`)).text();
  assert.equal(served, readFileSync(new URL("../../../clients/js/advect.js", import.meta.url), "utf8"));
  const { version } = JSON.parse(readFileSync(new URL("../../../clients/js/package.json", import.meta.url)));
  const description = await advect.json("openapi.json");
  assert.equal(description.info.version, version);
});
