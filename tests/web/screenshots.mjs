/* Pictures of every view, light and dark, for the documents; of some things one is enough. pngquant makes them small.
 * Names in the environment's SHOTS: those alone.
 *
 * usage: node screenshots.mjs PROGRAM MODELS CHROMIUM FOLDER */
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.mjs";
import { Daemon, killAll } from "./daemon.mjs";
import { idle, open } from "./harness.mjs";
import { drawDigit } from "./views.mjs";

const PLANE = "checkerboard-8x8", SPACE = "checkerboard-3d", IMAGES = "mnist", DENSITY = "mnist-density";
const DESK = { width: 1280, height: 800 }, PHONE = { width: 360, height: 720 };
const COLOURS = "64", PATIENCE = 12000; /* looks at the page */

/* A three, weighed as precisely as the page can. */
async function drawn(page) {
  await drawDigit(page, 3);
  await idle(page, PATIENCE);
  const more = page.getByRole("button", { name: "Refine" });
  if (await more.isVisible())
    await more.click();
}

const shots = [
  { name: "flow", hash: `#/flow/${PLANE}?points=1&density=0&grid=0&n=2000&field=1&t=0.75&at=2.4,1.6,0.75;-1.6,0.4,0.75;-2.2,-1.5,0.75` },
  { name: "flow-density", hash: `#/flow/${PLANE}?t=0.85` },
  { name: "points", hash: `#/points/${SPACE}?n=7500` },
  { name: "generate", hash: `#/generate/${IMAGES}?each=4&seed=4` },
  { name: "draw", hash: `#/draw/${DENSITY}`, prepare: drawn, fullPage: true },
  { name: "model", hash: `#/model/${IMAGES}` },
  { name: "phone-flow", hash: `#/flow/${PLANE}?t=0.6`, viewport: PHONE, schemes: ["dark"] },
  { name: "phone-draw", hash: `#/draw/${DENSITY}`, prepare: drawn, viewport: PHONE, schemes: ["light"] },
];

/* The bytes of its files. */
async function take(browser, daemon, folder, shot) {
  const { name, hash, prepare, schemes = ["light", "dark"], viewport = DESK, fullPage = false } = shot;
  const page = await browser.newPage({ viewport, reducedMotion: "reduce" });
  page.setDefaultTimeout(600000);
  await open(page, daemon, hash);
  await prepare?.(page);
  await idle(page, PATIENCE);
  await page.evaluate(() => scrollTo(0, 0)); /* a click may have gone down the page */
  let bytes = 0;
  for (const colorScheme of schemes) {
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(300);
    await page.screenshot({ path, fullPage });
    execFileSync("pngquant", ["--force", "--strip", "--nofs", "--speed", "1", "--output", path, COLOURS, path]);
    bytes += statSync(path).size;
  }
  await page.close();
  console.log(`${name}: ${(bytes / 1000).toFixed(0)} kB`);
  return bytes;
}

const [program, models, executable, folder] = process.argv.slice(2);
const daemon = await Daemon.start(program, models), browser = await launch(executable);
try {
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  const wanted = process.env.SHOTS?.split(" ").filter(Boolean) ?? [];
  for (const shot of shots.filter(({ name }) => !wanted.length || wanted.includes(name)))
    bytes += await take(browser, daemon, folder, shot);
  console.log(`${(bytes / 1000).toFixed(0)} kB in all`);
} finally {
  await browser.close();
  killAll();
}
