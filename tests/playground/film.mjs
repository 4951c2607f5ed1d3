/* A film of a training for the documents: a network learns a spiral beside the exact flow, then both flows
 * run on one clock. The page is photographed as the training goes on, and the photographs are played to the
 * browser's recorder evenly afterwards, so that the film does not depend on how busy the machine is. With a
 * still picture, which pngquant makes small.
 *
 * usage: node film.mjs BUILD-FOLDER CHROMIUM FOLDER */
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "../web/browser.mjs";
import { assert, idle } from "../web/harness.mjs";
import { serve } from "./server.mjs";
import { button, LONG } from "./view.mjs";

const NAME = "playground-training", HASH = "#/make/your-points?preset=spiral&density=0&t=1";
const SIZE = { width: 768, height: 720 }, BARE = "header, footer, .panel, .why { display: none } main { padding: 8px }";
const FRAMES_PER_S = 12, LEARNING_S = 7, FLOW_S = 5, REST_S = 1.5;
const BITS_PER_S = 310e3, MOST_BYTES = 400e3, COLOURS = "64";

const photograph = async (page) => (await page.screenshot({ type: "jpeg", quality: 95 })).toString("base64");

/* So many of the list, evenly, with the first and the last. */
const evenly = (list, n) => Array.from({ length: n }, (_, i) => list[Math.round(i * (list.length - 1) / (n - 1))]);

async function photographTraining(page) {
  const photographs = [await photograph(page)];
  await button(page, "Train").click();
  while (!await button(page, "Train").count()) {
    photographs.push(await photograph(page));
    await page.waitForTimeout(100);
  }
  await idle(page, LONG);
  photographs.push(await photograph(page));
  return evenly(photographs, LEARNING_S * FRAMES_PER_S);
}

async function photographFlow(page) {
  const photographs = [], n = FLOW_S * FRAMES_PER_S;
  for (let i = 0; i < n; i++) {
    await page.locator(".player input").fill(String(Number((i / (n - 1)).toFixed(3))));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    photographs.push(await photograph(page));
  }
  return photographs;
}

/* In a page: the WebM of the photographs, as base64. */
async function record({ photographs, size, msPerFrame, restMs, bits }) {
  const canvas = Object.assign(document.createElement("canvas"), size), context = canvas.getContext("2d"), parts = [];
  const images = await Promise.all(photographs.map(async (photograph) =>
    createImageBitmap(await (await fetch(`data:image/jpeg;base64,${photograph}`)).blob())));
  context.drawImage(images[0], 0, 0); /* without which nothing starts */
  const stream = canvas.captureStream(0), [track] = stream.getVideoTracks();
  const recorder = new MediaRecorder(stream, { mimeType: "video/webm;codecs=vp9", videoBitsPerSecond: bits });
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const started = new Promise((done) => { recorder.onstart = done; }), ended = new Promise((done) => { recorder.onstop = done; });
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  recorder.start();
  await started;
  const began = performance.now();
  for (const [i, image] of images.entries()) {
    context.drawImage(image, 0, 0);
    track.requestFrame();
    await wait(Math.max(0, began + (i + 1) * msPerFrame - performance.now()));
  }
  await wait(restMs);
  recorder.stop();
  await ended;
  const reader = new FileReader();
  reader.readAsDataURL(new Blob(parts));
  await new Promise((done) => { reader.onload = done; });
  return reader.result.split(",")[1];
}

const [build, executable, folder] = process.argv.slice(2);
const server = await serve(build), browser = await launch(executable);
try {
  const page = await browser.newPage({ viewport: SIZE, reducedMotion: "reduce", colorScheme: "dark" });
  page.setDefaultTimeout(600000);
  await page.goto(server.url + HASH);
  await page.addStyleTag({ content: BARE });
  await idle(page, LONG);
  const training = await photographTraining(page);
  mkdirSync(folder, { recursive: true });
  const still = join(folder, `${NAME}.png`), film = join(folder, `${NAME}.webm`);
  await page.screenshot({ path: still });
  execFileSync("pngquant", ["--force", "--strip", "--nofs", "--speed", "1", "--output", still, COLOURS, still]);
  const photographs = [...training, ...Array(FRAMES_PER_S).fill(training.at(-1)), ...await photographFlow(page)];
  const studio = await browser.newPage();
  writeFileSync(film, Buffer.from(await studio.evaluate(record,
    { photographs, size: SIZE, msPerFrame: 1000 / FRAMES_PER_S, restMs: 1000 * REST_S, bits: BITS_PER_S }), "base64"));
  for (const path of [still, film])
    console.log(`${path}: ${(statSync(path).size / 1000).toFixed(0)} kB`);
  assert(statSync(film).size < MOST_BYTES, `the film has more than ${MOST_BYTES / 1000} kB`);
} finally {
  await browser.close();
  server.stop();
}
