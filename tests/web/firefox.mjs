/* Debian's firefox-esr, headless, by Marionette: its own remote protocol over TCP, which needs no package.
 * Messages are JSON after their length: "23:[0,1,"WebDriver:...",{}]"; the answer to command id is
 * [1, id, error, result]. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tagsOf } from "./files.mjs";
import { assert, until } from "./harness.mjs";

const STARTING = 3000; /* looks: a start takes 3 s on an idle machine, and a minute on one with many others at work */
export const PATIENCE = 1200; /* looks, for what a view computes */
const PREFERENCES = {
  "marionette.port": 0, /* a free one, which Firefox writes into the profile */
  "app.update.disabledForTesting": true, "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false, "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false, "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.reportingpolicy.firstRun": false, "browser.aboutwelcome.enabled": false,
  "browser.startup.page": 0, "devtools.console.stdout.content": true, "devtools.console.stdout.chrome": false, "extensions.update.enabled": false, "ui.prefersReducedMotion": 1,
};

/* What console.error of a page prints; Firefox's own begins with a bare word. */
const SAID = /^console\.error: (?!\w[\w.]*: )/;

const ENOUGH = 300; /* pixels that are not transparent, of a canvas that is drawn */

const IDLE = `return Boolean(document.querySelector("[data-running='0']") && !document.querySelector(".task"))`;
const OPENED = `return Boolean(document.querySelector("#view.view-" + arguments[0]))`;
const INKED = `return Array.from(document.querySelectorAll(arguments[0]), (canvas) =>
  canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter((v, i) => i % 4 === 3 && v).length)`;

/* What pages' scripts did not catch, since the last time. */
const ERRORS = `
  const thrown = Services.console.getMessageArray().filter((m) => m instanceof Ci.nsIScriptError)
    .filter((m) => !(m.flags & Ci.nsIScriptError.warningFlag) && /^https?:/.test(m.sourceName))
    .map((m) => m.errorMessage + " " + m.sourceName + ":" + m.lineNumber);
  Services.console.reset();
  return thrown;`;

