/* Image models: draw something and see what the model thinks of it. */
import { DRAWING, take, textOfImage } from "../images/carried-image.js";
import { drawingPicture } from "../images/drawing-picture.js";
import { fromLevels, toLevels, toneOf } from "../images/levels.js";
import { paintAlone } from "../images/pixels.js";
import { classDensities, nearest, readFlow } from "../images/queries.js";
import { comparison, measured, nounOf, ruler, standing } from "../images/ruler.js";
import { Sketch } from "../images/sketch.js";
import { askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Form } from "../lib/form.js";
import { pngOf, takeAway } from "../lib/picture.js";
import { guidanceSpec, takesGuidance } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { className, fixed, number } from "../lib/text.js";

const PATIENCE_MS = 8000; /* a pass that would take longer waits to be asked for */
const VARIANTS = 4, BEST = -1;

const a = (noun) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

function specsFor(model) {
  const classes = Array.from({ length: model.classes }, (_, i) => ({ value: i, label: className(model, i) }));
  return [
    { name: "brush", kind: "real", label: "Brush", range: true, live: true, min: 0.5, max: 5, step: 0.25, fallback: 2,
      help: "width of the brush in image pixels" },
    { name: "centred", kind: "switch", label: "Centre and scale", fallback: true,
      help: "fit the drawing into 20 of 28 pixels, centre of mass in the middle, like MNIST's digits" },
    { name: "trace", kind: "switch", label: `Trace ${a(nounOf(model))}`, fallback: true,
      help: `show ${a(nounOf(model))} of the model's own faintly on the empty pad; it is not part of the drawing` },
    { name: "s", kind: "real", label: "Keep (0 nothing … 1 all)", range: true, min: 0.05, max: 0.95, step: 0.05, fallback: 0.5,
      help: "time of the path at which the flow starts again: near 1 the image stays as drawn, near 0 little is left of it" },
    ...classes.length ? [{ name: "into", kind: "choice", label: "Class of the result", field: "label",
      choices: [{ value: BEST, label: "most likely class" }, ...classes], fallback: BEST,
      help: "class that the flow carries the mixture to" }] : [],
    ...takesGuidance(model) ? [{ ...guidanceSpec(model), fallback: 2 }] : [],
  ];
}

/* A small picture with words under it. */
function tile(words) {
  const canvas = el("canvas", { width: 1, height: 1, role: "img", "aria-label": words });
  return { canvas, element: el("figure", { class: "tile" }, canvas, el("figcaption", {}, words)) };
}

