/* Frames per second of the flow view as it plays: thousands of points, the velocity field on.
 *
 * usage: node frames.mjs PROGRAM MODELS CHROMIUM */
import { launch } from "./browser.mjs";
import { Daemon, killAll } from "./daemon.mjs";
import { idle, open } from "./harness.mjs";

const POINTS = 5000, RUNS = 5, RUN_MS = 4000; /* less than the 6 s from t = 0 to 1 */
const MODEL = "checkerboard-8x8";

/* The times of all frames while the view plays for so long, and what the page's own work took of each. */
function play(page, ms) {
  return page.evaluate((span) => new Promise((done) => {
    const times = [], work = [], original = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => original((now) => {
      const began = performance.now();
      draw(now);
      work.push(performance.now() - began);
    });
    const began = performance.now();
    const frame = (now) => {
      times.push(now);
      if (performance.now() - began < span)
        original(frame);
      else {
        window.requestAnimationFrame = original;
        done({ times, work });
      }
    };
    original(frame);
  }), ms);
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

async function run(page) {
  await page.locator(".player input").fill("0");
  await page.getByRole("button", { name: "Play" }).click();
  const { times, work } = await play(page, RUN_MS);
  await page.getByRole("button", { name: "Pause" }).click();
  const gaps = times.slice(1).map((t, i) => t - times[i]);
  return { rate: 1000 * gaps.length / (times.at(-1) - times[0]), gaps, work };
}

const [program, models, executable] = process.argv.slice(2);
const daemon = await Daemon.start(program, models), browser = await launch(executable);
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(60000);
  await open(page, daemon, `#/flow/${MODEL}?n=${POINTS}&field=1&points=1&density=0&grid=0`);
  await idle(page);
  const runs = [];
  for (let i = 0; i < RUNS; i++)
    runs.push(await run(page));
  const gaps = runs.flatMap((r) => r.gaps), work = runs.flatMap((r) => r.work);
  const size = await page.locator(".plane .layer:last-child").evaluate((c) => c.width);
  console.log(`chromium ${browser.version()}, headless; ${MODEL}, ${POINTS} points and the field on ${size} x ${size} pixels, ${RUNS} runs of ${RUN_MS / 1000} s`);
  console.log(`frames/s: median ${quantile(runs.map((r) => r.rate), 0.5).toFixed(1)}, of the runs ${runs.map((r) => r.rate.toFixed(1)).join(" ")}`);
  console.log(`between frames: median ${quantile(gaps, 0.5).toFixed(1)} ms, 99 of 100 within ${quantile(gaps, 0.99).toFixed(1)} ms`);
  console.log(`the page's own work per frame: median ${quantile(work, 0.5).toFixed(1)} ms, 99 of 100 within ${quantile(work, 0.99).toFixed(1)} ms`);
} finally {
  await browser.close();
  killAll();
}
