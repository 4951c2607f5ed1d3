/* What axe-core finds in the playground's own views, by all of its rules, best practices too. */
import { existsSync, readFileSync } from "node:fs";
import { assert, idle, until } from "../web/harness.mjs";
import { LONG, trained } from "./view.mjs";

const AXE = new URL("../web/node_modules/axe-core/axe.min.js", import.meta.url);

async function look(page, axe, what) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
    .map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target.join(" ")).slice(0, 5).join(", ")}`));
  assert(!violations.length, `${what}:\n${violations.join("\n")}`);
}

export async function axeTests(harness, go) {
  if (!existsSync(AXE)) {
    console.log("axe-core: skipped, it is not here; scripts/deps.sh test installs it");
    return;
  }
  const axe = readFileSync(AXE, "utf8");
  for (const colorScheme of ["light", "dark"])
    await harness.test(`axe-core finds nothing, ${colorScheme}`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      await go(page, "#/make/your-points?train_steps=20&t=1");
      await idle(page, LONG);
      await look(page, axe, "before training");
      await page.locator(".why summary").click();
      await trained(page);
      await look(page, axe, "after training");
      for (let step = 1; step <= 5; step++) {
        await go(page, `#/story/your-points?step=${step}`);
        await page.reload();
        await idle(page, LONG);
        await until(() => page.locator(".panel h2").count(), "the step");
        await look(page, axe, `step ${step}`);
      }
    });
}
