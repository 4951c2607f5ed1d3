/* Tests of the playground in a browser, from a sub-path of a plain web server.
 *
 * usage: node page.mjs BUILD-FOLDER BIN/advect CHROMIUM SCREENSHOTS */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { launch } from "../web/browser.mjs";
import { Daemon, killAll } from "../web/daemon.mjs";
import { framesOf, tagsOf, textsOf } from "../web/files.mjs";
import { assert, Harness, idle, pixels, saved, until } from "../web/harness.mjs";
import { axeTests } from "./axe.mjs";
import { faultTests } from "./faults.mjs";
import { firefoxTests } from "./firefox.mjs";
import { serve } from "./server.mjs";
import { LONG, button, dropFile, inked, said, trained } from "./view.mjs";

const [folder, advect, executable, shots] = process.argv.slice(2);
const server = await serve(folder), browser = await launch(executable);
const harness = new Harness(browser, shots);
const go = (page, hash = "") => page.goto(server.url + hash);

await harness.test("the playground opens with the exact flow of two moons", {}, async (page, tell) => {
  const began = Date.now();
  await go(page);
  await until(() => page.locator(".flow-pane").count(), "the view");
  tell(`view after ${Date.now() - began} ms`);
  await idle(page, LONG);
  assert(await inked(page, 1) > 500, "no points of the exact flow");
  assert(await page.locator("#models option").count() >= 3, "models are missing");
});

await harness.test("an answer from the worker has the daemon's headers", {}, async (page) => {
  await go(page);
  const answered = (what, body, type) => page.evaluate(async ([what, body, type]) => {
    const { transport } = await import(new URL("web/lib/transport.js", document.baseURI));
    const answer = await transport(`v1/models/four-modes/${what}`, { method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Accept: type } });
    return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength, ...Object.fromEntries(answer.headers) };
  }, [what, body, type]);
  const holds = (answer, type, seed, warning) => assert(answer.status === 200 && answer.bytes > 100 &&
    answer["content-type"] === type && answer["advect-seed"] === seed &&
    (warning ? answer["advect-warning"]?.startsWith(warning) : !("advect-warning" in answer)), JSON.stringify(answer));
  const probed = { points: [[0.5, 0.5]], divergence: { method: "hutchinson", probes: 1 } };
  holds(await answered("samples", { n: 50, seed: 7 }, "application/x-npy"), "application/x-npy", "7");
  holds(await answered("log-density", probed, "application/x-npy"), "application/x-npy", undefined, "one probe has no standard error");
  holds(await answered("log-density", probed, "application/json"), "application/json", undefined);
});

/* The curve of KL goes from the first step to the last one, and all of it is seen. */
async function klCurve(page, steps) {
  const { path, ticks } = await page.locator(".curves svg").last().evaluate((chart) => ({
    path: chart.querySelector("path").getAttribute("d"),
    ticks: [...chart.querySelectorAll("text[text-anchor=middle]")].map((t) => Number(t.textContent.replaceAll(",", ""))) }));
  const points = path.slice(1).split("L").map((p) => p.split(" ").map(Number)), tops = points.filter(([, y]) => y <= 32);
  assert(points.length > 1 && points[0][0] === 48 && points.at(-1)[0] === 400, `it goes from ${points[0]} to ${points.at(-1)}`);
  assert(points[0][1] < points.at(-1)[1] && !tops.length, `it leaves the picture: ${path}`);
  assert(Math.max(...ticks) <= steps && Math.min(...ticks) < steps / 2, `steps ${ticks}`);
}

await harness.test("a network learns beside the exact flow, and is downloaded and opened again", { acceptDownloads: true }, async (page, tell) => {
  await go(page, "#/make/your-points?train_steps=150&t=1&density=0");
  await idle(page, LONG);
  assert(await inked(page, 2) === 0, "something is drawn of no network");
  await trained(page);
  assert(await inked(page, 2) > 500, "no points of the learned flow");
  const verdict = await page.locator(".scene .lead").textContent();
  assert(/KL divergence .* nats, over 2,048 points/.test(verdict), verdict);
  assert(await page.locator(".curves svg").count() === 2, "the curves are missing");
  await klCurve(page, 150);
  tell(verdict);
  await harness.shot(page, "playground-trained");
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Download the model").click()]);
  const file = `${shots}/your-network.safetensors`;
  await download.saveAs(file);
  assert(/your-network/.test(execFileSync(advect, ["inspect", file], { encoding: "utf8" })), "advect does not read it");
  const { kl } = JSON.parse(execFileSync(advect, ["eval", file, "--n", "100", "--grid", "10", "--json", "--quiet"], { encoding: "utf8" }));
  const shown = Number(verdict.match(/one: ([\d.]+) /)[1]);
  assert(Math.abs(kl - shown) < 0.02, `${shown} nats are shown, advect eval prints ${kl}`);
  const [recipe] = await Promise.all([page.waitForEvent("download"), button(page, "Download the recipe").click()]);
  assert(JSON.parse(readFileSync(await recipe.path(), "utf8")).train.steps === 150, "not the recipe");
  await page.locator('input[accept=".safetensors"]').setInputFiles(file);
  await until(() => page.evaluate(() => location.hash.startsWith("#/flow/your-network")), "the model's flow");
});

