/* Generate: images by several values of a setting, images that are kept, and what lies between them; and
 * Draw: a digit to trace. */
import { address, assert, idle, open, pixels, saved, until } from "./harness.mjs";

const still = { reducedMotion: "reduce" };
const quick = "classes=3,8&each=2&frames=2&steps=4&seed=5";

/* The levels of an image in a grid of images with a gap of one pixel. */
function levelsAt(page, selector, [column, row] = [0, 0]) {
  return page.locator(selector).evaluate((canvas, [x, y]) => {
    const side = 28, { data } = canvas.getContext("2d").getImageData(x * (side + 1), y * (side + 1), side, side);
    return Array.from({ length: side * side }, (_, i) => data[4 * i]).join();
  }, [column, row]);
}

/* Of a cell of a sheet; both count from 0. */
function cell(page, row, column) {
  return levelsAt(page, `.sheet tbody tr:nth-child(${row + 1}) td:nth-child(${column + 2}) canvas`);
}

/* Without the frame around the chosen image, which is the first. */
const shown = (page, i) => levelsAt(page, ".pictures canvas", [i, 0]);

async function comparesSettings(page, daemon, images) {
  await open(page, daemon, `#/generate/${images}?${quick}`);
  await idle(page);
  assert(!(await page.locator(".sheet").count()), "a comparison that nobody asked for");
  await page.getByLabel("Compare").focus();
  await page.keyboard.press("ArrowDown");
  await idle(page);
  assert((await address(page)).includes("compare=guidance"), "the URL does not have it");
  const names = await page.locator(".sheet tbody th").allTextContents();
  assert(names.join() === "guidance 0,guidance 1,guidance 2,guidance 4", names.join());
  assert((await cell(page, 1, 1)) === (await shown(page, 1)), "guidance 1 is not what the view shows");
  assert((await cell(page, 3, 1)) !== (await shown(page, 1)), "guidance 4 is the same");
  const without = await cell(page, 0, 0);
  await page.getByRole("button", { name: "class 3" }).press(" ");
  await idle(page);
  assert((await page.locator(".sheet thead th").first().textContent()) === "8 (image 1)", "the class has not changed");
  assert((await cell(page, 0, 0)) === without, "without guidance towards a class the class matters");
  const { bytes } = await saved(page, "Comparison as PNG");
  assert(bytes.readUInt32BE(16) > 200 && bytes.includes("compare=guidance"), "the picture does not know its view");
}

async function comparesTwoSettings(page, daemon, images) {
  await open(page, daemon, `#/generate/${images}?${quick}&compare=steps&against=solver&image=1`);
  await idle(page);
  const rows = await page.locator(".sheet tbody th").allTextContents(), columns = await page.locator(".sheet thead th").allTextContents();
  assert(rows.join() === "1 step,2 steps,4 steps,8 steps,16 steps,32 steps" && columns.join() === "euler,midpoint,heun,rk4", `${rows} ${columns}`);
  const step = rows.indexOf("4 steps"), reached = await cell(page, step, columns.indexOf("midpoint"));
  await page.locator(".pictures canvas").focus();
  await page.keyboard.press("ArrowLeft");
  await idle(page);
  assert(reached === (await shown(page, 1)), "what is compared is not the chosen image");
  assert((await page.getByText("Everything here starts from the noise of image 1.").count()) && !(await address(page)).includes("image="), "it does not follow the choice");
  await page.getByLabel("Solver").selectOption("dopri5");
  await idle(page);
  assert((await page.locator(".sheet tbody th").allTextContents()).join() === rows.join(), "solvers of fixed steps are compared by tolerance");
  await page.getByLabel("Across").selectOption("images");
  await idle(page);
  assert((await page.locator(".sheet tbody th").first().textContent()).startsWith("tolerance"), "dopri5 has no steps to set");
}

/* What was under way by other settings ends, and nothing is asked of no image. */
async function followsSettings(page, daemon, images) {
  const asked = [];
  page.on("request", (request) => request.url().endsWith("/samples") && asked.push(request.postDataJSON()));
  await open(page, daemon, `#/generate/${images}?classes=&each=2&frames=2&steps=4&compare=steps&kept=5,0,3.4`);
  await until(() => page.getByText("Choose at least one class.").isVisible(), "the refusal");
  await idle(page);
  assert(await page.getByRole("button", { name: "Keep" }).isDisabled() && !(await page.locator(".sheet").first().isVisible()), "of no image something is kept or compared");
  assert(asked.every(({ x0 }) => x0) && (await address(page)).includes("kept=5,0,3"), JSON.stringify(asked));
  let held = null, forming = null, holds = true;
  await page.route("**/samples", (route) => (route.request().postDataJSON().n && holds ? held = route : route.continue()));
  await page.getByRole("button", { name: "class 3", exact: true }).press(" ");
  await until(() => held, "the comparison to begin");
  await page.route("**/trajectories", (route) => (forming ? route.continue() : forming = route));
  await page.getByRole("button", { name: "New seed" }).click();
  await until(() => forming && held.request().failure(), "the comparison of before to end");
  holds = false;
  await forming.continue();
  await idle(page);
  const seed = Number((await address(page)).match(/seed=(\d+)/)[1]), ofComparison = asked.filter(({ n }) => n).slice(1); /* but for the one that is held */
  assert(ofComparison.length > 2 && ofComparison.every((body) => body.seed === seed), `seeds other than ${seed} in ${JSON.stringify(ofComparison)}`);
}

