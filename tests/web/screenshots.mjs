/* Pictures of every view, light and dark, for the documents; of some things one is enough. pngquant makes them small.
 * Names in the environment's SHOTS: those alone; `preview` is web/preview.png.
 *
 * usage: node screenshots.mjs PROGRAM MODELS CHROMIUM FOLDER */
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.mjs";
import { Daemon, killAll } from "./daemon.mjs";
import { idle, open } from "./harness.mjs";
import { drawDigit } from "./views.mjs";

const PLANE = "checkerboard-8x8", FEW_STEPS = "checkerboard-8x8-fast", SPACE = "checkerboard-3d", POSTERIOR = "posterior-two-moons", IMAGES = "mnist", DENSITY = "mnist-density";
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
  { name: "side-by-side", hash: `#/flow/${PLANE}?with=${FEW_STEPS}&points=1&density=0&n=2000&t=1` },
  { name: "points", hash: `#/points/${SPACE}?n=7500` },
  { name: "posterior", hash: `#/posterior/${POSTERIOR}?context=-0.3,0.2` },
  { name: "generate", hash: `#/generate/${IMAGES}?each=4&seed=4` },
  { name: "compare", hash: `#/generate/${IMAGES}?each=1&seed=4&compare=guidance&kept=4,3,3;4,28,8`, fullPage: true },
  { name: "draw", hash: `#/draw/${DENSITY}?trace=0`, prepare: drawn, fullPage: true },
  { name: "model", hash: `#/model/${IMAGES}` },
  { name: "phone-flow", hash: `#/flow/${PLANE}?t=0.6`, viewport: PHONE, schemes: ["dark"] },
  { name: "phone-draw", hash: `#/draw/${DENSITY}?trace=0`, prepare: drawn, viewport: PHONE, schemes: ["light"] },
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

/* What others show of a link to the page (og:image): the density and the grid at three times. */
const PREVIEW = "preview", PREVIEW_FILE = new URL("../../web/preview.png", import.meta.url).pathname;

function card(times) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1200, height: 630 }), context = canvas.getContext("2d");
  const slider = document.querySelector(".player input"), side = 368, gap = 24, top = 190;
  const write = (text, font, style, x, y) => { Object.assign(context, { font: `${font} system-ui, sans-serif`, fillStyle: style }).fillText(text, x, y); };
  context.fillStyle = "#0e1220";
  context.fillRect(0, 0, 1200, 630);
  write("Advect", "650 64px", "#e6e9f2", gap, 88);
  write("Flow matching, trained and served in C", "30px", "#98a1ba", gap, 144);
  return times.reduce(async (before, t, i) => {
    await before;
    slider.value = t;
    slider.dispatchEvent(new Event("input"));
    await new Promise((done) => setTimeout(done, 300));
    for (const layer of document.querySelectorAll(".plane .layer"))
      context.drawImage(layer, gap + i * (side + gap), top, side, side);
    write(`t = ${t.toFixed(2)}`, "24px", "#98a1ba", gap + i * (side + gap), top + side + 40);
  }, null).then(() => canvas.toDataURL());
}

async function takePreview(browser, daemon) {
  const page = await browser.newPage({ viewport: DESK, reducedMotion: "reduce", colorScheme: "dark" });
  page.setDefaultTimeout(600000);
  await open(page, daemon, `#/flow/${PLANE}`);
  await idle(page, PATIENCE);
  writeFileSync(PREVIEW_FILE, Buffer.from((await page.evaluate(card, [0.25, 0.6, 1])).split(",")[1], "base64"));
  await page.close();
  execFileSync("pngquant", ["--force", "--strip", "--nofs", "--speed", "1", "--output", PREVIEW_FILE, COLOURS, PREVIEW_FILE]);
  console.log(`${PREVIEW}: ${(statSync(PREVIEW_FILE).size / 1000).toFixed(0)} kB`);
}

const [program, models, executable, folder] = process.argv.slice(2);
const daemon = await Daemon.start(program, models), browser = await launch(executable);
try {
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  const wanted = process.env.SHOTS?.split(" ").filter(Boolean) ?? [];
  for (const shot of shots.filter(({ name }) => !wanted.length || wanted.includes(name)))
    bytes += await take(browser, daemon, folder, shot);
  if (!wanted.length || wanted.includes(PREVIEW))
    await takePreview(browser, daemon);
  console.log(`${(bytes / 1000).toFixed(0)} kB in all`);
} finally {
  await browser.close();
  killAll();
}