await harness.test("points are painted, erased, and learned", {}, async (page) => {
  await go(page, "#/make/your-points?train_steps=20&density=0");
  await button(page, "Clear").click();
  await until(async () => /empty/.test(await said(page)), "an empty plane");
  await button(page, "Train").click();
  assert(/nothing to learn/.test(await said(page)), await said(page));
  const plane = page.locator(".flow-pane").first().locator(".plane"), frame = await plane.boundingBox();
  await page.mouse.move(frame.x + 0.3 * frame.width, frame.y + 0.5 * frame.height);
  await page.mouse.down();
  await page.mouse.move(frame.x + 0.7 * frame.width, frame.y + 0.5 * frame.height, { steps: 20 });
  await page.mouse.up();
  await until(async () => /^1\d\d points/.test(await said(page)), "painted points");
  await idle(page, LONG);
  await trained(page);
  assert(await inked(page, 2) > 100, "no points of the learned flow");
  const words = await said(page);
  await page.getByRole("link", { name: "Model", exact: true }).click();
  await idle(page, LONG);
  await page.getByRole("link", { name: "Make", exact: true }).click();
  await idle(page, LONG);
  assert(await said(page) === words && await inked(page, 2) > 100, "what was made is lost when the view is left");
});

await harness.test("tables are opened", {}, async (page) => {
  await go(page, "#/make/your-points?density=0");
  const input = page.locator('input[accept^=".csv"]');
  const open = (name, text) => input.setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await open("people.csv", `height,weight\n${Array.from({ length: 12000 }, (_, i) => `${170 + i % 13},${70 + i % 11}`).join("\n")}`);
  await until(async () => /4,096 points of height and weight, evenly from 12,000 rows/.test(await said(page)), "the table");
  await idle(page, LONG);
  assert(await inked(page, 1) > 100, "no points of the exact flow");
});

await harness.test("a dropped table is opened, once; a dropped word is nobody's", {}, async (page) => {
  await go(page, "#/make/your-points?density=0");
  await idle(page, LONG);
  const word = await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.setData("text/plain", "a word");
    const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.querySelector(".flow-pane").dispatchEvent(event);
    return event.defaultPrevented;
  });
  assert(!word, "the browser's own way with text is cut off");
  const text = Array.from({ length: 20 }, (_, i) => `${i},${i * i % 7}\n`).join("");
  assert(await dropFile(page, { name: "curve.csv", type: "text/csv", text }), "the browser would open the file in place of the page");
  await until(async () => /^20 points of column 1/.test(await said(page)), "the table");
  await idle(page, LONG);
  assert(!await page.locator(".dropped").count(), "what was opened is refused too");
});