async function keeps(page, daemon, images) {
  await open(page, daemon, `#/generate/${images}?${quick}&image=1`);
  await idle(page);
  await page.getByRole("button", { name: "Keep" }).press("Enter");
  await idle(page);
  const tile = () => levelsAt(page, ".tile:nth-child(1) canvas"), first = await tile();
  await page.getByLabel("Seed", { exact: true }).fill("9007199254740991");
  await page.getByLabel("Seed", { exact: true }).blur();
  await page.locator(".pictures canvas").press("ArrowLeft");
  await idle(page);
  assert((await tile()) === first, "another seed changes what is kept");
  assert(first !== (await shown(page, 1)), "the seed changed nothing");
  await page.getByRole("button", { name: "Keep" }).press("Enter");
  await page.getByRole("button", { name: "Keep" }).press("Enter"); /* once is enough */
  await idle(page);
  assert((await address(page)).includes("kept=5,1,8;9007199254740991,0,3"), await address(page));
  await page.reload();
  await idle(page);
  const names = await page.locator(".sheet tbody th").allTextContents(), last = await levelsAt(page, ".tile:nth-child(2) canvas");
  assert(names.join() === "1 to 2, class 8,1 to 2, class 3", names.join());
  assert((await tile()) === first, "a reload changes what is kept");
  assert((await cell(page, 0, 0)) === first && (await cell(page, 1, 10)) === last, "the ends are not the images that are kept");
  assert(![first, last].includes(await cell(page, 0, 5)), "there is nothing between");
  await page.getByRole("button", { name: "Remove kept 2" }).press("Enter");
  await idle(page);
  assert(!(await page.locator(".sheet").isVisible()), "there is a way to nowhere");
  assert(await page.getByRole("button", { name: "Keep" }).evaluate((button) => button === document.activeElement), "the focus is lost");
  await page.getByRole("button", { name: "Remove kept 1" }).press("Enter");
  assert(!(await page.locator(".tile").count()) && !(await address(page)).includes("kept"), "the last one stays");
}

/* Of orthogonal rows at any place as long as these; of the same row that row; at the ends the rows. */
async function staysOnTheSphere(page, daemon) {
  await open(page, daemon);
  const faults = await page.evaluate(async () => {
    const { between } = await import("/web/images/kept.js"), a = [2, 0, 0], b = [0, 0, 2];
    const far = (x, y) => Math.hypot(...x.map((v, i) => v - y[i])) > 1e-12;
    return { long: [0, 0.3, 0.5, 1].filter((s) => Math.abs(Math.hypot(...between(a, b, s)) - 2) > 1e-12),
      middle: far(between(a, b, 0.5), [Math.SQRT2, 0, Math.SQRT2]), same: far(between(a, a, 0.4), a),
      ends: far(between([1, 2, 3], b, 0), [1, 2, 3]) || far(between([1, 2, 3], b, 1), b) };
  });
  assert(!faults.long.length && !faults.middle && !faults.same && !faults.ends, JSON.stringify(faults));
}

export async function comparisonTests(harness, daemon, { images }) {
  await harness.test("generate: guidances compared, by keyboard", still, (page) => comparesSettings(page, daemon, images));
  await harness.test("generate: steps against solvers, of one image", still, (page) => comparesTwoSettings(page, daemon, images));
  await harness.test("generate: what is below the images follows the settings", still, (page) => followsSettings(page, daemon, images));
  await harness.test("generate: images are kept, and interpolated", still, (page) => keeps(page, daemon, images));
  await harness.test("generate: interpolated noise is as long as noise", still, (page) => staysOnTheSphere(page, daemon));

  await harness.test("draw: a digit to trace is no part of the drawing", still, async (page) => {
    const line = async () => {
      await page.locator(".pad").focus();
      for (const key of [" ", "ArrowDown", "ArrowDown", " ", "ArrowUp", "ArrowUp"])
        await page.keyboard.press(key);
      await idle(page);
      return (await pixels(page, ".pad")).sum;
    };
    await open(page, daemon, `#/draw/${images}`);
    await idle(page);
    assert(await page.locator(".guide").isVisible(), "nothing to trace");
    assert(new Set((await levelsAt(page, ".guide")).split(",")).size > 10, "it is blank");
    assert(!(await page.locator("#verdict").count()), "there is a verdict before anything is drawn");
    const over = await line();
    await page.getByRole("button", { name: "Use a generated digit" }).click();
    await until(async () => !(await page.locator(".guide").isVisible()), "no guide under a whole image");
    await page.getByRole("button", { name: "Clear" }).click();
    await until(() => page.locator(".guide").isVisible(), "another one");
    await page.getByLabel("Trace a digit").press(" ");
    assert(!(await page.locator(".guide").isVisible()) && (await address(page)).includes("trace=0"), "it cannot be switched off");
    assert((await line()) === over, "the drawing differs");
  });
}
