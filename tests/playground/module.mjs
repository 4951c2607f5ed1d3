/* Tests of the playground's module in node: what it answers is what the native build answers, up to
 * the rounding of fused multiply-adds; a training learns; what is wrong is refused in words.
 *
 * usage: node module.mjs BUILD-FOLDER BIN/advect MODELS SCRATCH */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseNpy } from "../../clients/js/advect.js";
import { presetPoints } from "../../playground/page/make/presets.js";
import { MOST_POINTS, boxOf, densityOf, readCsv, thinned, unitsOf } from "../../playground/page/make/target.js";
import { recipeFor } from "./recipe.mjs";

const [folder, advect, models, scratch] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const core = join(folder, "core"), exchanges = require(join(core, "exchanges.js"));
const module = await require(join(core, "advect.js"))({ wasmBinary: readFileSync(join(core, "advect.wasm")) });
const begin = exchanges(module);
let passed = 0, failed = 0;

function test(name, work) {
  try {
    const words = work();
    passed++;
    console.log(`ok   ${name}${words ? `: ${words}` : ""}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.stack}`);
  }
}

function assert(truth, words) {
  if (!truth)
    throw new Error(words);
}

const encode = (object) => new TextEncoder().encode(JSON.stringify(object));

function ask(request) {
  const exchange = begin(request);
  while (exchange.advance(50));
  const answer = { status: exchange.status, type: exchange.type, warning: exchange.warning, bytes: exchange.take() };
  exchange.end();
  return answer;
}

const text = ({ bytes }) => new TextDecoder().decode(bytes);
const post = (target, body, accept) => ask({ method: "POST", target, body: encode(body),
  contentType: "application/json", accept: accept ?? "application/json" });
const array = (what, body) => parseNpy(post(`/v1/models/${what}`, body, "application/x-npy").bytes.buffer);
const put = (name, body) => ask({ method: "PUT", target: `/playground/models?file=${name}`, body });

function near(a, b, tolerance) {
  assert(a.length === b.length, `${a.length} numbers, ${b.length} of the native build`);
  const worst = a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
  assert(worst <= tolerance, `differ by ${worst}`);
  return `at most ${worst.toExponential(1)} apart`;
}

