/* Tests of the front-end: a browser, the real daemon, the models of a directory.
 *
 * Names in the environment's ONLY: those tests alone.
 *
 * usage: node run.mjs PROGRAM MODELS CHROMIUM SCREENSHOTS */
import { launch } from "./browser.mjs";
import { comparisonTests } from "./comparison.mjs";
import { Daemon, killAll } from "./daemon.mjs";
import { docsKeyTests, docsTests, exampleTests } from "./docs.mjs";
import { firefoxTests } from "./firefox.mjs";
import { flowTests, sideBySideTests } from "./flow.mjs";
import { Harness } from "./harness.mjs";
import { axeTests, layoutTests } from "./layout.mjs";
import { pictureTests } from "./pictures.mjs";
import { pointsTests } from "./points.mjs";
import { cancelTests, linkTests, nonsenseTests, serverTests } from "./trouble.mjs";
import { bestTests, imageTests, modelTests, nonDigitTests, posteriorTests } from "./views.mjs";

const [program, models, executable, shots] = process.argv.slice(2);

/* The first model of the plane and of space, the cheapest of ten classes of images, and the one that the page prefers. */
async function chooseModels(daemon) {
  const { models: list } = await (await fetch(`${daemon.url}/v1/models`)).json();
  const plane = list.find((m) => m.dim === 2 && !m.classes && !m.context);
  const other = list.find((m) => m !== plane && m.dim === 2 && !m.classes && !m.context && !m.flow_map);
  const images = list.filter((m) => m.shape.length === 3 && m.classes === 10 && m.null_class)
    .sort((a, b) => a.multiply_adds - b.multiply_adds);
  const unets = images.filter((m) => m.net === "unet");
  const exact = unets.filter((m) => !m.flow_map), best = exact.find((m) => m.card?.judge_accuracy) ?? exact[0] ?? images[0];
  const whole = await Promise.all(unets.map((m) => fetch(`${daemon.url}/v1/models/${m.name}`).then((r) => r.json())));
  const curved = whole.find((m) => m.config.data.transform.kind === "gaussianise");
  const space = list.find((m) => m.dim === 3 && m.shape.length === 1 && !m.context);
  const given = list.find((m) => m.context && m.columns && m.context.size <= 12);
  const student = unets.find((m) => m.flow_map && list.some(({ name }) => name === m.flow_map.teacher));
  return plane && best ? { student, plane: plane.name, other: other?.name, space: space?.name, images: images[0].name, best: best.name, curved: curved?.name, given } : null;
}

const daemon = await Daemon.start(program, models);
const browser = await launch(executable);
const harness = new Harness(browser, shots);
try {
  const names = await chooseModels(daemon);
  if (names) {
    const shared = { flowTests, sideBySideTests, pointsTests, imageTests, comparisonTests, bestTests, nonDigitTests, modelTests, posteriorTests, pictureTests,
      docsTests, layoutTests, axeTests, firefoxTests, cancelTests, linkTests, nonsenseTests };
    const alone = { docsKeyTests, exampleTests, serverTests }; /* with daemons of their own */
    const wanted = process.env.ONLY?.split(" ").filter(Boolean) ?? [], isWanted = ([name]) => !wanted.length || wanted.includes(name);
    for (const [, tests] of Object.entries(shared).filter(isWanted))
      await tests(harness, daemon, names);
    for (const [, tests] of Object.entries(alone).filter(isWanted))
      await tests(harness, program, models, names);
    console.log(`${harness.passed} passed, ${harness.failed} failed`);
  } else {
    console.log(`page tests skipped: ${models} holds no model of the plane, or none of images in ten classes`);
  }
} finally {
  await browser.close();
  killAll();
}
process.exit(harness.failed ? 1 : 0);
