/* Images that are kept while seed and settings change, and the interpolation from each to the next: images
 * of the noise between theirs. */
import { askJson, modelPath } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { className, number } from "../lib/text.js";
import { toneOf } from "./levels.js";
import { paintAlone } from "./pixels.js";
import { Sheet } from "./sheet.js";

const PLACES = Array.from({ length: 11 }, (_, k) => k / 10); /* from an image to the next */

/* Between two rows of Gaussian noise at 0 <= s <= 1, along the sphere that such rows lie on, or nearly: a
 * mean of two would be nearer to the middle than noise ever is (Shoemake 1985). */
export function between(a, b, s) {
  const dot = (x, y) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
  const [u, v] = Math.sin(angle) < 1e-6 ? [1 - s, s] : [1 - s, s].map((part) => Math.sin(part * angle) / Math.sin(angle));
  return a.map((x, i) => u * x + v * b[i]);
}

export class Kept {
  constructor(view) {
    Object.assign(this, { view, noises: new Map(), sheet: new Sheet(view, "Interpolation"), words: el("p", { class: "dim" }) });
    this.tiles = el("div", { class: "tiles" });
    this.ways = el("div", { class: "strip" }, this.words, this.sheet.element);
    this.element = el("section", { class: "strip" }, el("h2", {}, "Kept images"), this.tiles, this.ways);
  }

  ask(what, body, { signal }) {
    return askJson(modelPath(this.view.model, what), { signal, body });
  }

  /* The noise of an image, in base units: the state at t = 0. */
  async noiseOf([seed, first, label], task) {
    const key = `${seed}/${first}`;
    if (!this.noises.has(key)) {
      const { trajectories } = await this.ask("trajectories", { n: 1, seed, first, times: [0, 1], space: "flow",
        ...this.conditionOf([label]), solver: { method: "euler", steps: 1 } }, task);
      this.noises.set(key, trajectories[0][0]);
    }
    return this.noises.get(key);
  }

  conditionOf(labels) { return this.view.conditionOf(this.view.form.values, labels); }

  /* ", class 3" where there are classes. */
  of(label) { return label < 0 ? "" : `, class ${className(this.view.model, label)}`; }

  /* Those that are there stay, and so does the focus in them. */
  showTiles(kept) {
    const shown = kept.join(";");
    this.pictures?.forEach((canvas) => Object.assign(canvas, { width: 1, height: 1 }));
    if (shown === this.shown)
      return;
    this.shown = shown;
    this.pictures = kept.map(() => el("canvas", { width: 1, height: 1, role: "img" }));
    this.tiles.replaceChildren(...kept.map((image, i) => {
      const [seed, first, label] = image, name = `${i + 1}: image ${first + 1} of seed ${seed}${this.of(label)}`;
      this.pictures[i].setAttribute("aria-label", `kept ${name}`);
      return el("figure", { class: "tile" }, this.pictures[i], el("figcaption", {}, name), el("button", { type: "button",
        class: "small", "aria-label": `Remove kept ${name}`, onclick: () => this.view.drop(image) }, "Remove"));
    }));
  }

  async run(task) {
    const { sheet, view: { model, form: { values: { kept } } } } = this;
    /* Each image to the next: as the class of either, where they are of two. */
    const rows = kept.slice(1).flatMap((to, i) => [...new Set([kept[i][2], to[2]])].map((label) => ({ i, label })));
    const images = async (x0, labels) => (await this.ask("samples", { x0, ...this.conditionOf(labels) }, task)).samples;
    this.showTiles(kept);
    this.ways.hidden = !rows.length;
    this.words.textContent = `From each image to the next, by noise interpolated along the sphere${rows.length >= kept.length ? "; where the classes differ, once as each class" : ""}.`;
    sheet.lay(rows.map(({ i, label }) => `${i + 1} to ${i + 2}${this.of(label)}`), PLACES.map((s) => number(s)));
    const noises = [];
    for (const image of kept)
      noises.push(await this.noiseOf(image, task));
    (await images(noises, kept.map(([, , label]) => label))).forEach((image, i) =>
      paintAlone(this.pictures[i], model, image, toneOf(model, image)));
    for (const [k, { i, label }] of rows.entries()) {
      sheet.fill(k, 0, await images(PLACES.map((s) => between(noises[i], noises[i + 1], s)), PLACES.map(() => label)));
      task.progress(k + 1, rows.length);
    }
  }
}
