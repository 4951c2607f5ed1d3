/* The view of points of other dimensions than two. */
import { address, assert, idle, open, pixels, until } from "./harness.mjs";

const CANVAS = ".space";

async function sumOf(page) {
  return (await pixels(page, CANVAS)).sum;
}

/* "t = 0.42" */
const clock = (page) => page.locator(".time").textContent().then((text) => Number(text.slice(4)));

export async function pointsTests(harness, daemon, { space }) {
  if (!space)
    return console.log("points: skipped, no model of three dimensions is there");
  const hash = `#/points/${space}?n=300&steps=4`;

  await harness.test("points: a cloud turns by itself until it is dragged", {}, async (page) => {
    await open(page, daemon, hash);
    await idle(page);
    assert((await pixels(page, CANVAS)).inked > 1000, "nothing is drawn");
    const before = await sumOf(page);
    await until(async () => (await sumOf(page)) !== before, "the cloud to turn");
    const box = await page.locator(CANVAS).boundingBox();
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.6 * box.height, { steps: 5 });
    await page.mouse.up();
    assert(!(await page.getByLabel("Turn slowly").isChecked()), "it goes on turning");
    const url = await address(page), params = new URLSearchParams(url.split("?")[1]);
    assert(Number.isFinite(Number(params.get("azimuth") ?? NaN)) && Number(params.get("elevation")) > 24,
      `the URL does not have the angle: ${url}`);
    await page.waitForTimeout(200);
    const rest = await sumOf(page);
    await page.waitForTimeout(400);
    assert((await sumOf(page)) === rest, "it does not rest");
    await page.reload();
    await idle(page);
    await until(async () => (await sumOf(page)) === rest, "the same view after a reload");
  });

  await harness.test("points: at rest where motion is unwanted; keys turn it, time moves it", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, hash);
    await idle(page);
    const before = await sumOf(page);
    await page.waitForTimeout(400);
    assert((await sumOf(page)) === before, "it turns by itself");
    await page.locator(CANVAS).focus();
    await page.keyboard.press("ArrowLeft");
    await until(async () => (await sumOf(page)) !== before, "the arrow key to turn it");
    const turned = await sumOf(page);
    await page.getByRole("slider", { name: /Time t/ }).fill("0.3");
    await until(async () => (await sumOf(page)) !== turned, "the points of an earlier time");
  });

  await harness.test("points: the clock says the time of the points that are seen", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, `#/points/${space}?n=5000&steps=400&t=1`);
    await until(async () => (await clock(page)) > 0, "some frames");
    assert((await clock(page)) < 1, "the clock is ahead of the points");
    await page.getByLabel("Steps").fill("2");
    await page.getByLabel("Steps").blur();
    await until(async () => (await clock(page)) === 1, "the clock at the end");
  });

  await harness.test("points: a picture of other settings does not come late", { reducedMotion: "reduce" }, async (page) => {
    let held = null, carried = null;
    await page.route("**/samples.png*", (route) => (held ? route.continue() : held = route));
    await open(page, daemon, hash);
    await until(() => held, "a picture to be asked for");
    await page.route("**/trajectories", (route) => (carried ? route.continue() : carried = route));
    await page.getByLabel("Seed").fill("7");
    await page.getByLabel("Seed").blur();
    await until(() => carried && held.request().failure(), "the picture of before to end");
    await carried.continue();
    await idle(page);
    assert(await page.getByRole("button", { name: "Picture as PNG: Samples" }).isEnabled(), "there is no picture of this seed");
  });

  await harness.test("points: pictures of pairs and of densities", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, hash);
    await idle(page);
    const images = page.locator(".figures img");
    assert((await images.count()) === 2, "not two pictures");
    for (const i of [0, 1])
      await until(() => images.nth(i).evaluate((image) => image.naturalWidth > 100), `picture ${i}`);
    const save = page.getByRole("button", { name: "Picture as PNG: Samples" });
    await page.getByLabel("Seed").fill("7");
    await page.getByLabel("Seed").blur();
    assert(await save.isDisabled(), "the picture of another seed can be saved");
    await until(() => save.isEnabled(), "the picture of this seed");
    await idle(page);
    await page.getByRole("link", { name: "Model", exact: true }).click();
    await idle(page);
    assert((await page.locator(".card img").count()) === 1, "the model page lacks its samples");
  });

  await harness.test("points: what the model says of a point, with the score and how it was had", { reducedMotion: "reduce" }, async (page) => {
    await open(page, daemon, hash);
    await idle(page);
    await page.getByLabel("3 numbers").fill("1, 2");
    await page.getByLabel("3 numbers").blur();
    await until(() => page.getByText("The point must be 3 numbers.").isVisible(), "the refusal");
    const point = [0.5, -0.5, 1];
    for (const [t, method, words] of [[1, "difference", "by differences of the log-density"], [0.5, "path", "by the path’s relation of score and velocity"]]) {
      await page.locator(".player input").fill(String(t));
      await page.getByLabel("3 numbers").fill(`(${point.join(", ")})`.replaceAll("-", "−")); /* as the page prints vectors */
      await page.getByLabel("3 numbers").blur();
      await until(() => page.locator(".ask dd", { hasText: words }).count(), words);
      const { score: [truth] } = await daemon.post(`${space}/score`, { points: [point], t, method });
      const told = await page.locator(".ask dd", { hasText: words }).textContent();
      const numbers = told.replaceAll("−", "-").match(/-?[\d.]+(e-?\d+)?/g).slice(0, 3).map(Number);
      truth.forEach((v, k) => assert(Math.abs(numbers[k] - v) <= 6e-3 * Math.abs(v) + 1e-9, `${told} is not ${truth}`));
      assert((method === "difference") === told.includes("±"), told);
      assert((await address(page)).includes(`at=${point},${t}`), await address(page));
    }
    await page.getByRole("button", { name: "Use a sample" }).click();
    await until(async () => /at=/.test(page.url()) && !page.url().includes(`at=${point}`), "a sample");
    await idle(page);
    assert(await page.locator(".ask dd").count(), "nothing is said of the sample");
    await page.getByRole("button", { name: "Remove" }).click();
    assert(!/at=/.test(await address(page)), "the point stays in the URL");
  });
}
