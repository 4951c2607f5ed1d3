/* Each view, used as a person would. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { assert, idle, open, pixels, until } from "./harness.mjs";

const UPPER = ".plane .layer:last-child", LOWER = ".plane .layer:first-child";
const LEAST_FPS = 20; /* 60 on an idle machine; those that test are not */

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

/* Frames a second while `ms` of animation run. */
function frameRate(page, ms) {
  return page.evaluate((span) => new Promise((done) => {
    let n = 0;
    const began = performance.now();
    const frame = () => {
      const now = performance.now() - began;
      if (now < span) {
        n++;
        requestAnimationFrame(frame);
      } else {
        done(n / now * 1000);
      }
    };
    requestAnimationFrame(frame);
  }), ms);
}

export async function flowTests(harness, daemon, { plane }) {
  await harness.test("flow: points move, overlays come and go", {}, async (page) => {
    await open(page, daemon, `#/flow/${plane}?n=300&steps=10&speed=4&points=1&density=0&grid=0`);
    await until(() => page.locator(".time").textContent().then((t) => Number(t.slice(4)) > 0.3), "time to run by itself");
    const early = await pixels(page, UPPER);
    assert(early.inked > 300, "nothing is drawn");
    await until(() => page.getByRole("button", { name: "Play" }).count(), "the end");
    const late = await pixels(page, UPPER);
    assert(late.sum !== early.sum, "the points did not move");
    await page.getByLabel("Velocity").check();
    await until(async () => (await pixels(page, UPPER)).inked > late.inked + 2000, "arrows");
    await page.getByLabel("Velocity").uncheck();
    await page.getByLabel("Deforming grid").check();
    await until(async () => (await pixels(page, UPPER)).inked > late.inked + 2000, "a grid");
    await page.getByRole("checkbox", { name: "Density" }).check();
    await until(() => page.locator(".legend").isVisible(), "the density");
    const dense = await pixels(page, LOWER);
    assert(dense.inked > 1e5, "no density");
    await page.locator(".task", { hasText: "density" }).getByRole("button", { name: "Cancel" }).click();
    await harness.shot(page, "flow-overlays");
    await page.getByRole("checkbox", { name: "Density" }).uncheck();
    await until(async () => (await pixels(page, LOWER)).inked < 1e5, "the density to go");
  });

  await harness.test("flow: a click and a key ask about a point, and the URL keeps it", {}, async (page) => {
    await open(page, daemon, `#/flow/${plane}?n=100&steps=4&t=1&points=1&density=0`);
    await idle(page);
    const box = await page.locator(UPPER).boundingBox();
    await page.mouse.click(box.x + 0.6 * box.width, box.y + 0.4 * box.height);
    await until(() => page.locator(".tracer dd").count(), "the facts");
    const [x, y, t] = new URLSearchParams(page.url().split("?")[1]).get("at").split(",").map(Number);
    assert(t === 1, "the click is at t = 1");
    const { log_density: [truth] } = await daemon.post(`${plane}/log-density`, { points: [[x, y]] });
    const told = (await page.locator(".tracer dd").first().textContent()).replace("−", "-").replace(",", "");
    assert(Math.abs(parseFloat(told) - truth) <= 1e-3 * Math.abs(truth), `${told} is not ${truth}`);
    await page.locator(UPPER).focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Enter");
    await until(async () => (await page.locator(".tracer dl").count()) === 2, "the second point");
    await page.reload();
    await until(async () => (await page.locator(".tracer dl").count()) === 2, "both after a reload");
    await page.getByRole("button", { name: "Remove point 2" }).click();
    assert(!page.url().includes(";"), "the removed point stays in the URL");
  });

  await harness.test("flow: opens on the density and the grid; what is hidden is not computed", { reducedMotion: "reduce" }, async (page) => {
    const asked = [];
    page.on("request", (request) => request.method() === "POST" && asked.push(request.postDataJSON()));
    await open(page, daemon, `#/flow/${plane}?steps=4`);
    await until(() => page.locator(".legend").isVisible(), "the density");
    await until(async () => (await pixels(page, UPPER)).inked > 5000, "the grid");
    await page.locator(".task", { hasText: "density" }).getByRole("button", { name: "Cancel" }).click();
    await idle(page);
    assert(!asked.some(({ seed, frames }) => seed === 1 && frames), "hidden points were asked for");
    await page.getByLabel("Seed").fill("3");
    await page.getByLabel("Seed").blur();
    await page.getByRole("checkbox", { name: "Density" }).uncheck();
    await idle(page);
    assert(!asked.some(({ seed }) => seed === 3), "a seed of hidden points was asked for");
    await page.getByRole("checkbox", { name: "Points" }).check();
    await idle(page);
    assert(asked.some(({ seed }) => seed === 3), "the points do not come");
  });

  await harness.test("flow: layers that are not there yet are left out and named", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=20000&steps=300&t=1`);
    await until(() => page.locator(".behind").isVisible(), "the word about points");
    const text = await page.locator(".behind").textContent();
    assert(/^Points: (computed up to t = 0\.\d\d|not computed yet)/.test(text), text);
    const labels = (await pixels(page, UPPER)).inked;
    assert(labels < 20000, `points are drawn at another time: ${labels} pixels`);
    await page.getByLabel("Number of points").fill("0");
    await page.getByLabel("Steps").fill("4");
    await page.getByLabel("Steps").blur();
    await until(async () => !(await page.locator(".behind").isVisible()), "the points");
  });

  await harness.test("flow: zoom and pan, kept in the URL; a drag asks about no point", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    const frame = await page.locator(UPPER).boundingBox(), [x, y] = [frame.x + frame.width / 2, frame.y + frame.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -500);
    await page.mouse.down();
    await page.mouse.move(x + 80, y, { steps: 4 });
    await page.mouse.up();
    await until(() => /view=/.test(page.url()), "the URL to follow");
    const [cx, , half] = new URLSearchParams(page.url().split("?")[1]).get("view").split(",").map(Number);
    assert(cx < -0.1, `the middle is at ${cx}`);
    assert(half < 4, `half the width is ${half}`);
    assert(!(await page.locator(".tracer").count()), "the drag was a click");
    await page.getByRole("button", { name: "Show the whole plane" }).click();
    await until(() => !/view=/.test(page.url()), "the whole");
    await page.locator(UPPER).focus();
    await page.keyboard.press("+");
    await until(() => /view=/.test(page.url()), "the key to zoom");
    for (let n = 0; n < 20; n++)
      await page.keyboard.press("+");
    await idle(page);
    await until(() => Number(page.url().split(",").at(-1)) < 0.1, "the closest");
    const closest = new URLSearchParams(page.url().split("?")[1]).get("view");
    await page.reload();
    await idle(page);
    assert(new URLSearchParams(page.url().split("?")[1]).get("view") === closest, `the closest, ${closest}, is not opened again`);
  });

  await harness.test("flow: dopri5 has a tolerance in place of steps, and settings go along to other models", {}, async (page) => {
    const bodies = [];
    page.on("request", (request) => request.method() === "POST" && bodies.push(request.postDataJSON()));
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=300&t=1&method=dopri5&at=1,0.5,1`);
    await idle(page);
    assert(!(await page.getByLabel("Steps").isVisible()), "steps of dopri5");
    await page.getByLabel("Tolerance").selectOption("0.001");
    await idle(page);
    assert(bodies.some(({ solver }) => solver?.rtol === 1e-3 && solver.atol === 1e-3), "the tolerance is not asked for");
    const other = await page.locator("#models optgroup").first().locator("option").nth(1).textContent();
    await page.locator("#models").selectOption(other);
    await until(() => page.url().includes(other), "the other model");
    const kept = new URLSearchParams(page.url().split("?")[1]);
    assert(kept.get("n") === "300" && kept.get("tolerance") === "0.001" && !kept.has("at"), page.url());
  });

  await harness.test("a picture of the view knows what it shows: dropped on the page it opens that", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=200&seed=9&steps=4&t=0.5`);
    await idle(page);
    const hash = new URL(page.url()).hash, { bytes } = await saved(page, "Picture as PNG");
    assert(bytes.includes("Advect-Link") && bytes.includes("seed=9"), "the picture does not say what it shows");
    const drop = (data, name) => page.evaluate(([base64, file]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], file));
      window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
    }, [data.toString("base64"), name]);
    await open(page, daemon, `#/model/${plane}`);
    await idle(page);
    for (const [data, name] of [[Buffer.from("x,y\n1,2\n"), "points.csv"], [bytes.subarray(0, 60), "cut.png"]]) {
      await drop(data, name);
      await until(() => page.getByText(`${name} is no picture that this page made`).isVisible(), "the refusal");
    }
    await drop(bytes, "picture.png");
    await until(() => new URL(page.url()).hash === hash, "the view of before");
    await idle(page);
  });

  await harness.test("the link of a view can be copied", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    await page.getByRole("button", { name: "Copy link" }).click();
    assert((await page.evaluate(() => navigator.clipboard.readText())) === page.url(), "another text");
  });

  await harness.test("flow: 5,000 points with the field on", { reducedMotion: "reduce" }, async (page, tell) => {
    await open(page, daemon, `#/flow/${plane}?n=5000&steps=4&field=1&points=1&density=0&grid=0`);
    await idle(page);
    await page.getByRole("button", { name: "Play" }).click();
    const rate = await frameRate(page, 3000);
    tell(`${rate.toFixed(0)} frames/s`);
    assert(rate > LEAST_FPS, `only ${rate} frames a second`);
  });
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
    assert(page.url().includes("context="), "the URL has no context");
    const kept = await page.locator("#context").inputValue();
    await page.reload();
    await until(async () => (await page.locator("#context").inputValue()) === kept, "the same after a reload");
    await harness.shot(page, "posterior");
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
    assert(page.url().includes(`context=${far.join()}`), "the URL has another context");
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

