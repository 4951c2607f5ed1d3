/* The two planes of the view: what they show of the exact flow, and of the one that a network learned. */
import { el } from "../lib/dom.js";
import { secondField, secondSolverOf, solverOf, solverWords } from "../lib/request-settings.js";
import { count } from "../lib/text.js";
import { FlowPane } from "../plane/flow-pane.js";
import { ModelLayers } from "../plane/model-layers.js";
import { ExactDensity } from "./exact-density.js";
import { BOTH, EXACTLY, hasTwoSolvers, LEARNT, NAMES } from "./settings.js";
import { boxOf } from "./target.js";
import { EXACT, LEARNED } from "./training.js";

const EXACT_WORK = 1.2e6, FEWEST = 200, MOST = 3000; /* points of the flow times points that were painted */
const PREVIEW = { n: 800, solver: { method: "midpoint", steps: 12 } }; /* of a network in training */

export class Planes {
  /* target(): the density; now(): the time that is looked at; arrived() follows whatever comes; redraw() asks
   * for a drawing. */
  constructor(model, { form, tasks, target, now, arrived, redraw }) {
    Object.assign(this, { form, target, now, arrived, ask: redraw, training: false, steps: 0, known: new Set() });
    const flow = (name, aside, densityOf) => new ModelLayers({ ...model, name }, tasks, { aside, densityOf });
    this.exact = flow(EXACT, ", exact", (box) => new ExactDensity(box, target()));
    this.network = flow(LEARNED, ", learned");
    this.flows = [this.exact, this.network];
    this.panes = ["left", "right"].map((side, i) => new FlowPane(this.exact, tasks, { aside: `, ${side}`, names: NAMES, redraw,
      fieldOf: (field) => (i && hasTwoSolvers(form.values) ? secondField(field) : field) }));
    this.element = el("div", { class: "flow-panes" }, this.panes.map(({ element }) => element));
    this.arrange();
  }

  /* The one to paint on. */
  get plane() { return this.panes[0].plane; }

  of(flow) { return this.panes.filter(({ layers }) => layers === flow); }

  /* ---- what they show */

  /* Which flow is on which plane, as the form says; what is known of them is computed anew. */
  arrange() {
    const { exact, network, form: { values } } = this;
    const sides = { [BOTH]: [exact, network], [EXACTLY]: [exact, exact], [LEARNT]: [network, network] }[values.planes];
    this.flows.forEach((flow) => flow.empty());
    this.panes.forEach((pane, i) => pane.turnTo(sides[i], sides[i] === exact
      ? `The plane of the exact flow.${i ? "" : " With painting on, the pointer sprays points, and erases them with Shift."}` : "The plane of the learned flow."));
    this.name(this.steps);
    this.known.forEach((flow) => this.begin(flow));
    this.redraw(true);
  }

  /* Has these beside each other, where others are. */
  putBeside(planes) {
    this.form.set("planes", planes);
    this.arrange();
  }

  /* The part of the plane where the target is. */
  frame() {
    const box = boxOf(this.target().units);
    this.panes.forEach(({ plane }) => { plane.box = box; });
  }

  /* steps: of the training so far, 0 before. */
  name(steps = 0) {
    const after = steps ? `, after ${count(steps)} steps` : "", two = hasTwoSolvers(this.form.values);
    this.steps = steps;
    this.panes.forEach((pane) => pane.name((pane.layers === this.exact ? "Exact" : `Learned${after}`) + (two ? `: ${solverWords(this.solverOf(pane))}` : "")));
  }

  /* As many points as the exact flow of those that were painted carries soon. */
  get n() {
    return Math.max(FEWEST, Math.min(MOST, Math.floor(EXACT_WORK / (this.target().points.length || 1) / 10) * 10));
  }

  inTraining(flow) { return this.training && flow === this.network; }
  countOf(flow) { return this.inTraining(flow) ? PREVIEW.n : this.n; }

  solverOf(pane) {
    const { values } = this.form;
    if (hasTwoSolvers(values))
      return pane === this.panes[1] ? secondSolverOf(values) : solverOf(values);
    return this.inTraining(pane.layers) ? PREVIEW.solver : solverOf(values);
  }

  /* Of a network in training the density and the grid would come late. */
  shownOf(flow) {
    const { values } = this.form;
    return this.inTraining(flow) ? { ...values, density: false, grid: false } : values;
  }

  /* ---- loading */

  empty(flow) {
    this.known.delete(flow);
    [flow, ...this.of(flow)].forEach((part) => part.empty());
    this.redraw();
  }

  /* The flow is there to be asked, and nothing is known of it yet. */
  begin(flow) {
    this.known.add(flow);
    if (!this.of(flow).length)
      return;
    flow.begin({});
    for (const pane of this.of(flow)) {
      pane.begin(this.countOf(flow));
      pane.look();
    }
    this.fill([flow]);
  }

  /* The network is another: what is seen of it stays until the new is whole. */
  renew() {
    const { network } = this;
    if (!network.density) {
      this.begin(network);
      return;
    }
    network.renew();
    this.of(network).forEach((pane) => pane.carryAnew(this.countOf(network), { keep: true }));
    this.fill([network]);
  }

  /* The network goes on learning: the next look at it, once the one before is done. */
  follow() {
    if (!this.of(this.network).some((pane) => pane.busy))
      this.renew();
  }

  /* By another seed or solver. */
  carryAnew(panes = this.panes) {
    panes.forEach((pane) => pane.carryAnew(this.countOf(pane.layers)));
    this.name(this.steps);
    this.form.forgive();
    this.fill();
    this.redraw();
  }

  /* Loads what is switched on and not here yet. */
  fill(flows = this.flows) {
    const { now, arrived, form } = this, common = { seed: form.values.seed, now, arrived, redraw: () => this.redraw(true) };
    for (const flow of flows.filter(({ density }) => density)) {
      flow.fill(this.shownOf(flow), common);
      this.of(flow).forEach((pane) => pane.fill(this.shownOf(flow), { ...common, solver: this.solverOf(pane) }));
    }
  }

  /* Whether all that is shown is there, at every time; of no flow there is nothing. */
  get isWhole() {
    return !this.training && this.panes.every((pane) => !pane.layers.density || pane.isWhole(this.shownOf(pane.layers)));
  }

  /* ---- drawing */

  reach(t) {
    return Math.min(...this.panes.map((pane) => pane.reach(t, this.shownOf(pane.layers))));
  }

  /* over: the densities too. */
  redraw(over = false) {
    for (const pane of over ? this.panes : [])
      pane.stale = true;
    this.ask();
  }

  /* While one paints, what is painted is seen, not the samples of what was there: painted(context), or null.
   * mid: in the middle of a stroke. */
  draw(t, painted, mid) {
    this.panes.forEach((pane, i) => {
      const shown = this.shownOf(pane.layers);
      if (i)
        pane.draw(t, shown);
      else
        pane.draw(t, { ...shown, points: shown.points && !painted, density: shown.density && !mid }, painted);
    });
  }

  close() {
    this.panes.forEach((pane) => pane.close());
  }
}