function native(...args) {
  const out = join(scratch, "native.npy");
  execFileSync(advect, [...args, "-o", out], { stdio: "ignore" });
  const bytes = readFileSync(out);
  return parseNpy(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const solver = { method: "rk4", steps: 10 };
for (const name of ["four-modes", "mnist-mlp"]) {
  const file = join(models, `${name}.safetensors`), bytes = readFileSync(file);
  test(`${name} is loaded, and told of as the daemon tells`, () => {
    assert(put(`${name}.safetensors`, bytes).status === 200, "refused");
    const told = JSON.parse(text(ask({ target: `/v1/models/${name}` })));
    assert(told.name === name && told.digest.length === 16 && told.config.net && told.limits.rows > 0, JSON.stringify(told));
  });
  test(`samples of ${name} are those of the native build`, () =>
    near(array(`${name}/samples`, { n: 100, seed: 3, guidance: 1, solver }).data,
      native("sample", file, "-n", "100", "--seed", "3", "--guidance", "1", "--solver", "rk4", "--steps", "10").data, 1e-4)); /* float32 rounds at 6e-8, of sums over 40 evaluations of some ten layers */
}

test("what an answer warns of is told beside formats that have no place for it", () => {
  const asked = { points: [[0.5, 0.5]], divergence: { method: "hutchinson", probes: 1 } };
  const [npy, json] = ["application/x-npy", "application/json"].map((type) => post("/v1/models/four-modes/log-density", asked, type));
  assert(npy.status === 200 && npy.warning.startsWith("one probe has no standard error"), npy.warning || text(npy));
  assert(json.warning === "" && JSON.parse(text(json)).warnings.length === 1, json.warning || text(json));
});

const recipe = recipeFor(presetPoints("two moons"));
test("a training learns two moons, to a KL divergence that advect eval agrees with", () => {
  const exchange = begin({ method: "POST", target: "/playground/training", body: encode(recipe) });
  assert(exchange.status === 200, new TextDecoder().decode(exchange.take()));
  const began = process.cpuUsage().user;
  while (exchange.advance(50));
  const lines = new TextDecoder().decode(exchange.take()).trim().split("\n").map((line) => JSON.parse(line));
  exchange.end();
  const last = lines.at(-1), first = lines.find((line) => line.kl !== null);
  assert(last.over && last.step === recipe.train.steps, JSON.stringify(last));
  assert(last.kl < 0.35 && last.kl < first.kl / 2 && last.held_out < lines.find((line) => line.held_out).held_out, JSON.stringify([first, last]));
  const at = lines.filter((line) => line.kl !== null).map((line) => line.kl_step);
  assert(at.length >= 4 && at.every((step, i) => !i || step > at[i - 1]), `measured at steps ${at}`);
  assert(at[0] < 0.1 * last.step && at.at(-1) === last.step && at.at(-2) > 0.5 * last.step, `measured at steps ${at}`);
  const file = join(scratch, "your-network.safetensors");
  writeFileSync(file, ask({ target: "/playground/models/your-network" }).bytes);
  const out = execFileSync(advect, ["eval", file, "--n", "100", "--grid", "10", "--json", "--quiet"], { encoding: "utf8" });
  const { kl } = JSON.parse(out);
  assert(Math.abs(kl - last.kl) < 0.02, `${last.kl} in the module, ${kl} by advect eval`);
  return `${last.kl.toFixed(3)} nats, ${kl.toFixed(3)} by advect eval, ${((process.cpuUsage().user - began) / 1e6).toFixed(1)} s of a core`;
});

test("a recipe tells points apart that are close together far from zero", () => {
  const points = Array.from({ length: 50 }, (_, i) => [1.7e9 + 10 * i, -3 * i]), units = unitsOf(points);
  const { means } = densityOf({ points, units, blur: 0.1 });
  const worst = Math.max(...means.flatMap((m, i) => m.map((c, k) => Math.abs(c - points[i][k]))));
  assert(worst < 0.1, `off by ${worst}`);
});

test("the exact flow ends in the points", () => {
  const points = [[1, 1], [-1, 0.5], [0, -2]];
  assert(post("/playground/exact", { name: "exact", points, bandwidth: 0.01 }).status === 200, "refused");
  const { data } = array("exact/samples", { n: 200, seed: 1, solver: { method: "rk4", steps: 50 } });
  for (let i = 0; i < 200; i++) {
    const away = Math.min(...points.map(([x, y]) => Math.hypot(data[2 * i] - x, data[2 * i + 1] - y)));
    assert(away < 0.1, `a sample is ${away} from every point`); /* ten bandwidths */
  }
});

test("trajectories are a stream of frames that end in the samples", () => {
  const lines = text(post("/v1/models/four-modes/trajectories", { n: 5, seed: 2, frames: 4, solver }, "application/x-ndjson"))
    .trim().split("\n").map((line) => JSON.parse(line));
  const samples = array("four-modes/samples", { n: 5, seed: 2, solver });
  assert(lines.length === 4 && lines[3].t === 1, "not four frames");
  return near(lines[3].states.flat(), Array.from(samples.data), 2e-3); /* steps end at frames */
});

test("an exchange may be given up in the midst", () => {
  const exchange = begin({ method: "POST", target: "/playground/training", body: encode(recipe) });
  exchange.advance(20);
  exchange.end();
  const query = begin({ method: "POST", target: "/v1/models/mnist-mlp/samples", body: encode({ n: 1000 }), contentType: "application/json" });
  query.advance(5);
  query.end();
});

/* ---- what is wrong */

const refused = (answer, status, pattern) => {
  assert(answer.status === status && pattern.test(text(answer)), `${answer.status} ${text(answer).slice(0, 300)}`);
};
test("hostile files are refused", () => {
  refused(put("x.safetensors", new Uint8Array()), 400, /x\.safetensors/);
  refused(put("../../x", new TextEncoder().encode("no model at all, but text")), 400, /detail/);
  const good = readFileSync(join(models, "four-modes.safetensors"));
  for (let i = 0; i < 300; i++) {
    const bytes = Uint8Array.from(i < 60 ? good.subarray(0, Math.floor(good.length * i / 60)) : good);
    for (let k = 0; k < 8; k++)
      bytes[(i * 7919 + k * 104729) % Math.min(bytes.length || 1, 4000)] ^= 1 << (i + k) % 8;
    const { status } = put("x.safetensors", bytes);
    assert([200, 400, 422].includes(status), `status ${status} of mutation ${i}`);
  }
});
test("requests that are wrong are refused as the daemon refuses them", () => {
  refused(post("/v1/models/nobody/samples", {}), 404, /no-such-model/);
  refused(post("/v1/models/four-modes/samples", { n: -1 }), 422, /"field":"n"/);
  refused(post("/v1/models/four-modes/samples", { nn: 1 }), 422, /did you mean/);
  refused(post("/v1/models/four-modes/samples", {}, "image/png"), 422, /no pictures/);
  refused(ask({ method: "POST", target: "/playground/training", body: new TextEncoder().encode("{") }), 400, /line 1/);
  refused(post("/playground/training", { ...recipe, net: { ...recipe.net, channels: -4 } }), 422, /channels/);
  refused(post("/playground/exact", { name: "e", points: [[1, "x"]], bandwidth: 0.1 }), 422, /points\[0\]/);
  refused(ask({ target: "/v1/%zz" }), 400, /malformed/);
});
test("what would take more memory than there is, is refused and leaves the core as it was", () => {
  const huge = (net) => post("/playground/training", { ...recipe, net: { ...recipe.net, ...net } });
  refused(huge({ channels: 16000, layers: 64 }), 422, /detail/);
  assert(post("/v1/models/four-modes/samples", { n: 4 }).status === 200, "nothing is answered any more");
});
test("as many points as one may paint are the exact flow's and a training's", () => {
  const points = Array.from({ length: MOST_POINTS }, (_, i) => [Math.cos(i), Math.sin(2 * i)]);
  assert(post("/playground/exact", { name: "many", points, bandwidth: 0.1 }).status === 200, "refused");
  const exchange = begin({ method: "POST", target: "/playground/training", body: encode(recipeFor(points)) });
  assert(exchange.status === 200, new TextDecoder().decode(exchange.take()));
  exchange.advance(50);
  exchange.end();
  assert(thinned(Array.from({ length: 25001 }, (_, i) => [i, i])).length === MOST_POINTS, "not thinned");
});
test("tables are read, and those without two columns of numbers refused", () => {
  const rows = Array.from({ length: 50 }, (_, i) => `${170 + i % 7},m,${70 + i % 5}`).join("\n");
  const { points, words } = readCsv(`height,sex,weight\n${rows}\nNA,f,3\n`, "people.csv");
  assert(points.length === 50 && points[1][1] === 71 && words.includes("height and weight") && words.includes("1 rows"), words);
  const { shift, scale } = unitsOf(points);
  const [[lo, hi]] = boxOf({ shift, scale });
  assert(lo < 170 && hi > 176, `${lo} to ${hi}`);
  for (const bad of ["", "to be, or not\nto be, that\nis the, question", "a\n1\n2\n3", "1,2\n3,4"]) {
    let said = "";
    try {
      readCsv(bad, "x.csv");
    } catch (error) {
      said = error.message;
    }
    assert(said.startsWith("x.csv has "), `${JSON.stringify(bad)}: ${said}`);
  }
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
