/* The client's verbs against the daemon: what they give is what JSON says, bit for bit.
 *
 * environment: ADVECT the offline tool, ADVECTD the daemon, MODELS a directory with the shipped models */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { connect, InvalidInput, Refusal, Unreachable } from "../../../clients/js/advect.js";
import { Daemon } from "../../web/daemon.mjs";
import { trainMoons } from "./moons.mjs";

const PLANE = "checkerboard-4x4", DIGITS = "mnist-mlp", KEY = "open sesame";
const directory = mkdtempSync(join(tmpdir(), "advect-contexts-"));
let daemon, advect, plane, moons, other;

before(async () => {
  daemon = await Daemon.start(process.env.ADVECTD, process.env.MODELS, { env: { ADVECT_API_KEY: KEY } });
  advect = connect(daemon.url, { key: KEY });
  plane = advect.model(PLANE);
  trainMoons(directory, "moons");
  other = await Daemon.start(process.env.ADVECTD, directory);
  moons = connect(other.url).model("moons");
});

after(async () => {
  await daemon?.stop();
  await other?.stop();
  rmSync(directory, { recursive: true });
});

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
    same(await plane.score(given, 0.25), (await plane.ask("score", { points, t: 0.25 })).score);
  }
  const told = await plane.ask("score", { points, method: "difference" });
  const rows = told.score.map((row, i) => [...row, told.score_error[i]]);
  same(await plane.score(points, 1, { method: "difference" }), rows);
  assert.deepEqual((await plane.logProb([0.5, 0.5])).shape, [1]);
  const divergence = { method: "hutchinson", probes: 8, seed: 7 };
  same(await plane.logProb(points, { divergence }), (await plane.ask("log-density", { points, divergence })).log_density);
});

test("an array brings the warning of its answer", async () => {
  const density = await plane.logProb([0.5, 0.5], { divergence: { method: "hutchinson", probes: 1 } });
  assert.match(density.warning, /^one probe has no standard error/);
  assert.equal("warning" in await plane.logProb([0.5, 0.5]), false);
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

test("contexts: of all rows, of each, in every shape, in the body and beside it", async () => {
  const one = [0.125, -0.25], rows = [one, [0.5, 0]], points = [[0, 0.5], [0.25, 0]], solver = { method: "rk4", steps: 4 };
  assert.deepEqual((await moons.info()).context.columns, ["x1", "x2"]);
  const all = (await moons.ask("samples", { n: 3, seed: 1, solver, context: one })).samples;
  for (const context of [one, [one], Float32Array.from(one), { shape: [1, 2], data: one }])
    same(await moons.sample(3, { seed: 1, solver, context }), all);
  const each = await moons.sample(3, { seed: 1, solver, context: rows });
  assert.deepEqual(each.shape, [6, 2]);
  assert.deepEqual(each.data.slice(0, 6), Float32Array.from(all.flat()));
  for (const context of [one, rows, { shape: [2, 2], data: Float64Array.from(rows.flat()) }]) {
    const said = Array.isArray(context) ? context : rows;
    same(await moons.sample(undefined, { x0: points, solver, context }), (await moons.ask("samples", { x0: points, solver, context: said })).samples);
    same(await moons.logProb(points, { solver, context }), (await moons.ask("log-density", { points, solver, context: said })).log_density);
    same(await moons.encode(points, { solver, context }), (await moons.ask("latents", { points, solver, context: said })).latents);
    same(await moons.velocity(points, 0.5, { context }), (await moons.ask("velocity", { points, t: 0.5, context: said })).velocity);
  }
  for await (const { t, shape, data } of moons.trajectory(3, { seed: 1, frames: 2, solver, context: rows }))
    if (t === 1) {
      assert.deepEqual(shape, [6, 2]);
      assert.deepEqual(data, each.data);
    }
});

test("contexts too long for a URL go in the body", async () => {
  const points = Array.from({ length: 900 }, (_, i) => [i / 900, 0.5]), context = points.map(([x]) => [x, 0.25]);
  same(await moons.velocity(points, 0.5, { context }), (await moons.ask("velocity", { points, t: 0.5, context })).velocity);
});

test("contexts that are none", async () => {
  const cases = [[[0, Number.NaN], /^context\[1\] is NaN/], [[[0, 1], [0]], /^context\[1\] has 1 numbers; it must have 2/], [[], /^context is empty/],
    ["0,1", /^context is string/]];
  for (const [context, words] of cases)
    await assert.rejects(moons.sample(1, { context }), (error) => error instanceof InvalidInput && error.field === "context" && words.test(error.message));
  await assert.rejects(moons.sample(1, { context: [1, 2, 3] }), { status: 422, field: "context" });
  await assert.rejects(plane.sample(1, { context: 1 }), { status: 422, field: "context" });
});

test("refusals of the daemon name field, value and what is allowed", async () => {
  const cases = [
    [() => plane.sample(0), "n", /^n is 0; it must be between 1 and/],
    [() => plane.sample(1e6), "n", /limit is 100000/],
    [() => plane.logProb([[1, 2, 3]]), "points", /rows of 3 numbers; a point of this model has 2/],
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
