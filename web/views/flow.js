/* The flow of 2-D models: points carried from base to target, and what moves them; of two models or
 * solvers beside each other, if asked for, on one clock. */
import { askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Downloads } from "../lib/downloads.js";
import { Form } from "../lib/form.js";
import { Player } from "../lib/player.js";
import { conditionOf, conditionOfOther, conditionSpecs, secondField, secondSolverOf, secondSolverSpecs, seedSpec, solverOf, solverSpecs, solverWords, TIME } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { number } from "../lib/text.js";
import { events as themeEvents } from "../lib/theme.js";
import { FlowPane } from "../plane/flow-pane.js";
import { ModelLayers } from "../plane/model-layers.js";
import { squareAround } from "../plane/plane.js";

const COUNTS = [100, 300, 1000, 2000, 3000, 5000, 7500, 10000, 20000];
const MOST_POINTS = 6;
const ALONE = "", SAME = "*"; /* in place of the name of another model, which has neither */
const USUAL = ["midpoint", 30], COARSE = ["euler", 4]; /* solvers; the second to differ from the first, of one model */
const OVERLAYS = [
  { name: "points", label: "Points", fallback: false,
    help: "samples on their way from the Gaussian at t = 0 to the data at t = 1, coloured by where they start" },
  { name: "field", label: "Velocity", fallback: false,
    help: "learned velocity at time t, as arrows" },
  { name: "density", label: "Density", fallback: true,
    help: "probability density at time t, as a heat map" },
  { name: "grid", label: "Deforming grid", fallback: true,
    help: "square grid at t = 0 that the flow carries along and deforms" },
];
const NAMES = Object.fromEntries(OVERLAYS.map(({ name, label }) => [name, label]));

/* other: the model of the second plane, if there is one. */
function specsFor(model, peers, other) {
  const counts = COUNTS.filter((n) => n <= Math.min(model.limits.rows, other?.limits.rows ?? Infinity));
  return [
    ...OVERLAYS.map((row) => ({ ...row, kind: "switch" })),
    ...conditionSpecs(model),
    { name: "n", kind: "int", label: "Number of points", range: true, min: 1, max: counts.at(-1) ?? 1,
      steps: counts.length ? counts : [1], help: "number of samples to carry along the flow", fallback: Math.min(3000, counts.at(-1) ?? 1) },
    seedSpec(),
    ...solverSpecs(model, ...USUAL),
    { name: "with", kind: "choice", label: "Side by side with", fallback: ALONE,
      help: "shows another flow beside this one, from the same noise, on the same clock",
      choices: [{ value: ALONE, label: "nothing" }, { value: SAME, label: "another solver" }, ...peers.map(({ name }) => ({ value: name }))] },
    ...other ? secondSolverSpecs(other, ...other === model ? COARSE : USUAL) : [],
    { name: "t", kind: "real", min: 0, max: 1, fallback: 0 },
    { name: "speed", kind: "choice", choices: Player.speeds.map((value) => ({ value })), fallback: 1 },
    { name: "at", kind: "points", width: 3, columns: [null, null, TIME], max: MOST_POINTS, fallback: [] },
    { name: "view", kind: "points", width: 3, max: 1, fallback: [] },
  ];
}

/* The part of the plane to show: the config's, widened to hold the base. */
async function findBox(model, condition, options) {
  const { config } = await askJson(modelPath(model), options);
  const given = config.data?.box;
  const scout = await askJson(modelPath(model, "trajectories"), { ...options, body: {
    n: 200, seed: 0, times: [0, 1], ...condition, solver: { method: "midpoint", steps: 8 } } });
  const [base, target] = scout.trajectories;
  const spread = (points, c) => {
    const values = points.map((p) => p[c]).sort((a, b) => a - b);
    return [values[0], values.at(-1)];
  };
  return squareAround([0, 1].map((c) => hull([spread(base, c), given?.[c] ?? spread(target, c)])));
}

/* The interval that holds all. */
const hull = (intervals) => [Math.min(...intervals.map(([lo]) => lo)), Math.max(...intervals.map(([, hi]) => hi))];

