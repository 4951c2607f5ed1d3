/* Each view, used as a person would. */
import { execFileSync } from "node:child_process";
import { address, assert, idle, open, pixels, saved, until } from "./harness.mjs";

/* Strokes in parts of the pad's side. */
const DIGITS = {
  1: [[[0.5, 0.15], [0.5, 0.85]]],
  3: [[[0.3, 0.25], [0.45, 0.18], [0.62, 0.2], [0.68, 0.3], [0.6, 0.42], [0.45, 0.48], [0.6, 0.52],
    [0.7, 0.62], [0.66, 0.76], [0.5, 0.83], [0.32, 0.78]]],
  7: [[[0.28, 0.2], [0.7, 0.2], [0.5, 0.5], [0.42, 0.85]]],
};

/* Parts of the pad's side as pixels of the page. */
async function padScale(page) {
  await page.getByRole("button", { name: "Clear" }).click();
  const box = await page.locator(".pad").boundingBox();
  return ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
}

/* By fingers: a second one rests on the pad meanwhile and must not draw. */
async function touchDigit(page, digit) {
  const at = await padScale(page), client = await page.context().newCDPSession(page);
  const point = (place, id) => { const [x, y] = at(place); return { x, y, id }; };
  const resting = point([0.05, 0.95], 1);
  const send = (type, touchPoints) => client.send("Input.dispatchTouchEvent", { type, touchPoints });
  for (const [first, ...rest] of DIGITS[digit]) {
    await send("touchStart", [point(first, 0)]);
    await send("touchStart", [point(first, 0), resting]);
    let [x, y] = first;
    for (const [nextX, nextY] of rest) {
      for (let k = 1; k <= 5; k++)
        await send("touchMove", [point([x + (nextX - x) * k / 5, y + (nextY - y) * k / 5], 0), resting]);
      [x, y] = [nextX, nextY];
    }
    await send("touchEnd", []);
  }
}

/* Strokes by mouse, on a pad that is cleared. */
async function draw(page, strokes) {
  const at = await padScale(page);
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of rest)
      await page.mouse.move(...at(point), { steps: 5 });
    await page.mouse.up();
  }
}

export function drawDigit(page, digit) {
  return draw(page, DIGITS[digit]);
}

export async function posteriorTests(harness, daemon, { given }) {
  if (!given) {
    console.log("posterior: skipped, no model takes a context");
    return;
  }
  const far = Array(given.context.size).fill(1e3);
  await harness.test("posterior: samples follow the context, which the URL keeps", {}, async (page) => {
    await open(page, daemon, `#/posterior/${given.name}?n=500&steps=8`);
    await idle(page);
    const fact = page.locator(".facts dd").first(), before = await pixels(page, ".pairs canvas");
    await until(() => fact.count(), "the intervals");
    assert(before.inked > 300, "nothing is drawn");
    const told = await fact.textContent();
    await page.locator("#context-0").focus();
    for (let k = 0; k < 60; k++)
      await page.keyboard.press("ArrowLeft");
    await idle(page);
    await until(async () => (await fact.textContent()) !== told, "other intervals");
    assert((await pixels(page, ".pairs canvas")).sum !== before.sum, "the picture stayed");
    assert((await address(page)).includes("context="), "the URL has no context");
    const kept = await page.locator("#context").inputValue();
    await page.reload();
    await until(async () => (await page.locator("#context").inputValue()) === kept, "the same after a reload");
    await harness.shot(page, "posterior");
  });

  await harness.test("posterior: contours hold half and nine tenths of the points, narrow as they may lie", {}, async (page) => {
    await open(page, daemon, `#/posterior/${given.name}?n=100&steps=4`);
    const shares = await page.evaluate(async () => {
      const { contoursOf } = await import("/web/plane/pairs.js"), points = [];
      for (let k = 0; k < 2000; k++) { /* two arcs, thin against the axes */
        const angle = Math.PI * (k % 1000) / 1000, radius = 0.1 + 0.01 * Math.sin(17 * k) * Math.sin(5 * k), side = k < 1000 ? 1 : -1;
        points.push([side * (0.3 + radius * Math.cos(angle)), side * (0.3 + radius * Math.sin(angle))]);
      }
      const at = (v) => v + 0.5; /* in shares of the range */
      return contoursOf(points, [-0.5, 0.5], [-0.5, 0.5], 40).map((pieces) => points.filter(([x, y]) =>
        pieces.filter(([x0, y0, x1, y1]) => (y0 > at(y)) !== (y1 > at(y)) && /* crossed on the way to the right */
          x0 + (at(y) - y0) / (y1 - y0) * (x1 - x0) > at(x)).length % 2).length / points.length);
    });
    assert(Math.abs(shares[0] - 0.5) < 0.05 && Math.abs(shares[1] - 0.9) < 0.05, `they hold ${shares.join(" and ")}`);
  });

  await harness.test("posterior: a pasted context is checked, and one far away is said to be", {}, async (page) => {
    await open(page, daemon, `#/posterior/${given.name}?n=100&steps=4`);
    await idle(page);
    await page.locator("#context").fill("one");
    await page.keyboard.press("Enter");
    await until(() => page.getByText(`The context must be ${given.context.size} number`).isVisible(), "the refusal");
    await page.locator("#context").fill(`[${far.join(", ")}]`);
    await page.keyboard.press("Enter");
    await until(() => page.getByText("the model extrapolates").isVisible(), "the warning");
    assert((await address(page)).includes(`context=${far.join()}`), "the URL has another context");
  });
}

