/* How fast the playground is: its size, its first paint, velocities against the native build, two moons,
 * and frames while it trains. Times of computing are of the processor, so that a busy machine does not
 * count; frames and paint want two cores with nothing else to do.
 *
 * usage: node speed.mjs BUILD-FOLDER BIN MODELS CHROMIUM */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { presetPoints } from "../../playground/page/make/presets.js";
import { launch } from "../web/browser.mjs";
import { Daemon, killAll } from "../web/daemon.mjs";
import { idle, until } from "../web/harness.mjs";
import { playFromStart, quantile, report } from "../web/rates.mjs";
import { LONG, button } from "./view.mjs";

const ROWS = 1024, EVALUATIONS = 200, ROUNDS = 7, PAINTS = 7, RUNS = 5, RUN_MS = 4000, SEEN_NATS = 0.2;
const [folder, bin, models, executable] = process.argv.slice(2).map((path) => resolve(path));

/* ---- the module in node, by the same engine as Chromium's, and the tool */

async function makeAsk() {
  const require = createRequire(import.meta.url), core = join(folder, "core"), exchanges = require(join(core, "exchanges.js"));
  const begin = exchanges(await require(join(core, "advect.js"))({ wasmBinary: readFileSync(join(core, "advect.wasm")) }));
  return (request) => {
    const exchange = begin(request);
    while (exchange.advance(50));
    exchange.end();
  };
}

function secondsInModule(ask, name, steps) {
  const body = new TextEncoder().encode(JSON.stringify({ n: ROWS, seed: 1, solver: { method: "euler", steps } }));
  const began = process.cpuUsage();
  ask({ method: "POST", target: `/v1/models/${name}/samples`, contentType: "application/json", accept: "application/x-npy", body });
  return process.cpuUsage(began).user / 1e6;
}

function secondsNative(name, steps) {
  const command = [join(bin, "advect"), "sample", join(models, `${name}.safetensors`), "-n", String(ROWS), "--seed", "1",
    "--solver", "euler", "--steps", String(steps), "--threads", "1", "--format", "npy", "-o", "/dev/null"];
  return Number(execFileSync("bash", ["-c", 'TIMEFORMAT=%U; { time "$@" >/dev/null 2>&1; } 2>&1', "-", ...command],
    { encoding: "utf8", env: { ...process.env, ADVECT_ISA: "portable" } }));
}

/* Both by turns; what is not evaluations is in both times, and goes out in the difference. */
async function velocities() {
  const ask = await makeAsk();
  for (const name of ["four-modes", "checkerboard-4x4"]) {
    ask({ method: "PUT", target: `/playground/models?file=${name}.safetensors`, body: readFileSync(join(models, `${name}.safetensors`)) });
    const module = [], native = [], measure = (seconds) => (seconds(EVALUATIONS + 1) - seconds(1)) / EVALUATIONS;
    for (let round = 0; round < ROUNDS; round++) {
      module.push(measure((steps) => secondsInModule(ask, name, steps)));
      native.push(measure((steps) => secondsNative(name, steps)));
    }
    const us = (times) => 1e6 * quantile(times, 0.5), ratios = module.map((s, i) => native[i] / s);
    console.log(`velocity of ${name}, ${ROWS} rows: ${us(module).toFixed(0)} us in WebAssembly (node ${process.versions.node}), ` +
      `${us(native).toFixed(0)} us native, portable kernels, one thread: ${quantile(ratios, 0.5).toFixed(2)} of its speed, ` +
      `of the rounds ${quantile(ratios, 0).toFixed(2)} to ${quantile(ratios, 1).toFixed(2)}`);
  }
}

/* ---- the page in Chromium, served by the daemon */

async function firstPaints(browser, url) {
  const paints = [], views = [];
  for (let i = 0; i < PAINTS; i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } }), page = await context.newPage();
    await page.goto(url);
    await page.locator(".flow-pane").first().waitFor();
    views.push(await page.evaluate(() => performance.now()));
    paints.push(await until(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime), "the first paint"));
    await context.close();
  }
  const of = (times) => `${quantile(times, 0.5).toFixed(0)} ms (${quantile(times, 0).toFixed(0)} to ${quantile(times, 1).toFixed(0)})`;
  console.log(`first visit, on loopback: first contentful paint after ${of(paints)}, the view after ${of(views)}`);
}

/* Seconds of the processor that tabs have taken, workers included. */
async function tabSeconds(browser) {
  const session = await browser.newBrowserCDPSession(), { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

async function twoMoons(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(300000);
  await page.goto(`${url}#/make/your-points?t=1`);
  await idle(page, LONG);
  const before = await tabSeconds(browser), began = Date.now();
  const taken = async () => `${(await tabSeconds(browser) - before).toFixed(1)} s of processors, drawing and measuring included, in ${((Date.now() - began) / 1000).toFixed(1)} s`;
  const kl = async () => Number((await page.locator(".scene .lead").textContent()).match(/one: ([\d.]+) /)?.[1] ?? Infinity);
  await button(page, "Train").click();
  await until(async () => await kl() < SEEN_NATS, "a network whose moons are seen", LONG);
  console.log(`two moons to a KL divergence below ${SEEN_NATS} nats: ${await taken()}`);
  await until(() => button(page, "Train").count(), "the training to end", LONG);
  console.log(`two moons, all 2,000 steps: ${await taken()}; ${await kl()} nats`);
  await page.close();
}

async function framesInTraining(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(300000);
  await page.goto(`${url}#/make/your-points?density=0&train_steps=100000`);
  const rows = presetPoints("two moons").slice(0, 400).map((p) => p.join(",")).join("\n"); /* of so few the exact flow has 3,000 points */
  await page.locator('input[accept^=".csv"]').setInputFiles({ name: "moons.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await until(() => page.getByText("400 points of").count(), "the points");
  await idle(page, LONG);
  await button(page, "Train").click();
  await until(() => page.locator(".curves svg").count(), "the training to begin", LONG);
  const runs = [];
  for (let i = 0; i < RUNS; i++)
    runs.push(await playFromStart(page, RUN_MS));
  const size = await page.locator(".plane .layer:last-child").first().evaluate((c) => c.width);
  console.log(`while a network trains: 3,000 points of the exact flow and 800 of the learned one, each on ${size} x ${size} pixels, ${RUNS} runs of ${RUN_MS / 1000} s`);
  report(runs);
  await page.close();
}

const files = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name))).filter((f) => f.isFile());
console.log(`${files.length} files, ${files.reduce((sum, f) => sum + f.size, 0)} bytes`);
await velocities();
const daemon = await Daemon.start(join(bin, "advectd"), models, { flags: ["--playground", folder] }), browser = await launch(executable);
const url = `${daemon.url}/playground/`;
try {
  console.log(`chromium ${browser.version()}, headless`);
  await firstPaints(browser, url);
  await twoMoons(browser, url);
  await framesInTraining(browser, url);
} finally {
  await browser.close();
  killAll();
}
