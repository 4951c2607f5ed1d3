/* The two planes of the view: what they show of the exact flow, and of the one that a network learned. */
import { el } from "../lib/dom.js";
import { solverOf } from "../lib/request-settings.js";
import { count } from "../lib/text.js";
import { FlowPane } from "../plane/flow-pane.js";
import { ModelLayers } from "../plane/model-layers.js";
import { ExactDensity } from "./exact-density.js";
import { NAMES } from "./settings.js";
import { boxOf } from "./target.js";
import { EXACT, LEARNED } from "./training.js";

const EXACT_WORK = 1.2e6, FEWEST = 200, MOST = 3000; /* points of the flow times points that were painted */
const PREVIEW = { n: 800, solver: { method: "midpoint", steps: 12 } }; /* of a network in training */

export class Planes {
  /* target(): the density; now(): the time that is looked at; arrived() follows whatever comes; redraw() asks
   * for a drawing. */
  constructor(model, { form, tasks, target, now, arrived, redraw }) {
    Object.assign(this, { form, target, now, arrived, ask: redraw, training: false });
    const flow = (name, aside, densityOf) => new ModelLayers({ ...model, name }, tasks, { aside, densityOf });
    const pane = (flow, label) => new FlowPane(flow, tasks, { label, aside: flow.aside, names: NAMES, redraw });
    this.exact = flow(EXACT, ", exact", (box) => new ExactDensity(box, target()));
    this.network = flow(LEARNED, ", learned");
    this.panes = [
      pane(this.exact, "The plane of the exact flow. With painting on, the pointer sprays points, and erases them with Shift."),
      pane(this.network, "The plane of the learned flow.")];
    this.element = el("div", { class: "flow-panes" }, this.panes.map(({ element }) => element));
  }

  /* The one to paint on. */
  get plane() { return this.panes[0].plane; }

  of(flow) { return this.panes.filter(({ layers }) => layers === flow); }

  /* ---- what they show */

  /* The part of the plane where the target is. */
  frame() {
    const box = boxOf(this.target().units);
    this.panes.forEach(({ plane }) => { plane.box = box; });
  }

  /* steps: of the training so far, 0 before. */
  name(steps) {
    const after = steps ? `, after ${count(steps)} steps` : "";
    this.panes.forEach((pane) => pane.name(pane.layers === this.exact ? "Exact" : `Learned${after}`));
  }

  /* As many points as the exact flow of those that were painted carries soon. */
  get n() {
    return Math.max(FEWEST, Math.min(MOST, Math.floor(EXACT_WORK / (this.target().points.length || 1) / 10) * 10));
  }

  inTraining(flow) { return this.training && flow === this.network; }
  countOf(flow) { return this.inTraining(flow) ? PREVIEW.n : this.n; }
  solverOf(flow) { return this.inTraining(flow) ? PREVIEW.solver : solverOf(this.form.values); }

  /* Of a network in training the density and the grid would come late. */
  shownOf(flow) {
    const { values } = this.form;
    return this.inTraining(flow) ? { ...values, density: false, grid: false } : values;
  }

  /* ---- loading */

  empty(flow) {
    [flow, ...this.of(flow)].forEach((part) => part.empty());
    this.redraw();
  }

  /* The flow is there to be asked, and nothing is known of it yet. */
  begin(flow) {
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

  /* By another solver or seed. */
  carryAnew() {
    this.panes.forEach((pane) => pane.carryAnew(this.countOf(pane.layers)));
    this.fill();
    this.redraw();
  }

  /* Loads what is switched on and not here yet. */
  fill(flows = [this.exact, this.network]) {
    const { now, arrived, form } = this, common = { seed: form.values.seed, now, arrived, redraw: () => this.redraw(true) };
    for (const flow of flows.filter(({ density }) => density)) {
      flow.fill(this.shownOf(flow), common);
      this.of(flow).forEach((pane) => pane.fill(this.shownOf(flow), { ...common, solver: this.solverOf(flow) }));
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
