/* What people do that the playground cannot, or not at once: it says so in words, and goes on. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, idle, until } from "../web/harness.mjs";
import { LONG, button, dropFile, inked, said } from "./view.mjs";

const MODEL_INPUT = 'input[accept=".safetensors"]';

async function fileTests(harness, go, scratch) {
  await harness.test("files that are none of its kind are refused in words, and nothing changes", {}, async (page) => {
    await go(page, "#/make/your-points?density=0");
    await idle(page, LONG);
    const table = page.locator('input[accept^=".csv"]'), model = page.locator(MODEL_INPUT);
    const open = (input, name, buffer) => input.setInputFiles({ name, mimeType: "", buffer: Buffer.from(buffer) });
    const refused = (pattern) => until(async () => pattern.test(await said(page)) &&
      await page.locator(".panel .refusal[role=status]").count(), `words like ${pattern}`);
    await open(table, "poem.csv", "to be, or not\nto be, that is\nthe question, whether\n");
    await refused(/^poem\.csv has no column of numbers/);
    await open(table, "noise.csv", Buffer.alloc(5000, 0xfe));
    await refused(/^noise\.csv has no column/);
    await open(model, "evil.safetensors", Buffer.alloc(5000, 0xff));
    await refused(/evil\.safetensors/);
    const header = Buffer.from(JSON.stringify({ __metadata__: {}, w: { dtype: "F32", shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await open(model, "liar.safetensors", Buffer.concat([length, header]));
    await refused(/liar\.safetensors/);
    const large = join(scratch, "large.safetensors");
    writeFileSync(large, "");
    truncateSync(large, 65e6);
    await model.setInputFiles(large);
    await refused(/^large\.safetensors has 65 MB; at most 64 MB are opened in a browser/);
    assert(await inked(page, 1) > 500, "the exact flow is gone");
    assert(await page.locator("#models option").count() === 3, "a refused model is listed");
  });

  await harness.test("a picture of another program, and a picture that is none, are told apart from one of ours", {}, async (page) => {
    await go(page, "#/make/your-points?density=0");
    await idle(page, LONG);
    for (const name of ["cat.png", "text.png"]) {
      const png = await page.evaluate(() => document.createElement("canvas").toDataURL());
      const text = name === "cat.png" ? atob(png.split(",")[1]) : "no picture at all";
      assert(await dropFile(page, { name, type: "image/png", text }), "the browser would open it in place of the page");
      await until(() => page.getByText(`${name} is not a picture or film made by this page`).count(), "the words");
    }
    assert(await inked(page, 1) > 500, "the exact flow is gone");
  });
}

async function browserTests(harness, go) {
  const lacks = { "SIMD": () => { WebAssembly.validate = () => false; }, "WebAssembly": () => { delete globalThis.WebAssembly; } };
  for (const [what, remove] of Object.entries(lacks))
    await harness.test(`a browser without ${what} is told so`, {}, async (page) => {
      await page.addInitScript(remove);
      await go(page);
      await until(() => page.getByText("which this browser lacks").count(), "the words");
    });

  await harness.test("a core that came broken is told of", { expected: /Failed to load resource|worker/i }, async (page) => {
    await page.route("**/core/advect.wasm", (route) => route.fulfill({ status: 200, contentType: "application/wasm", body: "no module" }));
    await go(page);
    await until(() => page.getByText("The list of models could not be loaded").count(), "the words");
  });
}

async function linkTests(harness, go) {
  await harness.test("links of another version open what they can, and say what they cannot", {}, async (page) => {
    await go(page, "#/make/your-points?preset=octopus&width=7&coupling=sinkhorn&train_steps=0&blur=9&future=1&density=0");
    await idle(page, LONG);
    const words = await page.locator(".panel .refusal").allTextContents();
    for (const part of ["Start from", "Width", "Coupling", "Training steps", "Width of a point"])
      assert(words.some((w) => w.startsWith(part)), `nothing about ${part}: ${words}`);
    assert(words.some((w) => w.startsWith("“future” of the link means nothing here")), `nothing about future: ${words}`);
    assert(await inked(page, 1) > 500, "no points of the exact flow");
    await go(page, "#/story/your-points?step=12");
    await page.reload();
    await until(() => page.getByRole("heading", { name: "Digits from noise" }).count(), "the last step");
    await go(page, "#/paint/your-points?x=1");
    await page.reload();
    await until(() => page.locator(".flow-pane").count(), "a view");
  });
}

async function paintingTests(harness, go) {
  await harness.test("ten thousand painted points: as many as fit are taken, and the flow is shown", {}, async (page) => {
    await go(page, "#/make/your-points?density=0");
    await idle(page, LONG);
    await button(page, "Clear").click();
    await page.locator(".flow-pane").first().locator("canvas").last().evaluate((canvas) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      const at = (name, i) => canvas.dispatchEvent(new PointerEvent(name, { pointerId: 1, bubbles: true,
        clientX: left + width * (0.5 + 0.3 * Math.cos(i / 50)), clientY: top + width * (0.5 + 0.3 * Math.sin(i / 35)) }));
      canvas.setPointerCapture = () => {};
      at("pointerdown", 0);
      for (let i = 1; i < 1250; i++)
        at("pointermove", i);
      at("pointerup", 1250);
    });
    await until(async () => /^4,096 points, the most that fit/.test(await said(page)), "the words");
    await idle(page, LONG);
    await button(page, "Paint").click();
    await until(async () => await inked(page, 1) > 100, "the exact flow");
  });
}

/* Stops the processes of the browser's tabs for a while, workers included, as when a lid is closed. */
async function sleepAll(browser, ms) {
  const session = await browser.newBrowserCDPSession(), { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const tabs = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  assert(tabs.length, "the browser tells no process of a tab");
  tabs.forEach((id) => process.kill(id, "SIGSTOP"));
  await new Promise((done) => setTimeout(done, ms));
  tabs.forEach((id) => process.kill(id, "SIGCONT"));
}

async function sleepTests(harness, go) {
  await harness.test("a tab that sleeps while it plays and trains goes on where it was", {}, async (page) => {
    await go(page, "#/make/your-points?density=0&train_steps=400&speed=0.25");
    await idle(page, LONG);
    await page.locator(".player input").fill("0");
    await button(page, "Play").click();
    await button(page, "Train").click();
    await until(() => page.locator(".curves svg").count(), "the training to begin", LONG);
    const time = () => page.locator(".player input").evaluate((slider) => slider.valueAsNumber);
    const before = await time(), began = Date.now();
    await sleepAll(page.context().browser(), 5000);
    const slept = (Date.now() - began) / 1000, after = await time();
    assert(after - before < 0.5 * slept / 24, `t went on by ${after - before} in a sleep of ${slept} s`); /* awake: 24 s from 0 to 1 */
    await until(() => button(page, "Train").count(), "the training to end", LONG);
    await idle(page, LONG);
    assert(/over 2,048 points/.test(await page.locator(".scene .lead").textContent()), "the training did not end well");
  });
}

/* go(page, hash) opens the playground. */
export async function faultTests(harness, go, scratch) {
  await fileTests(harness, go, scratch);
  await browserTests(harness, go);
  await linkTests(harness, go);
  await paintingTests(harness, go);
  await sleepTests(harness, go);
}