class FlowView {
  constructor(root, { model, peers, params, ours, remember, reopen }) {
    const asked = params.get("with"), other = asked === SAME ? model : peers.find(({ name }) => name === asked);
    Object.assign(this, { model, other, reopen });
    this.form = new Form(specsFor(model, peers, other), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    const { t, speed } = this.form.values;
    this.startsAlone = t === 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.player = new Player({ t, speed, draw: (now) => this.draw(now), settled: () => this.settled(),
      speedChanged: (value) => this.form.set("speed", value) });
    this.makePanes();
    this.downloads = new Downloads({ player: this.player, tasks: this.tasks, tiles: () => this.panes.map((pane) => pane.tile),
      ratio: () => this.panes[0].plane.ratio, isWhole: () => this.isWhole, about: () => this.about() });
    this.takePoints(this.form.values.at);
    this.refusedView = el("p", { class: "refusal", role: "alert", hidden: true });
    this.origins = el("p", { class: "dim origins", hidden: true }, el("span", { class: "wheel", "aria-hidden": "true" }),
      "Points are coloured by the direction in which they start.");
    this.asks = askList(4);
    this.lay(root);
    this.themed = () => this.redraw(true);
    themeEvents.addEventListener("theme", this.themed);
    this.begin(true);
  }

  /* One pane or two, and what they show of one model or two. */
  makePanes() {
    const { model, other, tasks } = this, twin = other === model;
    const asking = { toggle: () => this.player.toggle(), clicked: (point) => this.place(point),
      moved: (pane) => this.moved(pane), rested: () => this.look() };
    const asked = (tracers) => { this.takePoints(tracers.points); this.rememberPoints(); this.redraw(); };
    const side = (name) => (other ? `, ${name}` : "");
    this.layers = [new ModelLayers(model, tasks, { aside: twin ? "" : side("first"), asked }),
      ...other && !twin ? [new ModelLayers(other, tasks, { aside: side("second"), asked })] : []];
    this.panes = (other ? ["first", "second"] : [""]).map((name, i) =>
      new FlowPane(this.layers[i] ?? this.layers[0], tasks,
        { aside: side(name), names: NAMES, redraw: () => this.redraw(), fieldOf: i ? secondField : undefined, asking }));
  }

  lay(root) {
    const { form, player, panes, layers } = this;
    const rows = (...names) => names.map((name) => form.control(name));
    root.append(el("div", { class: `stage${panes.length > 1 ? " twofold" : ""}` },
      el("div", { class: "scene" }, el("div", { class: "flow-panes" }, panes.map((pane) => pane.element)),
        player.element, this.origins, this.tasks.element),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "The learned velocity carries a Gaussian at t = 0 to the data at t = 1, and deforms space on the way. Click the plane to ask about a point, drag it to move it, scroll to zoom."),
        el("fieldset", { class: "group" }, el("legend", {}, "Show"),
          el("div", { class: "switches" }, rows(...OVERLAYS.map((o) => o.name)))),
        el("div", { class: "controls" }, rows("label", "guidance", "n", "seed", "method", "steps", "tolerance")),
        el("div", { class: "controls" }, rows("with", "method2", "steps2", "tolerance2")),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)), this.refusedView, el("div", { class: "row" }, this.downloads.buttons),
        layers.map(({ model, tracers }) => [layers.length > 1 ? el("h2", { class: "of-points" }, model.name) : null, tracers.element]).flat(),
        this.asks.element)));
    this.nameSides();
  }

  /* ---- what each side shows */

  solver(i) {
    const { values } = this.form;
    return i ? secondSolverOf(values) : solverOf(values);
  }

  condition(i) {
    const { model, other, form } = this;
    return i ? conditionOfOther(other, form.values) : conditionOf(model, form.values);
  }

  /* "four-modes: euler, 4 steps" */
  nameSides() {
    if (this.other)
      this.panes.forEach((pane, i) => pane.name(`${pane.layers.model.name}: ${solverWords(this.solver(i))}`));
  }

  /* Everything anew: at the start, as the link says, and when the model's condition changed. */
  async begin(linked = false) {
    const boxes = await this.tasks.start("box", "Finding the part of the plane to show", ({ signal }) =>
      Promise.all(this.layers.map(({ model }, i) => findBox(model, this.condition(i), { signal }))));
    if (!boxes)
      return;
    const box = squareAround([0, 1].map((c) => hull(boxes.map((one) => one[c]))), 0), [part] = this.form.values.view;
    const [{ zoom }, ...others] = this.panes;
    if (!zoom.begin(box, part) && linked)
      this.refuseView(part);
    for (const pane of others) {
      pane.zoom.begin(box);
      pane.zoom.follow(this.panes[0].box);
    }
    this.layers.forEach((layers, i) => layers.begin(this.condition(i)));
    this.panes.forEach((pane) => pane.begin(this.form.values.n));
    this.look();
  }

  refuseView(part) {
    const { min, max } = this.panes[0].zoom.halfWidths;
    this.refusedView.textContent = `view must have a half width of ${number(min)} to ${number(max)}; ` +
      `the whole plane is shown (the link said ${part.map((v) => number(v)).join(", ")}).`;
    this.refusedView.hidden = false;
  }

  /* What is asked for on a raster, for the part of the plane that is shown. */
  look() {
    if (!this.panes[0].cloud)
      return; /* the link's part of the plane is not known yet */
    const { part } = this.panes[0].zoom;
    this.form.set("view", part ? [part] : []);
    this.panes.forEach((pane) => pane.look());
    this.fill();
    this.redraw();
  }

  /* One plane was moved: all show the same part. */
  moved(mover) {
    this.tasks.cancel("film");
    for (const pane of this.panes.filter((p) => p !== mover))
      pane.zoom.follow(mover.box);
    this.redraw(true);
  }

  arrived() {
    if (this.startsAlone && this.reach(this.player.t) > this.player.t) {
      this.startsAlone = false;
      this.player.play();
    }
    this.redraw(true);
  }

  /* How far from t time can run with every layer that is shown. */
  reach(t) {
    return Math.min(...this.panes.map((pane) => pane.reach(t, this.form.values)));
  }

  /* Fetches what is switched on and not here yet; ends what is switched off. */
  fill() {
    const { values } = this.form, common = { seed: values.seed, now: () => this.player.t, arrived: () => this.arrived(), redraw: () => this.redraw() };
    if (!this.layers[0].density)
      return;
    for (const layers of this.layers)
      layers.fill(values, common);
    this.panes.forEach((pane, i) => pane.fill(values, { ...common, solver: this.solver(i) }));
  }

  /* ---- settings */

  changed(name) {
    const solvers = ["method", "steps", "tolerance"];
    this.tasks.cancel("film");
    if (name === "with") {
      this.compare();
    } else if (name === "label" || name === "guidance") {
      for (const running of [...this.tasks.running.keys()])
        this.tasks.cancel(running);
      this.begin();
    } else if (name === "n" || name === "seed") {
      this.carryAnew(this.panes, { grid: false });
    } else if (solvers.includes(name) || solvers.some((s) => `${s}2` === name)) {
      this.carryAnew([this.panes[solvers.includes(name) ? 0 : 1]]);
    } else {
      this.fill();
      this.redraw(true);
    }
  }

  carryAnew(panes, what) {
    panes.forEach((pane) => pane.carryAnew(this.form.values.n, what));
    this.nameSides();
    this.form.forgive();
    this.fill();
    this.redraw();
  }

  /* Opens the view with one plane more, or less; whoever chose stays at the choice. */
  compare() {
    this.settled();
    this.reopen();
    document.querySelector('[data-field="with"] select')?.focus();
  }

  /* The time goes into the URL when it rests. */
  settled() {
    this.form.set("t", Number(this.player.t.toFixed(3)));
  }

  /* ---- points that are asked about, of all models */

  place([x, y]) {
    const round = (v) => Number(v.toPrecision(6));
    const point = [round(x), round(y), Number(this.player.t.toFixed(3))];
    this.takePoints([...this.layers[0].tracers.points, point].slice(-MOST_POINTS));
    this.rememberPoints();
    this.fill();
    this.redraw();
  }

  takePoints(points) {
    for (const { tracers } of this.layers)
      if (tracers.points.join(";") !== points.join(";"))
        tracers.set(points);
  }

  rememberPoints() {
    this.tasks.cancel("film");
    this.form.set("at", this.layers[0].tracers.points);
  }

  /* ---- drawing */

  /* over: the densities too. */
  redraw(over = false) {
    for (const pane of over ? this.panes : [])
      pane.stale = true;
    this.player.redraw();
  }

  draw(t) {
    const { values } = this.form, { player, panes } = this;
    player.reach = this.reach(t);
    panes.forEach((pane) => pane.draw(t, values));
    this.origins.hidden = !values.points;
    this.downloads.drawn(t);
  }

  /* ---- files */

  /* "checkerboard-4x4-and-four-modes" */
  get name() {
    const { model, other, form: { values } } = this;
    return [model.name, other && other !== model ? `-and-${other.name}` : "", `-seed-${values.seed}-${values.method}`,
      other === model ? `-and-${values.method2}` : ""].join("");
  }

  about() {
    this.settled();
    return { model: this.model, form: this.form, name: this.name };
  }

  get isWhole() {
    return !this.tasks.running.has("box") && this.panes.every((pane) => pane.isWhole(this.form.values));
  }

  close() {
    themeEvents.removeEventListener("theme", this.themed);
    for (const part of [this.player, this.tasks, ...this.panes, this.asks])
      part.close();
  }
}

export const flowView = {
  name: "flow",
  title: "Flow",
  ofModel: ["at", "view"],
  suits: (model) => model.dim === 2 && model.shape.length === 1 && !model.context,
  open: (root, context) => new FlowView(root, context),
};