/* The verdict begins so. */
async function toldAs(page, digit) {
  await until(async () => (await page.locator("#verdict").count()) &&
    (await page.locator("#verdict").textContent()).startsWith(`Looks like ${digit}`), `a ${digit}`);
}

/* As precise as a first request for more makes it. */
async function refined(page) {
  await idle(page);
  const more = page.getByRole("button", { name: "Refine" });
  if (await more.isVisible())
    await more.click();
  await until(() => page.locator(".card").first().textContent().then((text) => text.includes("±")), "an error");
  await idle(page);
}

async function tilesFilled(page) {
  for (const i of [0, 1, 2, 3, 4, 5, 6])
    assert((await page.locator(".tile canvas").nth(i).evaluate((c) => c.width)) > 1, `tile ${i} is empty`);
}

export async function imageTests(harness, daemon, { images, student }) {
  await harness.test("generate: images form, and can be had as files", {}, async (page) => {
    await open(page, daemon, `#/generate/${images}?classes=3,8&each=3&frames=8&steps=8&guidance=2&seed=5`);
    await idle(page);
    assert((await address(page)).includes("classes=3,8"), "the URL keeps the classes");
    const first = await pixels(page, ".pictures canvas");
    await page.locator(".player input").fill("0");
    await until(async () => (await pixels(page, ".pictures canvas")).sum !== first.sum, "noise at t = 0");
    await page.locator(".pictures canvas").focus();
    await page.keyboard.press("ArrowRight");
    await until(async () => (await page.locator(".strip h2").textContent()).includes("class 8"), "image 2 to be an 8");
    const png = await saved(page, "Images as PNG"), moving = await saved(page, "Forming, as animated PNG"), npy = await saved(page, "Samples as NPY");
    assert(png.bytes.toString("latin1", 1, 4) === "PNG" && !png.bytes.includes("acTL"), "no PNG");
    assert(moving.bytes.includes("acTL"), "no animation");
    assert(npy.bytes.toString("latin1", 1, 6) === "NUMPY" && /\(6, \d+/.test(npy.bytes.toString("latin1", 0, 128)), "no array of six");
    assert(png.name.startsWith(`${images}-seed-5`), png.name);
    const wide = await page.locator(".strip canvas").evaluate((canvas) => canvas.width);
    await page.setViewportSize({ width: 360, height: 720 });
    await page.locator(".player input").fill("0.5");
    await until(async () => (await page.locator(".strip canvas").evaluate((canvas) => canvas.width)) < 0.6 * wide, "fewer, larger images on a phone");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole("button", { name: "New seed" }).click();
    await idle(page);
    assert(!/seed=5(&|$)/.test(await address(page)), "the seed is the old one");
    await page.getByRole("button", { name: "Open in Draw" }).click();
    await until(() => page.locator("#verdict").count(), "a verdict");
  });

  if (student)
    await harness.test("generate: a draft by a model of few steps stands in for the noise, and is gone at the end", {}, async (page, tell) => {
      const { name, flow_map: { teacher } } = student, settings = "classes=3,8&each=2&frames=4&steps=15&seed=5";
      await open(page, daemon, `#/generate/${teacher}?${settings}&draft=nothing`);
      await idle(page);
      const exact = await pixels(page, ".pictures canvas");
      let goOn;
      const held = new Promise((resolve) => { goOn = resolve; });
      await page.route(`**/models/${teacher}/trajectories`, async (route) => {
        await held;
        await route.continue();
      });
      await page.getByLabel("Draft by").selectOption(name);
      assert((await pixels(page, ".pictures canvas")).sum === exact.sum, "images that are there are computed again");
      await page.getByRole("button", { name: "Run again" }).click();
      await until(async () => (await pixels(page, ".pictures canvas")).inked > 0, "the draft");
      assert((await pixels(page, ".pictures canvas")).sum !== exact.sum, "the exact images in place of a draft");
      await page.getByRole("button", { name: "Cancel: Forming 4 images" }).click();
      await until(async () => !(await pixels(page, ".pictures canvas")).inked, "the draft to go with what it stands for");
      goOn();
      await page.getByRole("button", { name: "Run again" }).click();
      await idle(page);
      assert((await pixels(page, ".pictures canvas")).sum === exact.sum, "other images than without a draft");
      assert(!(await address(page)).includes("draft="), "the usual draft is in the URL");
      tell(`by ${name}`);
    });

  if (student)
    await harness.test("draw and generate: a model of few steps is asked for no other guidance than its teacher's", {}, async (page) => {
      const refused = [];
      page.on("response", (response) => response.status() >= 400 && refused.push(response.url()));
      await open(page, daemon, `#/generate/${student.name}?classes=3,8&each=2&frames=4&compare=solver`);
      await idle(page);
      assert(!(await page.getByLabel("Guidance").count()), "guidance can be set");
      await open(page, daemon, `#/draw/${student.name}`);
      await page.getByRole("button", { name: "Use a generated digit" }).click();
      await idle(page);
      await tilesFilled(page);
      assert(!refused.length, refused.join());
    });

  await harness.test("draw: drawn digits are told, weighed and answered", {}, async (page, tell) => {
    await open(page, daemon, `#/draw/${images}`);
    for (const digit of Object.keys(DIGITS)) {
      await drawDigit(page, digit);
      await toldAs(page, digit);
    }
    tell(`${Object.keys(DIGITS).length} digits told`);
    await idle(page);
    assert((await page.locator(".bar").count()) === 10, "not ten bars");
    const words = await page.locator(".card").first().textContent();
    assert(/log-density [\d,.−]+ nats ± [\d.]+, [\d.]+ bits\/dim/.test(words), words);
    await tilesFilled(page);
    await harness.shot(page, "draw");
  });

  await harness.test("draw: by keyboard, and a sample instead", {}, async (page) => {
    await open(page, daemon, `#/draw/${images}`);
    await page.locator(".pad").focus();
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", " ", ...Array(12).fill("ArrowDown"), " "])
      await page.keyboard.press(key);
    await until(() => page.locator("#verdict").textContent().then((text) => /^Looks like 1|nearest: 1/.test(text)), "a 1");
    await page.getByRole("button", { name: "Use a generated digit" }).click();
    await idle(page);
    assert(await page.locator("#verdict").count(), "no verdict on the sample");
  });
}

/* The best model of images that is served, with the page's own settings: what a visitor meets. */
export async function bestTests(harness, daemon, { plane, best, curved }) {
  if (curved)
    await harness.test("draw: where the data's units are curved, weighing and mixing are as good", { hasTouch: true }, async (page, tell) => {
      await open(page, daemon, `#/draw/${curved}`);
      await touchDigit(page, 3);
      await toldAs(page, 3);
      await refined(page);
      const words = await page.locator(".card").first().textContent(), error = words.match(/± [\d.]+/);
      assert(error, words);
      tell(`${error} nats`);
      await tilesFilled(page);
    });

  await harness.test("digits are one click away, by the best model", { hasTouch: true }, async (page, tell) => {
    await open(page, daemon, `#/flow/${plane}?n=50&steps=4&t=1&points=1&density=0`);
    await idle(page);
    const began = Date.now();
    await page.getByRole("link", { name: "Generate" }).click();
    await until(() => page.url().includes(`/generate/${best}`), `${best} to be chosen`);
    await until(() => page.locator(".time").textContent().then((t) => t.endsWith("1.00")), "images at t = 1");
    tell(`images in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    await page.getByRole("link", { name: "Draw" }).click();
    await touchDigit(page, 3);
    await toldAs(page, 3);
    const bits = Number((await page.locator(".card").first().textContent()).match(/([\d.−]+) bits/)[1].replace("−", "-"));
    assert(bits > 0 && bits < 8, `${bits} bits/dim`);
    tell(`a 3 has ${bits} bits/dim`);
    await page.getByRole("link", { name: "Flow" }).click();
    await until(() => page.url().includes(`/flow/${plane}`), "the model of before");
  });
}

/* What is no digit is not called one. */
export async function nonDigitTests(harness, daemon, { curved, images }) {
  const strokes = { scribble: [[0.05, 0.05], [0.95, 0.2], [0.05, 0.35], [0.95, 0.5], [0.05, 0.65], [0.95, 0.8], [0.05, 0.95]],
    three: DIGITS[3][0] };
  for (const model of new Set([curved ?? images]))
    await harness.test(`draw: ${model} says what is unlike any digit, beside a ruler`, {}, async (page) => {
      await open(page, daemon, `#/draw/${model}`);
      assert(!(await page.locator(".tile").first().isVisible()), "empty pictures before anything is drawn");
      await draw(page, [strokes.scribble]);
      await until(() => page.locator("#verdict").count(), "a verdict");
      const text = await page.locator(".card").first().textContent();
      assert(/^Unlike any digit/.test(text) && !text.includes("100.0 %"), text);
      const marks = await page.locator(".ruler").evaluate((ruler) => {
        const at = (name) => ruler.querySelector(name).getBoundingClientRect();
        return { here: at("circle.here").left, end: at("rect.all").right };
      });
      assert(marks.here > marks.end, "the ruler has it among the digits");
      await harness.shot(page, "draw-scribble");
      await draw(page, [strokes.three]);
      await until(() => page.locator("#verdict").textContent().then((t) => t.startsWith("Looks like 3")), "a 3");
    });
}

export async function modelTests(harness, daemon, { plane }) {
  await harness.test("model page: facts, and curl commands that do what the page did", {}, async (page) => {
    await open(page, daemon, `#/flow/${plane}?n=50&steps=4&t=1&points=1&density=0`);
    await idle(page);
    await page.getByRole("link", { name: "Model", exact: true }).click();
    await idle(page);
    const text = await page.locator("main").textContent();
    for (const word of ["parameters", "digest", "Server limits", "Training", "Samples", "Is this model good?"])
      assert(text.includes(word), `no ${word}`);
    await page.getByText("API calls").click();
    const pre = page.locator(".command", { hasText: "trajectories" }).locator("pre");
    const command = await pre.textContent();
    const answer = execFileSync("sh", ["-c", command], { encoding: "utf8" });
    const last = JSON.parse(answer.trim().split("\n").at(-1));
    assert(last.t === 1 && last.states.length > 1, `curl gave ${answer.slice(0, 200)}`);
  });
}
