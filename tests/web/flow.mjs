/* The Flow view: of one model, and of two side by side. */
import { address, assert, idle, open, pixels, until } from "./harness.mjs";

const UPPER = ".plane .layer:last-child", LOWER = ".plane .layer:first-child";
const LEAST_FPS = 20; /* 60 on an idle machine; those that test are not */

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
    const [x, y, t] = new URLSearchParams((await address(page)).split("?")[1]).get("at").split(",").map(Number);
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
    assert(!(await address(page)).includes(";"), "the removed point stays in the URL");
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
    const [cx, , half] = new URLSearchParams((await address(page)).split("?")[1]).get("view").split(",").map(Number);
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
    const closest = new URLSearchParams((await address(page)).split("?")[1]).get("view");
    await page.reload();
    await idle(page);
    assert(new URLSearchParams((await address(page)).split("?")[1]).get("view") === closest, `the closest, ${closest}, is not opened again`);
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
    const kept = new URLSearchParams((await address(page)).split("?")[1]);
    assert(kept.get("n") === "300" && kept.get("tolerance") === "0.001" && !kept.has("at"), await address(page));
  });

  await harness.test("flow: plays again and again, until it is told not to", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=0.8&speed=4`);
    await idle(page);
    const time = async () => Number((await page.locator(".time").textContent()).slice(4)), loop = page.getByRole("button", { name: "Loop" });
    await loop.click();
    await until(async () => (await time()) < 0.6, "the start again");
    assert(await page.getByRole("button", { name: "Pause" }).count(), "it does not play");
    await loop.click();
    await until(() => page.getByRole("button", { name: "Play" }).count(), "the end");
    await page.waitForTimeout(1200);
    assert((await time()) === 1, "it went on");
  });

  await harness.test("flow: axes have the names of a table's columns", { reducedMotion: "reduce" }, async (page) => {
    const hash = `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`;
    await open(page, daemon, hash);
    await idle(page);
    const unnamed = await pixels(page, UPPER);
    await page.route("**/v1/models", async (route) => {
      const response = await route.fetch(), list = await response.json();
      await route.fulfill({ response, json: { ...list, models: list.models.map((m) => ({ ...m, columns: ["height", "weight"] })) } });
    });
    await page.reload();
    await idle(page);
    assert((await pixels(page, UPPER)).inked > unnamed.inked + 300, "no names");
    await harness.shot(page, "flow-names");
  });

  await harness.test("the link of a view can be copied", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    await page.getByRole("button", { name: "Copy link" }).click();
    assert((await page.evaluate(() => navigator.clipboard.readText())) === await address(page), "another text");
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

const planeAt = (i) => `.flow-pane:nth-child(${i + 1}) .layer:last-child`;

export async function sideBySideTests(harness, daemon, { plane, other }) {
  const sums = (page) => Promise.all([0, 1].map(async (i) => (await pixels(page, planeAt(i))).sum));
  const still = { reducedMotion: "reduce" };

  await harness.test("side by side: two solvers start from the same noise, on one clock", still, async (page) => {
    const bodies = [];
    page.on("request", (request) => request.method() === "POST" && bodies.push(request.postDataJSON()));
    await open(page, daemon, `#/flow/${plane}?with=*&points=1&density=0&grid=0&n=200&seed=5&steps=20&steps2=2`);
    await idle(page);
    const carried = bodies.filter(({ seed }) => seed === 5);
    assert(carried.length === 2 && carried.every(({ n }) => n === 200), `not two requests of 200 points: ${carried.length}`);
    assert(carried.map(({ solver }) => `${solver.method} ${solver.steps}`).sort().join() === "euler 2,midpoint 20", "other solvers");
    const early = await sums(page);
    assert(early[0] === early[1], "they do not start alike");
    await page.locator(".player input").fill("1");
    await until(async () => (await sums(page)).every((sum, i) => sum !== early[i]), "both to follow the clock");
    const [first, second] = await sums(page);
    assert(first !== second, "two steps of Euler look like twenty of midpoint");
    await page.getByLabel("Its steps").fill("40");
    await page.getByLabel("Its steps").blur();
    await until(async () => (await sums(page))[1] !== second, "the second to change");
    assert((await sums(page))[0] === first, "the first changed too");
    assert((await address(page)).includes("steps2=40") && (await page.locator(".flow-pane figcaption").nth(1).textContent()).endsWith("euler, 40 steps"), await address(page));
    await page.reload();
    await idle(page);
    assert((await sums(page))[0] === first, "another picture after a reload");
  });

  await harness.test("side by side: what is refused is said at the side that is at fault; a class that the other lacks is not asked of it",
    { ...still, expected: /422/ }, async (page) => {
      await page.route("**/trajectories", (route) => (route.request().postDataJSON().solver.method === "euler"
        ? route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ detail: "too many, on purpose", field: "solver.steps" }) })
        : route.continue()));
      await open(page, daemon, `#/flow/${plane}?with=*&points=1&density=0&grid=0&n=100&steps=4&t=1`);
      const words = (field) => page.locator(`[data-field="${field}"] .refusal`).textContent();
      await until(async () => (await words("second solver.steps")) === "too many, on purpose", "the refusal at the second");
      assert((await words("solver.steps")) === "", "it is said at the first");
      const asked = await page.evaluate(async () => {
        const { conditionOfOther } = await import("/web/lib/request-settings.js");
        const other = { classes: 3, guidance: 1.5 }, free = { ...other, null_class: true };
        return [conditionOfOther({ classes: 0 }, { label: 2 }), conditionOfOther(other, { label: 2 }), conditionOfOther(other, { label: 7 }),
          conditionOfOther(free, { label: 7 }), conditionOfOther(free, { label: 1, guidance: 3 }), conditionOfOther(free, {})];
      });
      const wanted = [{}, { label: 2 }, { label: 0 }, { label: -1 }, { label: 1, guidance: 3 }, { label: -1 }];
      assert(JSON.stringify(asked) === JSON.stringify(wanted), JSON.stringify(asked));
    });

  if (!other)
    return console.log("side by side: of two models skipped, there is but one of the plane");
  await harness.test("side by side: two models, asked about the same points of the same part of the plane", still, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    await page.getByLabel("Side by side with").selectOption(other);
    await until(async () => (await page.locator(".flow-pane").count()) === 2, "the second plane");
    assert(await page.getByLabel("Side by side with").evaluate((e) => e === document.activeElement), "the choice lost the focus");
    await idle(page);
    const before = await sums(page);
    assert(before[0] !== before[1], "two models look alike");
    const frame = await page.locator(planeAt(1)).boundingBox();
    await page.mouse.click(frame.x + 0.6 * frame.width, frame.y + 0.4 * frame.height);
    await until(async () => (await page.locator(".tracer dl").count()) === 2, "what both say of the point");
    const [x, y] = new URLSearchParams((await address(page)).split("?")[1]).get("at").split(",").map(Number);
    for (const [i, name] of [plane, other].entries()) {
      const { log_density: [truth] } = await daemon.post(`${name}/log-density`, { points: [[x, y]] });
      const told = (await page.locator(".tracer").nth(i).locator("dd").first().textContent()).replace("−", "-").replace(",", "");
      assert(Math.abs(parseFloat(told) - truth) <= 1e-3 * Math.abs(truth), `${name}: ${told} is not ${truth}`);
    }
    const asked = await sums(page);
    await page.mouse.wheel(0, -500);
    await until(() => /view=/.test(page.url()), "the URL to follow");
    await until(async () => (await sums(page)).every((sum, i) => sum !== asked[i]), "both to zoom");
    await page.getByRole("button", { name: "Remove point 1" }).nth(1).click();
    assert(!(await page.locator(".tracer").count()), "the point is still asked of the other");
    await page.getByLabel("Its steps").fill("7");
    await page.getByLabel("Its steps").blur();
    await page.getByLabel("Side by side with").selectOption({ label: "nothing" });
    await until(async () => (await page.locator(".flow-pane").count()) === 1, "one plane");
    assert(!(await address(page)).includes("with="), await address(page));
    assert(!(await page.locator(".refusal:visible").count()), "there are words about a setting that went with the second plane");
  });

  await harness.test("side by side: planes are beside each other, and on phones below", still, async (page) => {
    await open(page, daemon, `#/flow/${plane}?with=${other}&points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    const corners = () => Promise.all([0, 1].map((i) => page.locator(planeAt(i)).boundingBox()));
    for (const [width, beside] of [[1440, true], [768, true], [360, false]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(120);
      const [a, b] = await corners();
      assert(beside ? a.y === b.y && b.x > a.x + a.width : a.x === b.x && b.y > a.y + a.height, `at ${width}: ${JSON.stringify([a, b])}`);
      assert((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `too wide at ${width}`);
      await harness.shot(page, `side-by-side-${width}`);
    }
  });
}
