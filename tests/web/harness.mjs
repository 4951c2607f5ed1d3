/* Tests one after the other, each with a page of its own; a test that leaves an error in the browser's
 * console, or has the page ask anybody but the daemon, fails. */
import { mkdirSync, readFileSync } from "node:fs";

/* Machines that test are busy, and may stop a process for a while: patience is counted in looks and in
 * ticks, which a stopped process does not take. */
const LOOKS = 400, LOOK_MS = 50; /* for one thing to come true */
const ACTION_MS = 60000; /* of the browser, by its clock */
const LONGEST_TICKS = 90, ELSEWHERE_TICKS = 240, TICK_MS = 1000; /* of a test */

/* Fails when a test took too many ticks; {failed, stop}. */
function watch(most = LONGEST_TICKS) {
  let ticks = 0, timer;
  const failed = new Promise((_, fail) => {
    timer = setInterval(() => {
      if (++ticks >= most)
        fail(new Error(`not done after ${ticks} ticks of ${TICK_MS / 1000} s`));
    }, TICK_MS);
  });
  return { failed, stop: () => clearInterval(timer) };
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
    page.setDefaultTimeout(ACTION_MS);
    const late = watch();
    page.on("pageerror", (error) => faults.push(`error in the page: ${error.stack}`));
    page.on("console", (message) => {
      if (page.url() === "about:blank") /* a request that was under way when the page was left */
        return;
      if (message.type() === "error" && !expected?.test(message.text()))
        faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url()))
        faults.push(`asks elsewhere: ${request.url()}`);
    });
    try {
      await Promise.race([work(page, (words) => notes.push(words)), late.failed]);
    } catch (error) {
      faults.push(error.stack);
      await page.screenshot({ path: `${this.shots}/failed-${this.failed}.png` }).catch(() => {});
    }
    late.stop();
    await own.close();
    this.report(name, notes, faults, Date.now() - began);
  }

  /* A test in another browser, which is slow to start: work(tell, faults). */
  async testElsewhere(name, work) {
    const notes = [], faults = [], began = Date.now(), late = watch(ELSEWHERE_TICKS);
    try {
      await Promise.race([work((words) => notes.push(words), faults), late.failed]);
    } catch (error) {
      faults.push(error.stack);
    }
    late.stop();
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
export async function until(look, words, looks = LOOKS) {
  for (let n = 0; n < looks; n++) {
    const found = await look();
    if (found)
      return found;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  throw new Error(`waited in vain for: ${words}`);
}

export async function open(page, daemon, hash = "") {
  await page.goto(`${daemon.url}/${hash}`);
}

/* Of a page that may show the application already: a new document, so that nothing is seen of the view
 * before. */
export async function openAnew(page, daemon, hash) {
  await page.goto("about:blank");
  await open(page, daemon, hash);
}

/* The page's address at once; page.url() follows a little later. */
export function address(page) {
  return page.evaluate(() => location.href);
}

/* A view is open, no work is under way in it, none failed, and what came is painted. */
export async function idle(page, looks = LOOKS) {
  await page.waitForTimeout(100); /* for what was just done to take effect */
  await until(() => page.evaluate(() => document.querySelector("[data-running='0']") &&
    !document.querySelector(".task")), "the page's work to end", looks);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
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

/* What a button downloads, the first of the name in a part of the page: {bytes, name}. */
export async function saved(page, name, part = page) {
  const [file] = await Promise.all([page.waitForEvent("download"),
    part.getByRole("button", { name, exact: true }).first().click()]);
  return { bytes: readFileSync(await file.path()), name: file.suggestedFilename() };
}
