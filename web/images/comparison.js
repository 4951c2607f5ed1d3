/* Images of the same noise by several values of a setting: one setting down, and across the noise or
 * another setting. Two settings leave room for one image, the chosen one. */
import { affordable } from "../lib/affordable.js";
import { askJson, modelPath } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { solverOf, solverWords } from "../lib/request-settings.js";
import { className, number } from "../lib/text.js";
import { Sheet } from "./sheet.js";

const WEIGHTS = [0, 1, 2, 4], STEPS = [1, 2, 4, 8, 16, 32];
const VELOCITIES = 200, LEAST = 3, MOST = 10; /* of an image in all rows, about; images in a row */

/* The current value too, in place of what is nearly it. */
const withCurrent = (list, current) =>
  [...list.filter((v) => Math.abs(v - current) > 0.15 * current), current].sort((a, b) => a - b);

const FLOW_MAP = "flow_map", powerOfTwo = (n) => Number.isInteger(Math.log2(n));

/* Steps that every solver of the comparison can take. A flow map takes 1, 2, 4 and so on, up to those that it
 * was made for. */
function stepsOf({ values, specs }, { flow_map: map }, other) {
  const { max } = specs.find((s) => s.name === "steps"), few = map && (other === "solver" || values.method === FLOW_MAP);
  return withCurrent(STEPS, values.steps).filter((steps) => steps <= max && (!few || (steps <= map.steps && powerOfTwo(steps))));
}

/* Solvers that can take the steps of the form; besides several steps none that chooses its own. */
function methodsOf({ values: { steps }, specs }, { flow_map: map }, other) {
  const methods = specs.find((s) => s.name === "method").choices.map(({ value }) => value);
  if (other === "steps")
    return methods.filter((method) => method !== "dopri5");
  return methods.filter((method) => method !== FLOW_MAP || (steps <= map.steps && powerOfTwo(steps)));
}

/* What a setting is compared at, given the form, the model and what is compared besides: [{name, patch}], the
 * patch being of the form's values. */
const AXES = {
  guidance: ({ values }) => withCurrent(WEIGHTS, values.guidance).map((guidance) =>
    ({ name: `guidance ${number(guidance)}`, patch: { guidance } })),
  steps: (form, model, other) => {
    if (form.values.method === "dopri5" && other !== "solver")
      return form.specs.find((s) => s.name === "tolerance").choices.map(({ value: tolerance }) => ({ name: `tolerance ${number(tolerance)}`, patch: { tolerance } }));
    return stepsOf(form, model, other).map((steps) => ({ name: `${steps} step${steps > 1 ? "s" : ""}`, patch: { steps } }));
  },
  solver: (form, model, other) => methodsOf(form, model, other).map((method) =>
    ({ name: other === "steps" ? method : solverWords(solverOf({ ...form.values, method })), patch: { method } })),
};

export class Comparison {
  constructor(view) {
    Object.assign(this, { view, sheet: new Sheet(view, "Comparison"), title: el("h2"), words: el("p", { class: "dim" }) });
    this.element = el("section", { class: "strip" }, this.title, this.words, this.sheet.element);
  }

  async run({ signal, progress }) {
    const { sheet, view, view: { model, form, labels, chosen, count } } = this, { values, values: { compare, against } } = form;
    const down = AXES[compare](form, model, against), across = against !== compare && AXES[against]?.(form, model, compare);
    const [first, n] = across ? [chosen, 1] : [0, Math.min(count, Math.max(LEAST, affordable(model, VELOCITIES, MOST)))];
    const columns = across || [{ patch: {} }], names = (list) => list.map(({ name }) => name);
    this.title.textContent = `Compared: ${compare}${across ? ` and ${against}` : ""}`;
    this.words.textContent = across ? `Everything here starts from the noise of image ${first + 1}.` : "Each column starts from the same noise.";
    sheet.lay(names(down), across ? names(across)
      : Array.from({ length: n }, (_, i) => (labels ? `${className(model, labels[i])} (image ${i + 1})` : `image ${i + 1}`)));
    for (const [i, row] of down.entries())
      for (const [k, column] of columns.entries()) {
        const body = view.bodyOf({ ...values, ...row.patch, ...column.patch }, first, n);
        sheet.fill(i, k, (await askJson(modelPath(model, "samples"), { signal, body })).samples);
        progress(i * columns.length + k + 1, down.length * columns.length);
      }
  }
}
