/* The playground in Debian's firefox-esr: its core in the worker, its own views and the page's. */
import { ABSENT, findFirefox, Firefox, PATIENCE, PRESS } from "../web/firefox.mjs";
import { framesOf } from "../web/files.mjs";
import { assert, until } from "../web/harness.mjs";

const STEPS = 5; /* of the story */

/* Views by name: the address, canvases that have to be drawn, and how many of them there are. */
const VIEWS = {
  make: ["#/make/your-points?t=0.8&field=1&grid=1", ".flow-pane:first-child canvas", 2],
  story: ["#/story/your-points?step=1", ".plane canvas", 2],
  flow: ["#/flow/four-modes?points=1&n=300&steps=4&t=0.5&with=*", ".plane canvas", 4],
  generate: ["#/generate/mnist-mlp?classes=3&each=2&frames=3&steps=4", ".pictures canvas", 1],
  draw: ["#/draw/mnist-mlp", ".pad", 1],
  model: ["#/model/four-modes", "nothing", 0],
};

/* Of a canvas: pixels of a strong colour, as points have, where numbers and lines are grey. */
const COLOURED = `const canvas = document.querySelector(arguments[0]);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((v, i) => i % 4 === 3 && v > 200 &&
    Math.max(data[i - 3], data[i - 2], data[i - 1]) - Math.min(data[i - 3], data[i - 2], data[i - 1]) > 80).length`;
const TEXT = `return document.querySelector(arguments[0])?.textContent ?? ""`;
const HAS_BUTTON = `return [...document.querySelectorAll("button")].some((b) => b.textContent === arguments[0])`;

/* url: where the playground is served. */
export async function firefoxTests(harness, url) {
  const executable = findFirefox();
  if (!executable)
    return console.log(ABSENT);
  let firefox = null;
  const test = (name, work) => harness.testElsewhere(name, async (tell, faults) => {
    firefox ??= await Firefox.launch(executable);
    await work(tell);
    faults.push(...await firefox.errors());
  });
  const open = async (view, hash) => {
    await firefox.goto("about:blank");
    await firefox.goto(url + hash);
    await firefox.opened(view);
    await firefox.idle(hash);
  };
  const drawn = async (name, selector, n) => {
    await firefox.drawn(name, selector, n);
    await firefox.screenshot(`${harness.shots}/firefox-playground-${name}.png`);
  };

  await test("Firefox: every view of the playground draws, without an error in the console", async (tell) => {
    for (const [name, [hash, canvases, n]] of Object.entries(VIEWS)) {
      await open(name, hash);
      await drawn(name, canvases, n);
    }
    tell(await firefox.run("return navigator.userAgent.split(' ').at(-1)"));
  });

  await test("Firefox: a network learns in the worker, and is drawn", async (tell) => {
    await open("make", "#/make/your-points?train_steps=60&density=0&t=1");
    const points = () => firefox.run(COLOURED, ".flow-pane:nth-child(2) canvas:nth-child(2)");
    assert(await points() === 0, "something is drawn of no network");
    await firefox.run(PRESS, "Train");
    await until(() => firefox.run(HAS_BUTTON, "Train"), "the training to end", PATIENCE);
    await firefox.idle("the learned flow");
    await until(async () => await points() > 500, "more than 500 pixels of points of the learned flow");
    const verdict = await firefox.run(TEXT, ".scene .lead");
    assert(/KL divergence .* nats, over 2,048 points/.test(verdict), verdict);
    await firefox.screenshot(`${harness.shots}/firefox-playground-trained.png`);
    await firefox.run(PRESS, "Animation as PNG");
    const { said, there } = framesOf(await firefox.downloaded("advect-playground-animated.png"));
    assert(said === there && there === 49, `${said} frames, ${there} are there`);
    tell(verdict);
  });

  await test("Firefox: the story's steps open, one after the other", async () => {
    await open("story", "#/story/your-points");
    for (let step = 1; step <= STEPS; step++) {
      assert(await firefox.run("return location.hash.match(/step=(\\d)/)?.[1] ?? '1'") === String(step), `the address of step ${step}`);
      await firefox.idle(`step ${step}`);
      await drawn(`story-${step}`, ".plane canvas", 2);
      if (step < STEPS)
        await firefox.run(PRESS, "Next");
    }
  });
  await firefox?.close();
}
