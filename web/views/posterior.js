/* Models of densities given a context, as posteriors given an observation: the samples' pair plot
 * follows the context, and the credible interval of each number of a point stands beside it. */
import { affordable } from "../lib/affordable.js";
import { askBlob, askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { download, el } from "../lib/dom.js";
import { Form } from "../lib/form.js";
import { compose, pngOf, takeAway } from "../lib/picture.js";
import { conditionOf, conditionSpecs, seedSpec, solverOf, solverSpecs } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { fixed, number, numbersIn } from "../lib/text.js";
import { events as themeEvents } from "../lib/theme.js";
import { drawPairs, pairsHeight } from "../plane/pairs.js";

const MOST_COLUMNS = 8, MOST_SLIDERS = 12, STEPS = 20, MOST_SAMPLES = 2000;
const REACH = 3; /* of sliders, in standard deviations, where the model does not say */

const nameOf = (names, i, letter) => names?.[i] ?? `${letter}${i + 1}`;

function specsFor(model, centre) {
  return [
    { name: "context", kind: "points", width: model.context.size, max: 1, fallback: [centre] },
    ...conditionSpecs(model),
    { name: "n", kind: "int", label: "Number of samples", help: "number of samples to draw given the context",
      min: 1, max: model.limits.rows, fallback: affordable(model, 2 * STEPS, Math.min(MOST_SAMPLES, model.limits.rows)) },
    seedSpec(),
    ...solverSpecs(model, "midpoint", STEPS),
  ];
}

/* The mean and deviation of each number of the training's contexts, or of one with heavy tails the middle
 * and width of most, as the config's transform has them. */
function statistics(model, config) {
  const { shift, scale, columns } = config.data?.context?.transform ?? {};
  const each = (list, other) => Array.from({ length: model.context.size }, (_, i) =>
    Number(((Array.isArray(list) ? list[i] : list) ?? other).toPrecision(3)));
  const ofHeavy = (one, heavy, real) => (one.kind === "heavy" ? one[heavy] : one[real]);
  return columns ? { centre: each(columns.map((c) => ofHeavy(c, "centre", "shift")), 0), deviation: each(columns.map((c) => ofHeavy(c, "width", "scale")), 1) }
    : { centre: each(shift, 0), deviation: each(scale, 1) };
}

const quantile = (sorted, q) => sorted[Math.round(q * (sorted.length - 1))];

export class PosteriorView {
  constructor(root, { model, params, ours, remember }) {
    Object.assign(this, { model, root, params, ours, remember });
    this.tasks = new Tasks((error) => this.refused(error));
    this.asks = askList(4);
    this.ranges = null;
    this.begin();
  }

  async begin() {
    const { model } = this;
    this.root.append(this.tasks.element);
    const whole = await this.tasks.start("config", "Reading the model's configuration", (task) =>
      askJson(modelPath(model), { signal: task.signal }));
    if (!whole)
      return;
    Object.assign(this, statistics(model, whole.config));
    this.form = new Form(specsFor(model, this.centre), this.params, { ours: this.ours, remember: this.remember, changed: () => this.ask() });
    this.lay();
    this.themed = () => this.draw();
    themeEvents.addEventListener("theme", this.themed);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
    this.showContext();
    this.ask();
  }

  get context() { return this.form.values.context[0]; }

  lay() {
    const { model, form } = this, { columns, size } = model.context;
    const reach = model.context.reach ?? REACH;
    this.sliders = size > MOST_SLIDERS ? [] : this.centre.map((mean, i) => {
      const far = reach * this.deviation[i] || 1, output = el("output", { class: "value" });
      const input = el("input", { type: "range", id: `context-${i}`, min: mean - far, max: mean + far, step: far / 200,
        oninput: () => this.setNumber(i, input.valueAsNumber) });
      return { input, output, element: el("div", { class: "control" },
        el("label", { for: input.id }, nameOf(columns, i, "c"), " ", output), input) };
    });
    this.text = el("input", { id: "context", type: "text", autocomplete: "off", spellcheck: "false", onchange: () => this.paste() });
    this.why = el("p", { class: "refusal", role: "alert", hidden: true });
    this.far = el("p", { class: "refusal", role: "status", hidden: true });
    this.canvas = el("canvas", { role: "img" });
    this.frame = el("div", { class: "pairs" }, this.canvas);
    this.facts = el("dl", { class: "facts" });
    const save = (label, work) => el("button", { type: "button", onclick: work }, label);
    const names = form.specs.filter((s) => s.label).map((s) => s.name);
    this.root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, this.frame, this.tasks.element),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "Samples given the context that you set. The contours hold 50 % and 90 % of them."),
        el("div", { class: "controls" }, this.sliders.map((s) => s.element)),
        el("div", { class: "control", "data-field": "context" },
          el("label", { for: "context" }, `Context: ${size} number${size > 1 ? "s" : ""}, typed or pasted`), this.text, this.why),
        this.far,
        el("section", {}, el("h2", {}, "Median and 90 % credible interval"), this.facts),
        el("div", { class: "controls" }, names.map((name) => form.control(name))),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)),
        el("div", { class: "row" }, save("Fit the axes", () => this.fit()),
          this.picture = save("Picture as PNG", () => this.savePicture()),
          save("Samples as NPY", () => this.saveArray())),
        this.asks.element)));
  }

  /* ---- the context */

  setNumber(i, value) {
    this.take(this.context.map((old, k) => (k === i ? Number(value.toPrecision(6)) : old)));
  }

  paste() {
    const { size } = this.model.context, numbers = numbersIn(this.text.value);
    const good = numbers.length === size && numbers.every(Number.isFinite);
    this.refuse(good ? null : `The context must be ${size} numbers.`);
    if (good)
      this.take(numbers);
  }

  take(context) {
    this.form.set("context", [context]);
    this.showContext();
    this.ask();
  }

  showContext() {
    this.text.value = this.context.join(", ");
    this.sliders.forEach(({ input, output }, i) => {
      input.value = this.context[i];
      output.textContent = number(this.context[i]);
    });
    this.refuse(null);
  }

  refuse(words) {
    this.why.textContent = words ?? "";
    this.why.hidden = !words;
  }

  refused(error) {
    if (error.field !== "context")
      return this.form?.refuse(error.field, error.message) ?? false;
    this.refuse(error.message);
    return true;
  }

  /* ---- samples */

  get body() {
    const { values } = this.form;
    return { n: values.n, seed: values.seed, context: this.context, ...conditionOf(this.model, values), solver: solverOf(values) };
  }

  /* One request at a time, the next with what is then set: a slider is followed, not queued. A picture may
   * be saved once the samples are those of the settings. */
  async ask() {
    this.picture.disabled = true;
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    do {
      this.again = false;
      const { body } = this;
      const answer = await this.tasks.start("samples", "Drawing samples", (task) =>
        askJson(modelPath(this.model, "samples"), { body, signal: task.signal }));
      if (answer)
        this.show(answer, body.context);
    } while (this.again);
    this.asking = false;
  }

  show(answer, context) {
    const { reach } = this.model.context, [distance] = answer.context_distance ?? [];
    this.form.forgive();
    Object.assign(this, { rows: answer.samples, given: context.join(", ") });
    this.picture.disabled = this.again;
    this.far.hidden = !answer.context_extrapolates;
    this.far.textContent = answer.context_extrapolates ? `This context is, as the model maps it, ${number(distance)} standard deviations from the mean of those of the training, which were within ${number(reach)}: the model extrapolates.` : "";
    this.sorted = this.rows[0].map((_, k) => Float64Array.from(this.rows, (row) => row[k]).sort());
    this.facts.replaceChildren(...this.sorted.flatMap((values, k) => {
      const [lo, middle, hi] = [0.05, 0.5, 0.95].map((q) => quantile(values, q));
      const digits = Math.max(0, Math.min(8, 2 - Math.floor(Math.log10(hi - lo || Math.abs(middle) || 1))));
      return [el("dt", {}, nameOf(this.model.columns, k, "x")),
        el("dd", {}, `${fixed(middle, digits)}  (${fixed(lo, digits)} to ${fixed(hi, digits)})`)];
    }));
    this.widen();
    this.draw();
  }

  /* Axes stay while the context changes, so that it is seen what moves; they only widen. */
  widen() {
    const seen = this.sorted.slice(0, MOST_COLUMNS).map((values) => {
      const lo = quantile(values, 0.005), hi = quantile(values, 0.995), margin = (hi - lo) * 0.08 || 0.5;
      return [lo - margin, hi + margin];
    });
    this.ranges = seen.map(([lo, hi], k) => {
      const [a, b] = this.ranges?.[k] ?? [lo, hi];
      return [Math.min(a, lo), Math.max(b, hi)];
    });
  }

  fit() {
    this.ranges = null;
    if (this.sorted)
      this.widen();
    this.draw();
  }

  draw() {
    const wide = this.frame.clientWidth, ratio = Math.min(2, devicePixelRatio || 1);
    if (!this.rows || !wide)
      return;
    const width = Math.round(Math.min(wide, Math.max(280, innerHeight - 140)) * ratio), height = pairsHeight(width, ratio);
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    this.canvas.style.width = `${width / ratio}px`;
    const names = this.ranges.map((_, k) => nameOf(this.model.columns, k, "x"));
    this.canvas.setAttribute("aria-label", `Pair plot of ${this.rows.length} samples of ${names.join(", ")}, given the context ${this.given}`);
    drawPairs(this.canvas, { rows: this.rows, ranges: this.ranges, names, ratio });
  }

  /* ---- files */

  get name() { return `${this.model.name}-seed-${this.form.values.seed}`; }

  savePicture() {
    if (this.rows)
      this.tasks.start("picture", "Saving the picture", async () =>
        takeAway(await pngOf(compose([{ layers: [this.canvas] }])), { model: this.model, form: this.form, name: `${this.name}.png` }));
  }

  async saveArray() {
    const blob = await this.tasks.start("save", "Making the file", ({ signal }) =>
      askBlob(modelPath(this.model, "samples"), { body: this.body, accept: "application/x-npy", signal }));
    if (blob)
      download(blob, `${this.name}.npy`);
  }

  close() {
    this.again = false;
    this.observer?.disconnect();
    themeEvents.removeEventListener("theme", this.themed);
    this.tasks.close();
    this.asks.close();
  }
}