async function saved(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"),
    page.getByRole("button", { name, exact: true }).click()]);
  return { bytes: readFileSync(await file.path()), name: file.suggestedFilename() };
}

async function tilesFilled(page) {
  for (const i of [0, 1, 2, 3, 4, 5, 6])
    assert((await page.locator(".tile canvas").nth(i).evaluate((c) => c.width)) > 1, `tile ${i} is empty`);
}

export async function imageTests(harness, daemon, { images }) {
  await harness.test("generate: images form, and can be had as files", {}, async (page) => {
    await open(page, daemon, `#/generate/${images}?classes=3,8&each=3&frames=8&steps=8&guidance=2&seed=5`);
    await idle(page);
    assert(page.url().includes("classes=3,8"), "the URL keeps the classes");
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
    await page.getByRole("button", { name: "New seed" }).click();
    await idle(page);
    assert(!/seed=5(&|$)/.test(page.url()), "the seed is the old one");
    await page.getByRole("button", { name: "Open in Draw" }).click();
    await until(() => page.locator("#verdict").count(), "a verdict");
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

/* Widths, themes and weight; leaves a screenshot of each. */
export async function layoutTests(harness, daemon, { plane, space, images, given }) {
  const hashes = { flow: `#/flow/${plane}?n=1000&steps=8&t=0.8&points=1&field=1&density=0&at=1,0.5,1`, model: `#/model/${plane}`,
    generate: `#/generate/${images}?frames=4&steps=4`, draw: `#/draw/${images}`,
    ...space ? { points: `#/points/${space}?n=300&steps=4&turning=0` } : {},
    ...given ? { posterior: `#/posterior/${given.name}` } : {} };
  for (const [name, hash] of Object.entries(hashes))
    await harness.test(`${name}: nothing sticks out at 320, 768 and 1440 pixels`, {}, async (page) => {
      await open(page, daemon, hash);
      if (name === "draw")
        await drawDigit(page, 3);
      await idle(page);
      for (const [width, height] of [[320, 640], [768, 1024], [1440, 900]])
        for (const colorScheme of ["light", "dark"]) {
          await page.setViewportSize({ width, height });
          await page.emulateMedia({ colorScheme });
          await page.waitForTimeout(120);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert(over <= 0, `${over} pixels too wide at ${width}`);
          await harness.shot(page, `${name}-${width}-${colorScheme}`);
        }
    });

  await harness.test("the page is light and there within a second or so", {}, async (page, tell) => {
    const files = new Set();
    page.on("response", (reply) => files.add(reply.url()));
    await open(page, daemon, `#/model/${plane}`);
    await idle(page);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    let bytes = 0;
    for (const url of files)
      if (url === `${daemon.url}/` || /\/(web|clients)\//.test(url))
        bytes += (await (await fetch(url)).arrayBuffer()).byteLength;
    tell(`${(bytes / 1000).toFixed(0)} kB before compression, first paint after ${paint.toFixed(0)} ms`);
    assert(bytes < 230000, "more than 230 kB");
    assert(bytes > 50000, "it was not counted");
    assert(paint < 3000, "slow, even for a busy machine");
  });
}
