/* What goes wrong: cancelled work, servers that are gone, slow, empty or locked, and URLs of nonsense. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon } from "./daemon.mjs";
import { address, assert, idle, open, openAnew, until } from "./harness.mjs";

const NETWORK = /Failed to load resource|net::ERR/;

export async function cancelTests(harness, daemon, { plane, best }) {
  await harness.test("cancelled images stop on the server, and what came stays", {}, async (page) => {
    await open(page, daemon, `#/generate/${best}?each=20&frames=60&steps=200`);
    await until(() => page.getByText("Forming 200 images, t = 0.0").isVisible(), "the first frames");
    await page.getByRole("button", { name: "Cancel" }).click();
    await until(async () => (await daemon.metric("advect_queries")) === 0, "the work to end");
    assert((await page.locator(".strip canvas").evaluate((c) => c.width)) > 28, "nothing is shown");
  });

  await harness.test("cancelling ends the server's work", {}, async (page) => {
    const vanished = 'advect_queries_total{outcome="vanished"}';
    const before = await daemon.metric(vanished);
    await open(page, daemon, `#/flow/${plane}?n=20000&steps=1000&points=1&density=0&grid=0`);
    await until(async () => (await daemon.metric("advect_queries")) > 0, "the work to begin");
    await page.getByRole("button", { name: "Cancel" }).first().click();
    await until(async () => (await daemon.metric("advect_queries")) === 0, "the work to end");
    assert((await daemon.metric(vanished)) > before, "it did not end as vanished");
    assert(!(await page.locator(".task").count()), "a line of it stays");
  });
}

export async function serverTests(harness, program, models, { plane }) {
  await harness.test("the daemon goes, and comes back", { expected: NETWORK }, async (page) => {
    let daemon = await Daemon.start(program, models);
    const { port } = daemon;
    await open(page, daemon, `#/flow/${plane}?n=50&steps=4&t=1&points=1&density=0`);
    await idle(page);
    await daemon.stop();
    await page.getByLabel("Seed").fill("7");
    await page.getByLabel("Seed").blur();
    await until(() => page.locator("#banner").isVisible(), "the banner");
    assert((await page.locator("#banner").textContent()).includes("does not answer"), "it is not said");
    await harness.shot(page, "daemon-gone");
    daemon = await Daemon.start(program, models, { port });
    await until(async () => !(await page.locator("#banner").isVisible()), "the banner to go");
    await idle(page);
    daemon.signal("SIGSTOP");
    await page.getByRole("link", { name: "Model", exact: true }).click();
    await until(() => page.locator(".task", { hasText: "Reading" }).isVisible(), "a line for what is slow");
    await page.getByRole("button", { name: "Reload models" }).click();
    await until(() => page.getByText("Waiting for the server").isVisible(), "words for a slow server");
    daemon.signal("SIGCONT");
    await until(() => page.getByText("Server limits").isVisible(), "the page");
    await daemon.stop("SIGTERM");
  });

  await harness.test("a server that drains says so in words", { expected: NETWORK }, async (page) => {
    const daemon = await Daemon.start(program, models);
    await open(page, daemon, `#/flow/${plane}?n=20000&steps=1000&points=1&density=0&grid=0`);
    await until(async () => (await daemon.metric("advect_queries")) > 0, "the work to begin");
    daemon.signal("SIGTERM");
    await page.getByLabel("Velocity").check();
    await until(() => page.locator("#banner").isVisible(), "the banner");
    const words = await page.locator("#banner").textContent();
    assert(/does not answer|takes no requests|stopping/.test(words), words);
    await daemon.stop();
  });

  await harness.test("no model, and a model that cannot be loaded", { expected: NETWORK }, async (page) => {
    const directory = mkdtempSync(join(tmpdir(), "advect-page-"));
    const daemon = await Daemon.start(program, directory);
    await open(page, daemon);
    await until(() => page.getByText("No model is loaded").isVisible(), "words for no model");
    writeFileSync(join(directory, "broken.safetensors"), "nonsense that is no model at all");
    daemon.signal("SIGHUP");
    await until(async () => (await daemon.metric("advect_models_refused")) === 1, "the refusal");
    await page.getByRole("button", { name: "Reload models" }).click();
    await until(() => page.getByText("broken.safetensors").isVisible(), "its name");
    await harness.shot(page, "no-model");
    copyFileSync(join(models, `${plane}.safetensors`), join(directory, "good.safetensors"));
    daemon.signal("SIGHUP");
    await until(async () => (await daemon.metric("advect_models")) === 1, "the good one");
    await page.getByRole("button", { name: "Reload models" }).click();
    await page.locator(".plane").waitFor();
    await daemon.stop();
    rmSync(directory, { recursive: true });
  });

  await harness.test("a server with a key asks for it", { expected: NETWORK }, async (page) => {
    const daemon = await Daemon.start(program, models, { env: { ADVECT_API_KEY: "open sesame" } });
    await open(page, daemon, `#/model/${plane}`);
    await page.getByLabel("Key").fill("wrong");
    await page.getByRole("button", { name: "Unlock" }).click();
    await until(() => page.getByText("did not accept this API key").isVisible(), "the refusal");
    await harness.shot(page, "key");
    await page.getByLabel("Key").fill("open sesame");
    await page.getByRole("button", { name: "Unlock" }).click();
    await until(() => page.getByText("Server limits").isVisible(), "the page");
    await until(() => page.locator(".card img").count(), "the picture, with the key");
    await daemon.stop();
  });

  await harness.test("limits that the page did not foresee are told at the setting", { expected: NETWORK }, async (page) => {
    const daemon = await Daemon.start(program, models, { flags: ["--max-cost", "1e11", "--max-steps", "50"] });
    await open(page, daemon, `#/flow/${plane}?n=10000&t=1&points=1&density=0`);
    await until(() => page.locator(".trouble").count(), "the refusal");
    assert(/cost|refused/.test(await page.locator(".trouble").first().textContent()), "no reason");
    await page.getByLabel("Steps").fill("5000");
    await page.getByLabel("Steps").blur();
    await until(() => page.getByText("Steps must be 1 to 50.").isVisible(), "the bounds");
    await daemon.stop();
  });
}

export async function nonsenseTests(harness, daemon, { plane, images }) {
  await harness.test("URLs of nonsense", {}, async (page) => {
    await open(page, daemon, `#/flow/${plane}?n=1e99&t=-5&steps=abc&seed=-1&at=NaN,1;2&speed=77&field=yes`);
    const text = await page.locator(".panel").textContent();
    assert(text.includes("using 20,000 (the link said 1e99)") && text.includes("Steps cannot be “abc”"), text);
    const quiet = "n=100&steps=2&density=0&grid=0&t=1";
    for (const [query, words] of [["view=0,0,1e6", "view must have a half width of"], ["view=0,0,0", "view must have a half width of"],
      ["view=1e30,0,1", "view must have a half width of"], ["view=,,", "view cannot be “,,”"], ["points=constructor", "Points cannot be “constructor”"]]) {
      await openAnew(page, daemon, `#/flow/${plane}?${quiet}&${query}`);
      await until(() => page.getByText(words).isVisible(), `words for ${query}`);
      await idle(page);
      await until(async () => !/view=/.test(await address(page)), "what cannot be shown to leave the URL");
    }
    await open(page, daemon, `#/generate/${images}?classes=99,x&each=0&frames=1&steps=2`);
    await idle(page);
    await page.locator(".chip[aria-pressed=true]").first().waitFor();
    await open(page, daemon, "#/flow/nobody");
    await until(() => page.getByText("There is no model “nobody” here").isVisible(), "words for no such model");
    await open(page, daemon, "#/%E0%A4%A/%%%?&&==");
    await until(() => page.getByText("There is no model").isVisible(), "words for a broken URL");
    await open(page, daemon, `#/draw/${plane}?brush=9`);
    await page.locator(".plane").waitFor();
  });
}

/* Links that another version made, or would make. */
export async function linkTests(harness, daemon, { plane, space, images }) {
  const quiet = "points=1&density=0&grid=0&n=100&steps=4";
  const links = [
    ["flow", `#/flow/${plane}?${quiet}&t=1&at=1,0.5,7`, "the time in at must be 0 to 1; using 1 (the link said 7)", /at=1,0.5,1(&|$)/],
    ["flow", `#/flow/${plane}?${quiet}&t=1&at=1,0.5,-0.5;2,0,0.5`, "the time in at must be 0 to 1; using 0 (the link said −0.5)", /at=1,0.5,0;2,0,0.5/],
    ["flow", `#/flow/${plane}?${quiet}&t=1&at=${Array(7).fill("1,0.5,1").join(";")}`, "at must be at most 6 points", /at=/],
    ["flow", `#/flow/${plane}?${quiet}&t=1&trail=3&with=nobody`, "“trail” of the link means nothing here", /n=100/],
    ["flow", `#/flow/${plane}?${quiet}&t=1&with=nobody`, "Side by side with cannot be “nobody”", /n=100/],
    ["flow", `#/flow/${plane}?${quiet}&t=1&method=rk45`, "Solver cannot be “rk45”", /n=100/],
    ["flow", `#/swarm/${plane}?${quiet}`, "There is no view “swarm”; this is “Flow”", /flow/],
    ["generate", `#/generate/${images}?classes=3,77&each=2&frames=2&steps=2`, "Classes are 3; the others of the link are not known", /generate/],
    ["generate", `#/generate/${images}?classes=3,&each=2&frames=2&steps=2`, "Classes are 3; the others of the link are not known", /generate/],
    ...space ? [["points", `#/points/${space}?n=100&steps=2&at=1,2,3,4`, "the time in at must be 0 to 1; using 1 (the link said 4)", /points/],
      ["points", `#/points/${space}?n=100&steps=2&at=1,2,3`, "at cannot be “1,2,3”", /points/]] : [],
  ];
  await harness.test("links of other versions: what is not taken of them is said, the rest is", { reducedMotion: "reduce" }, async (page) => {
    for (const [view, hash, words, wanted] of links) {
      await openAnew(page, daemon, hash);
      await until(() => page.getByText(words).isVisible(), `words for ${hash}`);
      await until(() => page.locator(`.view-${view}`).count(), view);
      await page.locator(".player input").dispatchEvent("change"); /* the URL is written with the next change */
      assert(wanted.test(await address(page)), `${hash} became ${await address(page)}`);
    }
  });

  await harness.test("links as the first version made them open without a word", { reducedMotion: "reduce" }, async (page) => {
    for (const hash of [`#/flow/${plane}?field=1&n=300&seed=4&steps=8&t=0.5&at=1,0.5,1`, `#/flow/${plane}?density=1&method=rk4&steps=4&speed=2&t=1`,
      `#/generate/${images}?classes=1,2&each=2&seed=3&frames=4&steps=4&guidance=2`, `#/draw/${images}?brush=1.5&centred=0`]) {
      await openAnew(page, daemon, hash);
      await page.locator(".stage").waitFor();
      assert(!(await page.locator(".refusal:visible").count()), `${hash}: ${await page.locator(".refusal:visible").allTextContents()}`);
    }
  });
}
