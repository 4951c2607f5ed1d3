/* Tests one after the other, each with a page of its own; a test that leaves an error in the browser's
 * console, or has the page ask anybody but the daemon, fails. */
import { mkdirSync } from "node:fs";

const PATIENCE_MS = 20000; /* for one thing to come true; machines that test are busy */
const LONGEST_MS = 90000; /* of a test */

function late() {
  return new Promise((_, fail) => {
    setTimeout(() => fail(new Error(`not done after ${LONGEST_MS / 1000} s`)), LONGEST_MS).unref();
  });
}

export class Harness {
  constructor(browser, shots) {
    Object.assign(this, { browser, shots, passed: 0, failed: 0 });
    mkdirSync(shots, { recursive: true });
  }

  /* work(page, tell): told words are printed beside the test's name. options: of the page's context;
   * `expected`: a pattern of console errors that belong to the test. */
  async test(name, options, work) {
    const { expected, ...context } = options, notes = [], faults = [], began = Date.now();
    const own = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, ...context });
    const page = await own.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => faults.push(`error in the page: ${error.stack}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !expected?.test(message.text()))
        faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url()))
        faults.push(`asks elsewhere: ${request.url()}`);
    });
    try {
      await Promise.race([work(page, (words) => notes.push(words)), late()]);
    } catch (error) {
      faults.push(error.stack);
      await page.screenshot({ path: `${this.shots}/failed-${this.failed}.png` }).catch(() => {});
    }
    await own.close();
    this.report(name, notes, faults, Date.now() - began);
  }

  report(name, notes, faults, ms) {
    const words = notes.length ? `: ${notes.join(", ")}` : "";
    if (faults.length)
      this.failed++;
    else
      this.passed++;
    console.log(`${faults.length ? "FAIL" : "ok  "} ${name}${words} (${(ms / 1000).toFixed(1)} s)`);
    for (const fault of faults)
      console.log(`     ${fault}`);
  }

  shot(page, name) {
    return page.screenshot({ path: `${this.shots}/${name}.png`, fullPage: true });
  }
}

export function assert(truth, words) {
  if (!truth)
    throw new Error(words);
}

/* Until look() returns something true, which is returned. */
export async function until(look, words) {
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS;) {
    const found = await look();
    if (found)
      return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`waited in vain for: ${words}`);
}

export async function open(page, daemon, hash = "") {
  await page.goto(`${daemon.url}/${hash}`);
}

/* No work is under way in the page, and none failed. */
export async function idle(page) {
  await page.waitForTimeout(300); /* what is quick shows no line; what is not, does by now */
  await until(() => page.evaluate(() => !document.querySelector(".task")), "the page's work to end");
}

/* How many pixels of a canvas are not transparent, and a sum that tells pictures apart. */
export function pixels(page, selector) {
  return page.locator(selector).evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let inked = 0, sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      inked += data[i + 3] > 0;
      sum = (sum * 31 + data[i] + 3 * data[i + 1] + 7 * data[i + 2] + 11 * data[i + 3]) % 1000000007;
    }
    return { inked, sum };
  });
}