export class DrawView {
  constructor(root, { model, params, ours, remember }) {
    this.model = model;
    this.form = new Form(specsFor(model), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    this.sketch = new Sketch(model, { brush: this.form.values.brush, drawn: () => this.look() });
    this.seen = tile("the drawing as data");
    this.latent = tile("latent of the drawing");
    this.mixed = tile("drawing, blurred");
    this.variants = Array.from({ length: VARIANTS }, (_, i) => tile(`result, noise ${i + 1}`));
    this.nearestWords = el("p", { class: "dim" },
      "We blur your drawing with noise up to time t, then let the flow finish it.");
    this.verdict = el("div", { "aria-live": "polite" });
    this.bars = el("dl", { class: "bars" });
    this.classes = el("div", { hidden: true }, el("h2", {}, "If it is one of these"),
      el("p", { class: "dim" }, "Log-density given each class, in nats below that of the best; the bars by the logarithm of these."), this.bars);
    this.refine = el("button", { type: "button", class: "small", hidden: true, onclick: () => this.weigh(this.due) });
    this.asks = askList(4);
    this.lay(root);
    this.begin(take(model));
  }

  /* With an image from elsewhere, if it is one that the pad can show. */
  begin(given) {
    if (Array.isArray(given?.row) && given.row.length === this.model.dim && given.row.every(Number.isFinite))
      this.show(given.row);
    else if (given?.strokes?.length && this.sketch.restore(given.strokes))
      this.look();
    else
      this.reset();
    if (given && this.sketch.empty)
      this.verdict.prepend(el("p", { class: "refusal", role: "alert" },
        "The picture’s drawing could not be restored: it is damaged, too long, or of another kind of image."));
  }

  lay(root) {
    const { form } = this, control = (name) => form.control(name);
    const button = (label, work) => el("button", { type: "button", onclick: work }, label);
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, this.sketch.element,
        el("div", { class: "row" }, button("Clear", () => { this.sketch.clear(); this.reset(); }),
          button(`Use a generated ${nounOf(this.model)}`, () => this.borrow())),
        el("div", { class: "controls" }, control("brush"), control("centred"), control("trace")),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)),
        this.tasks.element),
      el("div", { class: "panel" },
        el("section", { class: "card" }, this.verdict, this.model.classes ? this.classes : null, this.refine),
        this.pictures = el("section", { class: "card", hidden: true }, el("h2", {}, "What the model sees"),
          el("div", { class: "tiles" }, this.seen.element, this.latent.element)),
        this.redrawn = this.nearestCard(control),
        this.save = el("div", { class: "row", hidden: true }, button("Picture as PNG", () => this.savePicture())), this.asks.element)));
  }

  nearestCard(control) {
    return el("section", { class: "card", hidden: true }, el("h2", {}, `Redraw as ${a(nounOf(this.model))}`),
      this.nearestWords,
      el("div", { class: "controls" }, control("s"), control("into"), control("guidance")),
      el("div", { class: "tiles" }, [this.mixed, ...this.variants].map((v) => v.element)));
  }

  reset() {
    for (const name of ["densities", "nearest"])
      this.tasks.cancel(name);
    this.row = this.found = null;
    this.verdict.replaceChildren(el("p", { class: "lead" },
      `Draw ${nounOf(this.model) === "digit" ? "a digit, or something else," : "something"} on the black pad, with mouse, finger or keyboard${this.form.values.trace ? "; or trace the faint one" : ""}. The model tells how it compares with ${nounOf(this.model)}s that it was not trained on.`));
    for (const part of [this.classes, this.pictures, this.redrawn, this.refine, this.save])
      part.hidden = true;
    for (const { canvas } of [this.seen, this.latent, this.mixed, ...this.variants])
      canvas.width = canvas.height = 1;
    this.guide();
  }

  changed(name) {
    this.sketch.brush = this.form.values.brush;
    if (name === "centred")
      this.look();
    else if (name === "trace" && this.sketch.empty)
      this.reset();
    else if (name === "trace")
      this.guide();
    else if (name !== "brush" && this.found)
      this.imagine();
  }

  /* Has show(row) an image of the model's own. */
  sample(task, label, show) {
    this.tasks.start(task, label, async ({ signal }) => {
      const body = { n: 1 };
      if (this.model.classes)
        body.label = Math.floor(Math.random() * this.model.classes);
      show((await askJson(modelPath(this.model, "samples"), { signal, body })).samples[0]);
    });
  }

  /* One for those who would rather not draw. */
  borrow() { this.sample("borrow", "Drawing a sample", (row) => this.show(row)); }

  /* One to trace, while nothing is drawn. */
  guide() {
    this.sketch.trace(null);
    this.tasks.cancel("trace");
    if (!this.form.values.trace || !this.sketch.empty)
      return;
    this.sample("trace", `Drawing ${a(nounOf(this.model))} to trace`, (row) => this.sketch.empty && this.sketch.trace(row, toneOf(this.model, row)));
  }

  /* Samples may lie a little outside the range of the data, where there is no density. */
  show(row) {
    const tone = toneOf(this.model, row);
    this.sketch.setRow(this.model.range ? fromLevels(toLevels(row, tone), tone) : row, tone);
    this.look();
  }

  /* What is on the pad as a point of the model's data. */
  look() {
    if (this.sketch.empty)
      return;
    this.tasks.cancel("trace");
    this.tasks.clear("trace");
    const { sketch, model: { shape: [channels], range, levels } } = this;
    const seen = () => Array(channels).fill([...sketch.see(this.form.values.centred)]).flat();
    this.row = sketch.row ?? fromLevels(seen(), [...range ?? [-1, 1], levels]);
    this.pictures.hidden = false;
    this.save.hidden = true; /* until the words are those of this drawing */
    paintAlone(this.seen.canvas, this.model, this.row, toneOf(this.model, this.row));
    this.tasks.cancel("nearest");
    this.found = null;
    this.weigh(0);
  }

  /* The passes from the quick one on, as long as they are quick enough. */
  async weigh(first) {
    const { model, row } = this;
    this.form.forgive();
    for (let k = first, goesOn = true; goesOn; k++) {
      const began = performance.now();
      const found = await this.tasks.start("densities", k ? "Refining" : "Computing log-densities", async ({ signal }) => {
        this.flow ??= await readFlow(model, { signal });
        return classDensities(model, row, this.flow.passes[k], { signal });
      });
      if (!found || row !== this.row)
        return;
      this.found = found;
      this.tell(found);
      if (k === first && first === 0)
        this.imagine();
      const [pass, next] = this.flow.passes.slice(k), wait = next && (performance.now() - began) * next.cost / pass.cost;
      goesOn = next && wait <= PATIENCE_MS;
      this.refine.hidden = !next || goesOn;
      this.due = k + 1;
      this.refine.textContent = `Refine (${Math.round(wait / 1000)} s)`;
    }
  }

  tell(found) {
    this.save.hidden = false;
    const { model } = this, place = this.flow.usual && measured(this.flow.usual, found, model);
    this.verdict.replaceChildren(...this.headline(found, place),
      place ? ruler(place, nounOf(model)) : el("p", { class: "dim" },
        "How usual it is cannot be told: the model file does not say how held-out images fare (advect eval --typicality 1000 --write-card records it)."),
      el("p", {}, `log-density ${number(found.logDensity, 5)} nats`,
        found.error !== null ? ` ± ${number(found.error, 2)}` : " (first estimate)",
        found.bits !== null ? `, ${number(found.bits, 4)} bits/dim` : ""));
    this.classes.hidden = false;
    const gaps = found.log.map((log) => found.log[found.best] - log), widest = Math.log1p(Math.max(...gaps)) * 1.05 || 1;
    this.bars.replaceChildren(...gaps.flatMap((gap, i) => {
      const bar = el("i");
      bar.style.width = `${100 * (1 - Math.log1p(gap) / widest)}%`;
      return [el("dt", {}, i === found.best ? el("b", { class: "best" }, className(model, i)) : className(model, i)),
        el("dd", { class: "bar" }, bar), el("dd", { class: "dim" }, gap ? `${number(-gap)} nats` : "best")];
    }));
    const spread = Math.sqrt(found.latent.reduce((sum, v) => sum + v * v, 0) / model.dim);
    paintAlone(this.latent.canvas, model, found.latent, [-3, 3]);
    this.latent.element.lastChild.textContent = `latent: |x₀| = ${fixed(spread, 2)} √D`;
  }

  /* Which class it looks like only where it looks like any. */
  headline(found, place) {
    const { model } = this, noun = nounOf(model), name = model.classes ? className(model, found.best) : null;
    const kind = place ? standing(place) : "unknown";
    const nearest = name && `nearest: ${name}`, looks = name ? `Looks like ${name}` : `Like held-out ${noun}s`;
    const [title, aside, why] = {
      usual: [looks, null, null],
      rare: [`Unusual for ${a(noun)}`, nearest, null],
      unlike: [`Unlike any ${noun}`, nearest, null],
      bare: [`Unlike any ${noun}`, nearest, "There is less in it to tell than in any of them."],
      unknown: [name ? `Nearest class: ${name}` : null, null, null],
    }[kind];
    return [title && el("p", { class: "big", id: "verdict" }, title, aside ? el("span", { class: "dim" }, ` (${aside})`) : ""),
      place && el("p", {}, comparison(place, noun)),
      why && el("p", {}, why)].filter(Boolean);
  }

  async imagine() {
    const { model, row, form, found, flow } = this, { s, guidance, into } = form.values;
    const label = into === BEST ? found.best : into;
    if (!flow.straight) {
      this.redrawn.hidden = false;
      this.nearestWords.textContent =
        "Not available for this model: its probability path is not straight, and this page blurs along straight paths only.";
      return;
    }
    this.redrawnRow = null;
    const made = await this.tasks.start("nearest", "Redrawing",
      ({ signal }) => nearest(model, found, { s, n: VARIANTS, seed: 1, label, guidance }, { signal }));
    if (!made || row !== this.row)
      return;
    this.redrawnRow = row;
    this.redrawn.hidden = false;
    paintAlone(this.mixed.canvas, model, made.mixed[0], flow.tone);
    this.mixed.element.lastChild.textContent = `blurred at t = ${number(s)}, noise 1`;
    made.samples.forEach((sample, i) => paintAlone(this.variants[i].canvas, model, sample, toneOf(model, sample)));
  }

  /* With the drawing, or the image, so that it can be opened again. */
  savePicture() {
    this.tasks.start("picture", "Saving the picture", () => this.makePicture());
  }

  async makePicture() {
    const { model, form, sketch, verdict } = this;
    const tiles = [this.seen, this.latent, ...this.redrawnRow === this.row ? [this.mixed, ...this.variants] : []];
    const picture = await drawingPicture(sketch.canvas, verdict, tiles.filter(({ canvas }) => canvas.width > 1));
    await takeAway(await pngOf(picture), { model, form, name: `${model.name}-drawing.png`, more: { [DRAWING]: textOfImage(model, sketch.image) } });
  }

  close() {
    this.tasks.close();
    this.asks.close();
  }
}