export class Firefox {
  static async launch(executable) {
    const firefox = new Firefox();
    firefox.profile = mkdtempSync(join(tmpdir(), "advect-firefox-"));
    const preferences = { ...PREFERENCES, "browser.download.folderList": 2, "browser.download.dir": firefox.profile };
    writeFileSync(join(firefox.profile, "user.js"), Object.entries(preferences)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
    firefox.child = spawn(executable, ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access",
      "--profile", firefox.profile], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, HOME: firefox.profile, MOZ_CRASHREPORTER_DISABLE: "1" } });
    firefox.ended = once(firefox.child, "exit");
    process.on("exit", () => firefox.child.kill("SIGKILL"));
    firefox.said = [];
    createInterface({ input: firefox.child.stdout }).on("line", (line) => SAID.test(line) && firefox.said.push(line));
    try {
      await firefox.connect();
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  async connect() {
    const port = await until(() => {
      if (this.child.exitCode !== null)
        throw new Error(`Firefox ended with status ${this.child.exitCode}`);
      try {
        return Number(readFileSync(join(this.profile, "MarionetteActivePort"), "utf8"));
      } catch {
        return 0;
      }
    }, "Firefox to listen", STARTING);
    this.waiting = new Map(); /* id -> {resolve, reject} */
    this.received = Buffer.alloc(0);
    this.lastId = 0;
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (data) => this.take(data));
    this.socket.on("close", () => this.waiting.forEach(({ reject }) => reject(new Error("Firefox is gone"))));
    await once(this.socket, "connect");
    this.socket.on("error", () => {}); /* "close" follows, which tells those that wait */
    await this.command("WebDriver:NewSession", {});
  }

  /* Messages that are whole; the first is a greeting. */
  take(data) {
    this.received = Buffer.concat([this.received, data]);
    for (;;) {
      const colon = this.received.indexOf(":"), end = colon + 1 + Number(this.received.subarray(0, Math.max(0, colon)));
      if (colon < 0 || this.received.length < end)
        return;
      const message = JSON.parse(this.received.subarray(colon + 1, end));
      this.received = this.received.subarray(end);
      if (!Array.isArray(message))
        continue;
      const [, id, error, result] = message, { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error)
        reject(new Error(`${error.error}: ${error.message}`));
      else
        resolve(result);
    }
  }

  command(name, parameters) {
    const id = ++this.lastId, text = JSON.stringify([0, id, name, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  goto(url) {
    return this.command("WebDriver:Navigate", { url });
  }

  /* The value of the function's body in the page; args are its arguments. */
  async run(script, ...args) {
    return (await this.command("WebDriver:ExecuteScript", { script, args })).value;
  }

  opened(view) {
    return until(() => this.run(OPENED, view), `the view ${view}`, PATIENCE);
  }

  /* No work is under way; what came of it may be painted a frame later. */
  idle(what) {
    return until(() => this.run(IDLE), `${what} to come to rest`, PATIENCE);
  }

  /* There are n canvases of the selector, and each is drawn. */
  drawn(what, selector, n) {
    return until(async () => {
      const inked = await this.run(INKED, selector);
      return inked.length === n && inked.every((pixels) => pixels > ENOUGH);
    }, `${what}: ${n} canvases with more than ${ENOUGH} pixels each`, PATIENCE);
  }

  /* The bytes of a file that a page has the browser save, once it is whole. */
  downloaded(name) {
    const path = join(this.profile, name);
    return until(() => existsSync(path) && !existsSync(`${path}.part`) && readFileSync(path).length && readFileSync(path), name, PATIENCE);
  }

  /* The errors in the console since the last time. */
  async errors() {
    await this.command("Marionette:SetContext", { value: "chrome" });
    const thrown = await this.run(ERRORS);
    await this.command("Marionette:SetContext", { value: "content" });
    return [...thrown, ...this.said.splice(0)];
  }

  async screenshot(path) {
    const { value } = await this.command("WebDriver:TakeScreenshot", { full: true });
    writeFileSync(path, Buffer.from(value, "base64"));
  }

  async close() {
    this.socket?.destroy();
    this.child.kill("SIGKILL");
    await this.ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/* Presses the button of that name. */
export const PRESS = `[...document.querySelectorAll("button")].find((b) => b.textContent === arguments[0]).click()`;

export const ABSENT = "Firefox: skipped, it is not here; scripts/deps.sh test installs firefox-esr";

/* Its path; null where it is not installed. */
export function findFirefox() {
  return spawnSync("sh", ["-c", "command -v firefox-esr || command -v firefox"], { encoding: "utf8" }).stdout.trim() || null;
}

export async function firefoxTests(harness, daemon, { plane, space, images, given }) {
  const executable = findFirefox();
  if (!executable)
    return console.log(ABSENT);
  const views = { flow: [`#/flow/${plane}?points=1&grid=0&density=0&n=300&steps=4&t=0.5&with=*`, ".plane .layer:last-child", 2],
    ...space ? { points: [`#/points/${space}?n=300&steps=4`, ".space", 1] } : {},
    ...given ? { posterior: [`#/posterior/${given.name}?n=200&steps=4`, ".pairs canvas", 1] } : {},
    generate: [`#/generate/${images}?classes=3&each=2&frames=3&steps=4`, ".pictures canvas", 1],
    draw: [`#/draw/${images}`, ".pad", 1], model: [`#/model/${plane}`, "nothing", 0] };
  let firefox = null;
  const elsewhere = (name, work) => harness.testElsewhere(name, async (tell, faults) => {
    firefox ??= await Firefox.launch(executable);
    await work(tell);
    faults.push(...await firefox.errors());
  });

  await elsewhere("Firefox: every view draws, without an error in the console", async (tell) => {
    for (const [name, [hash, canvases, n]] of Object.entries(views)) {
      await firefox.goto(`${daemon.url}/${hash}`);
      await firefox.opened(name);
      await firefox.idle(hash);
      await firefox.drawn(name, canvases, n);
      await firefox.screenshot(`${harness.shots}/firefox-${name}.png`);
    }
    tell(await firefox.run("return navigator.userAgent.split(' ').at(-1)"));
  });

  await elsewhere("Firefox: a picture and a film are saved", async (tell) => {
    await firefox.goto(`${daemon.url}/#/flow/${plane}?points=1&grid=0&density=0&n=300&steps=4&t=1&speed=4`);
    await firefox.opened("flow");
    await firefox.idle("the points");
    await firefox.run(PRESS, "Picture as PNG");
    const picture = await firefox.downloaded(`${plane}-seed-1-midpoint-t-1.00.png`);
    assert(picture.includes("Advect-Link"), "the picture does not know what it shows");
    await firefox.run(PRESS, "Animation as WebM");
    const film = await firefox.downloaded(`${plane}-seed-1-midpoint.webm`);
    assert(tagsOf(film)["Advect-Link"]?.startsWith(`#/flow/${plane}`) && film.length > 5000, `${film.length} bytes are no film`);
    tell(`a film of ${(film.length / 1000).toFixed(0)} kB`);
  });
  await firefox?.close();
}
