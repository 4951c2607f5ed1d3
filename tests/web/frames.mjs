/* Frames per second of the flow view as it plays: thousands of points, the velocity field on.
 *
 * usage: node frames.mjs PROGRAM MODELS CHROMIUM */
import { launch } from "./browser.mjs";
import { Daemon, killAll } from "./daemon.mjs";
import { idle, open } from "./harness.mjs";
import { playFromStart, report } from "./rates.mjs";

const POINTS = 5000, RUNS = 5, RUN_MS = 4000; /* less than the 6 s from t = 0 to 1 */
const MODEL = "checkerboard-8x8";

const [program, models, executable] = process.argv.slice(2);
const daemon = await Daemon.start(program, models), browser = await launch(executable);
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(60000);
  await open(page, daemon, `#/flow/${MODEL}?n=${POINTS}&field=1&points=1&density=0&grid=0`);
  await idle(page);
  const runs = [];
  for (let i = 0; i < RUNS; i++)
    runs.push(await playFromStart(page, RUN_MS));
  const size = await page.locator(".plane .layer:last-child").evaluate((c) => c.width);
  console.log(`chromium ${browser.version()}, headless; ${MODEL}, ${POINTS} points and the field on ${size} x ${size} pixels, ${RUNS} runs of ${RUN_MS / 1000} s`);
  report(runs);
} finally {
  await browser.close();
  killAll();
}
