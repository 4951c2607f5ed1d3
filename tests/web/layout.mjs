/* How every view looks: widths, themes, weight, and what axe-core finds. */
import { existsSync, readFileSync } from "node:fs";
import { assert, idle, open, until } from "./harness.mjs";
import { drawDigit } from "./views.mjs";

/* Every view with something in it. */
function viewsOf({ plane, space, images, given }) {
  return { flow: `#/flow/${plane}?n=1000&steps=8&t=0.8&points=1&field=1&density=0&at=1,0.5,1`, model: `#/model/${plane}`,
    generate: `#/generate/${images}?frames=4&steps=4&compare=guidance&kept=1,0,0;1,1,1`, draw: `#/draw/${images}`,
    ...space ? { points: `#/points/${space}?n=300&steps=4&turning=0&at=0.5,0.5,0.5,0.5` } : {},
    ...given ? { posterior: `#/posterior/${given.name}` } : {} };
}

/* Widths, themes and weight; leaves a screenshot of each. */
export async function layoutTests(harness, daemon, names) {
  const hashes = viewsOf(names);
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

  for (const name of Object.keys(hashes))
    await harness.test(`${name}: the page is light and there within a second or so`, {}, async (page, tell) => {
      const files = new Set();
      page.on("response", (reply) => files.add(reply.url()));
      await open(page, daemon, hashes[name]);
      await idle(page);
      const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
      let bytes = 0;
      for (const url of files)
        if (url === `${daemon.url}/` || /\/(web|clients)\//.test(url))
          bytes += (await (await fetch(url)).arrayBuffer()).byteLength;
      tell(`${(bytes / 1000).toFixed(0)} kB before compression, first paint after ${paint.toFixed(0)} ms`);
      assert(bytes < 260000, "more than 260 kB");
      assert(bytes > 50000, "it was not counted");
      assert(paint < 3000, "slow, even for a busy machine");
    });

  await harness.test("where colours are forced, canvases keep theirs", { forcedColors: "active" }, async (page) => {
    await open(page, daemon, hashes.model);
    const colours = await page.evaluate(async () => {
      const { colour } = await import("/web/lib/theme.js");
      return ["--grid", "--ink", "--tracer-0", "--tracer-1"].map(colour);
    });
    assert(new Set(colours).size === 4, `they are ${colours.join(" and ")}`);
  });

  await harness.test("a link to the page has a picture", {}, async (page) => {
    await open(page, daemon, hashes.model);
    const picture = await page.locator('meta[property="og:image"]').getAttribute("content");
    const shown = await fetch(new URL(picture, `${daemon.url}/`)), head = Buffer.from(await shown.arrayBuffer());
    assert(shown.headers.get("content-type") === "image/png" && head.readUInt32BE(16) === 1200 && head.readUInt32BE(20) === 630,
      `${picture} is no picture of 1200 x 630`);
  });
}

const AXE = new URL("node_modules/axe-core/axe.min.js", import.meta.url);

/* "color-contrast: .dim, .legend: Elements must meet ..." of each violation. */
function findings(page) {
  return page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}: ${help}`);
  });
}

/* Of all rules of axe-core, best practices too. */
export async function axeTests(harness, daemon, names) {
  if (!existsSync(AXE))
    return console.log("axe-core: skipped, it is not here; scripts/deps.sh test installs it");
  const axe = readFileSync(AXE, "utf8"), hashes = { ...viewsOf(names),
    "side by side": `#/flow/${names.plane}?with=*&n=300&steps=8&t=0.8&points=1&density=0&grid=1&at=1,0.5,1`,
    density: `#/flow/${names.plane}?t=0.8&grid=0`,
    "a link of nonsense": `#/flow/${names.plane}?n=-1&t=-5&steps=abc&points=1&density=0&grid=0&view=0,0,1e6`, "no such model": "#/flow/nobody" };
  for (const [name, hash] of Object.entries(hashes))
    await harness.test(`axe-core: ${name}, light and dark`, {}, async (page) => {
      await open(page, daemon, hash);
      if (name === "draw")
        await drawDigit(page, 3);
      if (name === "no such model")
        await until(() => page.getByText("There is no model").isVisible(), "the words");
      else if (name === "density")
        await until(() => page.locator(".legend").isVisible(), "the density");
      else
        await idle(page);
      for (const summary of await page.locator("summary").all())
        await summary.click();
      await page.evaluate(axe);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(120);
        const found = await findings(page);
        assert(!found.length, `${colorScheme}:\n${found.join("\n")}`);
      }
    });
  await harness.test("axe-core: the page of the API, light and dark", {}, async (page) => {
    await page.goto(`${daemon.url}/docs`);
    await page.locator("details.card").first().waitFor();
    await page.locator("details.card summary").first().click();
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const found = await findings(page);
      assert(!found.length, `${colorScheme}:\n${found.join("\n")}`);
    }
  });
}