await harness.test("a picture of painted points opens them again; a film is recorded of a training", { acceptDownloads: true }, async (page, tell) => {
  await go(page, "#/make/your-points?density=0&train_steps=60&blur=0.2");
  const rows = Array.from({ length: 50 }, (_, i) => `${2 * Math.cos(i)},${Math.sin(i)}`).join("\n");
  await page.locator('input[accept^=".csv"]').setInputFiles({ name: "ring.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await until(async () => /^50 points/.test(await said(page)), "the table");
  await idle(page, LONG);
  const [picture] = await Promise.all([page.waitForEvent("download"), button(page, "Picture as PNG").click()]);
  const bytes = readFileSync(await picture.path());
  await page.getByLabel("Start from").selectOption("spiral");
  await until(async () => /^800 points/.test(await said(page)), "the spiral");
  await page.getByRole("link", { name: "Model", exact: true }).click();
  await until(() => page.locator("#view.view-model").count(), "another view");
  await idle(page, LONG);
  assert(await dropFile(page, { name: "ring.png", type: "image/png", text: bytes.toString("latin1") }), "the browser would open it");
  await until(async () => /^50 points/.test(await said(page)), "the points of the picture");
  assert(await page.getByLabel("Width of a point").inputValue() === "0.2", "the width of a point is another");
  await idle(page, LONG);
  await button(page, "Record a film").click();
  await page.locator(".player input").fill("0");
  await button(page, "Play").click();
  await trained(page);
  const [film] = await Promise.all([page.waitForEvent("download"), button(page, "Stop and save the film").click()]);
  const { length } = readFileSync(await film.path()), start = readFileSync(await film.path()).subarray(0, 4).toString("hex");
  assert(film.suggestedFilename() === "advect-playground.webm" && start === "1a45dfa3" && length > 20000, `${film.suggestedFilename()}, ${length} bytes, ${start}`);
  tell(`a film of ${(length / 1e6).toFixed(1)} MB`);
  await film.saveAs(`${shots}/playground.webm`);
  const { bytes: later } = await saved(page, "Picture as PNG");
  await dropFile(page, { name: "later.png", type: "image/png", text: later.toString("latin1") });
  await until(async () => await inked(page, 2) === 0, "the density without its network");
  await idle(page, LONG);
  assert(!await page.locator(".dropped").count(), await page.locator(".dropped").allTextContents());
});

await harness.test("a picture of points far from zero opens them again, where nothing is known of them", { acceptDownloads: true }, async (page) => {
  await go(page, "#/make/your-points?density=0");
  const rows = Array.from({ length: 50 }, (_, i) => `${1.7e9 + 10 * i},${-3 * i}`).join("\n");
  await page.locator('input[accept^=".csv"]').setInputFiles({ name: "far.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await until(async () => /^50 points of/.test(await said(page)), "the table");
  await idle(page, LONG);
  const { bytes } = await saved(page, "Picture as PNG");
  const points = JSON.parse(textsOf(bytes)["Advect-Points"]);
  assert(new Set(points.map(([x]) => x)).size === 50, `points fall together: ${points.slice(0, 5).join(" ")}`);
  await go(page, "#/model/four-modes");
  await page.reload();
  await idle(page, LONG);
  await dropFile(page, { name: "far.png", type: "image/png", text: bytes.toString("latin1") });
  await until(async () => await page.locator(".flow-pane").count() && await said(page) === "50 points", "the points of the picture");
});

await harness.test("without a network neither flow is shown as the learned one", { reducedMotion: "reduce" }, async (page) => {
  await go(page, "#/make/your-points?density=0&t=0.5");
  await idle(page, LONG);
  await page.getByLabel("Side by side").selectOption("learned");
  await until(async () => !await inked(page, 1) && !await inked(page, 2), "two planes of nothing");
  await page.getByLabel("Start from").selectOption("spiral");
  await idle(page, LONG);
  assert(await page.getByLabel("Side by side").inputValue() === "both" && await inked(page, 1) > 500, "what was chosen is not seen");
});

await harness.test("a film of a still scene has its picture", { acceptDownloads: true }, async (page) => {
  await go(page, "#/make/your-points?density=0&t=0.5");
  await idle(page, LONG);
  await button(page, "Record a film").click();
  assert(await button(page, "Animation as PNG").isDisabled() && await button(page, "Animation as WebM").isDisabled(), "two films at once");
  await page.waitForTimeout(500);
  const { bytes } = await saved(page, "Stop and save the film");
  assert(bytes.length > 5000 && tagsOf(bytes)["Advect-Link"].startsWith("#/make/your-points"), `${bytes.length} bytes`);
  await button(page, "Animation as PNG").click();
  assert(await button(page, "Record a film").isDisabled(), "a film in the middle of an animation");
  await page.getByRole("button", { name: "Cancel: Drawing the animation" }).click();
  await until(() => button(page, "Record a film").isEnabled(), "another film to be possible");
});

await harness.test("animations of both planes open their points again", { acceptDownloads: true, viewport: { width: 700, height: 700 }, reducedMotion: "reduce" }, async (page, tell) => {
  await go(page, "#/make/your-points?density=0&speed=4&t=0.5");
  const rows = Array.from({ length: 40 }, (_, i) => `${2 * Math.cos(i)},${Math.sin(i)}`).join("\n");
  await page.locator('input[accept^=".csv"]').setInputFiles({ name: "ring.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await until(async () => /^40 points/.test(await said(page)), "the table");
  await idle(page, LONG);
  const picture = await saved(page, "Animation as PNG");
  assert(framesOf(picture.bytes).there === 49 && picture.name === "advect-playground-animated.png", picture.name);
  await idle(page, LONG);
  const film = await saved(page, "Animation as WebM");
  assert(JSON.parse(tagsOf(film.bytes)["Advect-Points"]).length === 40 && film.name === "advect-playground.webm", film.name);
  for (const { bytes, name } of [picture, film]) {
    const type = name.endsWith("webm") ? "video/webm" : "image/png";
    await page.getByLabel("Start from").selectOption("spiral");
    await until(async () => /^800 points/.test(await said(page)), "the spiral");
    assert(await dropFile(page, { name, type, text: bytes.toString("latin1") }), "the browser would open it");
    await until(async () => /^40 points/.test(await said(page)), `the points of ${name}`);
    await idle(page, LONG);
  }
  tell(`${(picture.bytes.length / 1e3).toFixed(0)} kB and ${(film.bytes.length / 1e3).toFixed(0)} kB`);
});

await harness.test("a view left in a training keeps what was learned; a link's width of a point holds", {}, async (page) => {
  await go(page, "#/make/your-points?density=0&train_steps=100000&blur=0.2");
  await idle(page, LONG);
  await button(page, "Train").click();
  await until(() => page.locator(".curves svg").count(), "the training to begin", LONG);
  await page.getByRole("link", { name: "Model", exact: true }).click();
  await idle(page, LONG);
  await page.getByRole("link", { name: "Make", exact: true }).click();
  await idle(page, LONG);
  assert(/after [\d,]+ steps/.test(await page.locator(".flow-pane figcaption").last().textContent()), "nothing says after how many steps");
  assert(await button(page, "Train").count() && await inked(page, 2) > 100, "no learned flow");
  await go(page, "#/make/your-points?density=0&blur=0.3");
  await until(async () => await page.getByLabel("Width of a point").inputValue() === "0.3", "the width of the link");
  await idle(page, LONG);
  assert(await inked(page, 2) === 0, "a network of another density is shown");
  await page.goto("about:blank");
  await go(page, "#/make/your-points?density=0&preset=your%20own");
  await until(async () => /^The points of this link are not part of it/.test(await said(page)), "the words");
});

await harness.test("both planes show every layer, by a solver with a tolerance too", { reducedMotion: "reduce" }, async (page) => {
  await go(page, "#/make/your-points?train_steps=20&t=0.8&points=0&density=0&method=dopri5");
  await idle(page, LONG);
  await trained(page);
  await klCurve(page, 20);
  assert(await page.getByLabel("Tolerance", { exact: true }).isVisible() && !await page.getByLabel("Steps", { exact: true }).isVisible(), "steps of dopri5");
  await page.getByLabel("Tolerance", { exact: true }).selectOption("0.01");
  for (const [layer, canvas] of [["Velocity", 2], ["Deforming grid", 2], ["Density", 1]]) {
    const look = (which) => pixels(page, `.flow-pane:nth-child(${which}) canvas:nth-child(${canvas})`);
    const before = [await look(1), await look(2)];
    await page.getByLabel(layer).check();
    await idle(page, LONG);
    for (const which of [1, 2])
      assert((await look(which)).inked > before[which - 1].inked + 1000, `no ${layer} in plane ${which}`);
  }
  await harness.shot(page, "playground-layers");
});

await harness.test("either flow is side by side with itself by another solver", { reducedMotion: "reduce" }, async (page) => {
  const look = async () => [(await pixels(page, ".flow-pane:nth-child(1) canvas:nth-child(2)")).sum, (await pixels(page, ".flow-pane:nth-child(2) canvas:nth-child(2)")).sum];
  const titles = () => page.locator(".flow-pane figcaption").allTextContents();
  await go(page, "#/make/your-points?density=0&t=0&train_steps=60&planes=exact");
  await idle(page, LONG);
  const early = await look();
  assert(early[0] === early[1] && await inked(page, 1) > 500, "they do not start alike");
  assert((await titles()).join() === "Exact: midpoint, 20 steps,Exact: euler, 4 steps", await titles());
  await page.locator(".player input").fill("1");
  await idle(page, LONG);
  const [left, right] = await look();
  assert(left !== right, "4 steps of euler arrive where 20 of midpoint do");
  await page.getByLabel("Second solver").selectOption("midpoint");
  await page.getByLabel("Its steps").fill("20");
  await page.getByLabel("Its steps").blur();
  await until(async () => (await look())[1] === left, "the second plane by the solver of the first", LONG);
  await trained(page);
  assert((await titles()).join("|") === "Exact|Learned, after 60 steps", await titles());
  assert(await page.getByLabel("Side by side").inputValue() === "both" && !await page.getByLabel("Second solver").isVisible(), "the training is not seen");
  await page.getByLabel("Side by side").selectOption("learned");
  await page.getByLabel("Second solver").selectOption("euler");
  await page.getByLabel("Its steps").fill("2");
  await page.getByLabel("Its steps").blur();
  await idle(page, LONG);
  const learned = await look();
  assert(learned[0] !== learned[1] && await inked(page, 1) > 500 && await inked(page, 2) > 500, "the learned flow by two solvers");
  assert((await titles()).join("|") === "Learned, after 60 steps: midpoint, 20 steps|Learned, after 60 steps: euler, 2 steps", await titles());
  await harness.shot(page, "playground-two-solvers");
  await button(page, "Paint").click();
  await until(async () => (await titles()).join("|") === "Exact|Learned, after 60 steps", "the exact flow to paint on");
});

await harness.test("the other views of the page work without a daemon", {}, async (page) => {
  for (const hash of ["#/flow/four-modes?n=300", "#/generate/mnist-mlp?n=10", "#/model/four-modes"]) {
    await go(page, hash);
    await idle(page, LONG);
  }
});

await harness.test("the story's five steps", { reducedMotion: "reduce" }, async (page) => {
  for (let step = 1; step <= 5; step++) {
    await go(page, `#/story/your-points?step=${step}`);
    await page.reload();
    await idle(page, LONG);
    await page.locator("input[type=range]").fill("0.8");
    await idle(page, LONG);
    assert((await pixels(page, ".plane canvas:nth-child(1)")).inked > 500, `nothing is drawn at step ${step}`);
    await harness.shot(page, `playground-story-${step}`);
  }
  const { bytes, name } = await saved(page, "Picture as PNG");
  await go(page, "#/make/your-points?density=0");
  await idle(page, LONG);
  await dropFile(page, { name, type: "image/png", text: bytes.toString("latin1") });
  await until(() => page.getByRole("heading", { name: "Digits from noise" }).count(), "the step of the picture");
  await idle(page, LONG);
  assert(await page.locator(".player input").inputValue() === "0.8" && name === "advect-story-5-t-0.80.png", name);
  await page.getByRole("link", { name: "Watch digits form from noise" }).click();
  await until(() => page.evaluate(() => location.hash.startsWith("#/generate/")), "the digits");
});

for (const colorScheme of ["light", "dark"])
  await harness.test(`the playground fits phones and wide screens, ${colorScheme}`, { colorScheme }, async (page) => {
    for (const width of [320, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await go(page, "#/make/your-points?t=1");
      await idle(page, LONG);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(over <= 0, `${over} pixels too wide at ${width}`);
      await harness.shot(page, `playground-${width}-${colorScheme}`);
    }
  });

await faultTests(harness, go, shots);
await axeTests(harness, go);
await firefoxTests(harness, server.url);

const advectd = join(dirname(advect), "advectd");
if (!existsSync(advectd))
  console.log("the daemon is not asked for the playground: advectd is not beside advect");
else
  await harness.test("the daemon serves it, and its page leads there", {}, async (page) => {
    const daemon = await Daemon.start(advectd, "models", { flags: ["--playground", folder] });
    await page.goto(daemon.url);
    await page.getByRole("link", { name: "playground" }).click();
    await until(() => page.locator(".flow-pane").count(), "the view");
    await idle(page, LONG);
    assert(new URL(page.url()).pathname === "/playground/", page.url());
    assert(await inked(page, 1) > 500, "no points of the exact flow");
    await page.evaluate(() => navigator.serviceWorker.ready);
    await daemon.stop();
  });

await harness.test("it opens without the server after the first visit", {}, async (page) => {
  await go(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await until(() => page.evaluate(async () => (await caches.keys()).length), "the files to be kept");
  server.stop();
  await page.reload();
  await until(() => page.locator(".flow-pane").count(), "the view");
  await idle(page, LONG);
});

console.log(`${harness.passed} passed, ${harness.failed} failed`);
await browser.close();
killAll();
process.exit(harness.failed ? 1 : 0);
