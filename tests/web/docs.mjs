/* The page of the API, and the example of a page by somebody else. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Daemon } from "./daemon.mjs";
import { assert, pixels, until } from "./harness.mjs";

async function openDocs(page, daemon) {
  await page.goto(`${daemon.url}/docs`);
}

export async function docsTests(harness, daemon, { plane }) {
  await harness.test("docs: every operation, with its fields, answers and a command", {}, async (page) => {
    await openDocs(page, daemon);
    const { paths } = await (await fetch(`${daemon.url}/openapi.json`)).json();
    const operations = Object.values(paths).flatMap(Object.values);
    await until(async () => (await page.locator("details.card").count()) === operations.length, "all operations");
    const box = page.locator("#post_v1_models_model_samples");
    await box.locator("summary").click();
    await until(async () => (await box.textContent()).includes("application/x-npy"), "the operation's own text");
    const text = await box.textContent();
    for (const words of ["application/x-npy", "seed of the base samples", "number[][]", "invalid-field", "respond-async"])
      assert(text.includes(words), `${words} is not shown: ${text}`);
    await harness.shot(page, "docs");
    for (const one of await page.locator("details.card").all())
      await one.evaluate((element) => { element.open = true; });
    for (const width of [320, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(over <= 0, `${over} pixels too wide at ${width}`);
    }
  });

  await harness.test("docs: what is typed is found, and commands run", {}, async (page) => {
    await openDocs(page, daemon);
    await page.locator("details.card").first().waitFor();
    const all = await page.locator("details.card:visible").count();
    await page.getByLabel("Find").fill("bits_per_dim");
    const found = await page.locator("details.card:visible").count();
    assert(found >= 2 && found < all, `${found} of ${all}`);
    await page.getByLabel("Find").fill("no such words");
    assert(await page.locator("details.card:visible").count() === 0, "something is found");
    await page.getByLabel("Find").fill("");
    const box = page.locator("#get_v1_models_model_samples");
    await box.locator("summary").click();
    const url = (await box.locator("pre").textContent()).match(/'([^']*)'/)[1].replace("{model}", plane);
    assert((await fetch(url)).ok, `${url} is refused`);
  });
}

export async function docsKeyTests(harness, program, models) {
  await harness.test("docs: a server with a key asks for it", { expected: /401/ }, async (page) => {
    const daemon = await Daemon.start(program, models, { env: { ADVECT_API_KEY: "open sesame" } });
    await openDocs(page, daemon);
    await page.getByLabel("API key").fill("open sesame");
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.locator("details.card").first().waitFor();
    await daemon.stop();
  });
}

export async function exampleTests(harness, program, models) {
  await harness.test("a page of another origin follows a flow by the client", {}, async (page) => {
    const text = readFileSync(new URL("../../docs/examples/javascript/page.html", import.meta.url));
    const other = createServer((request, reply) => reply.writeHead(200, { "Content-Type": "text/html" }).end(text));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const origin = `http://127.0.0.1:${other.address().port}`;
    const daemon = await Daemon.start(program, models, { flags: ["--cors-origin", origin] });
    await page.goto(`${origin}/?${daemon.url}`);
    await until(() => page.getByText("t = 1.00").isVisible(), "the last frame");
    assert((await pixels(page, "#plane")).inked > 1000, "nothing is drawn");
    await daemon.stop();
    other.close();
  });
}
