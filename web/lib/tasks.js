/* Work under way: a line for each piece, with its progress and a way to end it; and what went wrong,
 * in words, with a way to try again. */
import { el } from "./dom.js";
import { duration } from "./text.js";

const SHOW_AFTER_MS = 250; /* what is quicker needs no line */

export class Tasks {
  /* onRefusal(error): told of refusals with a field, true if it has shown them. */
  constructor(onRefusal = () => false) {
    this.onRefusal = onRefusal;
    this.element = el("div", { class: "tasks", role: "status", "aria-live": "polite" });
    this.running = new Map();
    this.failed = new Map();
    this.back = () => this.retryPassing();
    window.addEventListener("advect-back", this.back);
    this.count();
  }

  /* How much runs, for whoever looks at the page from outside. */
  count() {
    this.element.dataset.running = this.running.size;
  }

  /* Runs work({signal, progress}) in place of an earlier task of that name. Returns its result;
   * undefined if it was cancelled or failed. */
  async start(name, label, work) {
    this.cancel(name);
    this.clear(name);
    const controller = new AbortController();
    const row = this.makeRow(name, label);
    this.running.set(name, { controller, row });
    this.count();
    try {
      return await work({
        signal: controller.signal,
        progress: (done, total, words) => row.progress(done, total, words),
      });
    } catch (error) {
      if (error.name !== "AbortError")
        this.fail(name, label, work, error);
      return undefined;
    } finally {
      row.end();
      if (this.running.get(name)?.row === row)
        this.running.delete(name);
      this.count();
    }
  }

  /* Has work done as long as it is wanted: begins it where it is missing, ends it where nobody wants it. */
  want(name, { wanted, missing }, label, work) {
    if (!wanted)
      this.cancel(name);
    else if (missing && !this.running.has(name))
      return this.start(name, label, work);
    return undefined;
  }

  makeRow(name, label) {
    const bar = el("progress", { max: 1, "aria-label": label });
    const words = el("span", {}, label);
    const clock = el("span", { class: "dim clock", "aria-hidden": "true" });
    const row = el("div", { class: "task" }, words, bar, clock,
      el("button", { type: "button", class: "small", "aria-label": `Cancel: ${label}`,
        onclick: () => this.cancel(name) }, "Cancel"));
    const began = performance.now();
    const show = setTimeout(() => this.element.append(row), SHOW_AFTER_MS);
    const tick = setInterval(() => {
      clock.textContent = duration(Math.round((performance.now() - began) / 1000));
    }, 1000);
    return {
      progress(done, total, text) {
        bar.value = done / total;
        words.textContent = text ?? label;
      },
      end() {
        clearTimeout(show);
        clearInterval(tick);
        row.remove();
      },
    };
  }

  fail(name, label, work, error) {
    if (error.status === 401)
      return; /* the page asks for the key, and then begins anew */
    const shown = error.field && this.onRefusal(error);
    if (!error.status && !error.passing)
      console.warn(error);
    const retry = () => (error.reload ? location.reload() : this.start(name, label, work)), words = error.reload ? "Reload the page" : "Try again";
    const row = el("div", { class: "task trouble", role: "alert" },
      el("span", {}, `${label}: ${shown ? "the server refused a setting, for the reason shown beside it." : error.message}`),
      el("button", { type: "button", class: "small", "aria-label": `${words}: ${label}`, onclick: retry }, words),
      el("button", { type: "button", class: "small", title: "Dismiss", "aria-label": `Dismiss: ${label}`,
        onclick: () => this.clear(name) }, "×"));
    this.failed.set(name, { row, retry, passing: error.passing });
    this.element.append(row);
  }

  cancel(name) {
    this.running.get(name)?.controller.abort();
    this.running.delete(name);
    this.count();
  }

  clear(name) {
    this.failed.get(name)?.row.remove();
    this.failed.delete(name);
  }

  retryPassing() {
    for (const task of [...this.failed.values()].filter((t) => t.passing))
      task.retry();
  }

  close() {
    window.removeEventListener("advect-back", this.back);
    for (const name of [...this.running.keys()])
      this.cancel(name);
  }
}
