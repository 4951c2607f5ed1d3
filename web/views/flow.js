/* The flow of 2-D models: points carried from base to target, and what moves them. */
import { askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Form } from "../lib/form.js";
import { Player } from "../lib/player.js";
import { conditionOf, conditionSpecs, seedSpec, solverOf, solverSpecs } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { count, number } from "../lib/text.js";
import { events as themeEvents } from "../lib/theme.js";
import { Cloud } from "../plane/cloud.js";
import { Density } from "../plane/density.js";
import { Field } from "../plane/field.js";
import { Grid } from "../plane/grid.js";
import { Plane, squareAround } from "../plane/plane.js";
import { Tracers } from "../plane/tracers.js";

const COUNTS = [100, 300, 1000, 2000, 3000, 5000, 7500, 10000, 20000];
const MOST_TRACERS = 6;
const OVERLAYS = [
  { name: "points", label: "Points", fallback: true,
    help: "samples on their way from the Gaussian at t = 0 to the data at t = 1, coloured by where they start" },
  { name: "field", label: "Velocity", fallback: false,
    help: "learned velocity at time t, as arrows" },
  { name: "density", label: "Density", fallback: false,
    help: "probability density at time t, as a heat map" },
  { name: "grid", label: "Deforming grid", fallback: false,
    help: "square grid at t = 0 that the flow carries along and deforms" },
];

function specsFor(model) {
  const counts = COUNTS.filter((n) => n <= model.limits.rows);
  return [
    ...OVERLAYS.map((row) => ({ ...row, kind: "switch" })),
    ...conditionSpecs(model),
    { name: "n", kind: "int", label: "Number of points", range: true, min: 1, max: counts.at(-1) ?? 1,
      steps: counts.length ? counts : [1], help: "number of samples to carry along the flow", fallback: Math.min(3000, counts.at(-1) ?? 1) },
    seedSpec(),
    ...solverSpecs(model, "midpoint", 30),
    { name: "t", kind: "real", min: 0, max: 1, fallback: 0 },
    { name: "speed", kind: "choice", choices: Player.speeds.map((value) => ({ value })), fallback: 1 },
    { name: "at", kind: "points", width: 3, max: MOST_TRACERS, fallback: [] },
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
  const box = [0, 1].map((c) => {
    const all = [...spread(base, c), ...(given?.[c] ?? spread(target, c))];
    return [Math.min(...all), Math.max(...all)];
  });
  return squareAround(box);
}

class FlowView {
  constructor(root, { model, params, remember }) {
    this.model = model;
    this.form = new Form(specsFor(model), params, { remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    this.plane = new Plane("The plane. Arrow keys move a cross, Enter asks about the point under it, space plays.",
      () => this.redraw());
    const { t, speed } = this.form.values;
    this.startsAlone = t === 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.player = new Player({ t, speed, draw: (now) => this.draw(now), settled: () => this.settled(),
      speedChanged: (value) => this.form.set("speed", value) });
    this.tracers = new Tracers(() => { this.rememberTracers(); this.redraw(); });
    this.tracers.set(this.form.values.at);
    this.legend = el("div", { class: "legend", hidden: true });
    this.asks = askList(4);
    this.lay(root);
    this.listen();
    this.begin();
  }

  lay(root) {
    const { form, plane, player, tracers } = this;
    const rows = (...names) => names.map((name) => form.control(name));
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, plane.element, this.legend, player.element, this.tasks.element),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "Every point starts as a sample of a Gaussian, and the learned velocity carries it to the data. Click the plane to ask about a point."),
        el("fieldset", { class: "group" }, el("legend", {}, "Show"),
          el("div", { class: "switches" }, rows(...OVERLAYS.map((o) => o.name)))),
        el("div", { class: "controls" }, rows("label", "guidance", "n", "seed", "method", "steps")),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)),
        tracers.element, this.asks.element)));
  }

  listen() {
    const over = this.plane.over;
    over.addEventListener("click", (event) => this.place(this.plane.pointAt(event)));
    over.addEventListener("keydown", (event) => this.key(event));
    over.addEventListener("blur", () => { this.cross = null; this.redraw(); });
    this.themed = () => { this.stale = true; this.redraw(); };
    themeEvents.addEventListener("theme", this.themed);
  }

  get condition() { return conditionOf(this.model, this.form.values); }

  /* Everything anew: at the start, and when the model's condition changed. */
  async begin() {
    const box = await this.tasks.start("box", "Finding the part of the plane to show", (task) =>
      findBox(this.model, this.condition, { signal: task.signal }));
    if (!box)
      return;
    this.plane.box = box;
    this.plane.fit();
    this.field = new Field(box);
    this.density = new Density(box);
    this.grid = new Grid();
    this.tracers.forget();
    this.stale = true;
    this.carry();
    this.fill();
  }

  /* The points' way, from seed and solver. */
  carry() {
    this.form.forgive();
    const { n, seed } = this.form.values;
    const cloud = this.cloud = new Cloud(n);
    this.player.reach = 0;
    this.tasks.start("carry", `Computing the paths of ${count(n)} points`, (task) =>
      cloud.load(this.model, { seed, ...this.condition, solver: solverOf(this.form.values) },
        { ...task, arrived: () => this.arrived(cloud) }));
  }

  arrived(cloud) {
    this.player.reach = cloud.reach;
    if (this.startsAlone && cloud.reach > 0) {
      this.startsAlone = false;
      this.player.play();
    }
    this.redraw();
  }

  /* Fetches what is switched on and not here yet; ends what is switched off. */
  fill() {
    const { values } = this.form, redraw = () => this.redraw();
    const need = (name, layer, label, work) => {
      if (values[name] && layer && !layer.complete && !this.tasks.running.has(name))
        this.tasks.start(name, label, work).then(redraw);
      else if (!values[name])
        this.tasks.cancel(name);
    };
    const { model, condition, field, density, grid } = this;
    need("field", field, "Computing the velocity field", (task) => field.load(model, condition, task));
    need("grid", grid, "Computing the grid", (task) =>
      grid.load(model, condition, solverOf(values), { ...task, arrived: redraw }));
    need("density", density, "Computing the density at 17 times", (task) => density.load(model, condition,
      { ...task, now: () => this.player.t, arrived: () => { this.stale = true; redraw(); } }));
    if (!this.tracers.complete && this.field)
      this.tasks.start("trace", "Computing the chosen points", (task) => this.tracers.load(model, condition, task));
  }

  changed(name) {
    if (name === "label" || name === "guidance") {
      for (const running of [...this.tasks.running.keys()])
        this.tasks.cancel(running);
      this.begin();
    } else if (["n", "seed", "method", "steps"].includes(name)) {
      this.carry();
      if (name === "method" || name === "steps") {
        this.tasks.cancel("grid");
        this.grid = new Grid();
        this.fill();
      }
    } else {
      this.stale = true;
      this.fill();
      this.redraw();
    }
  }

  /* The time goes into the URL when it rests. */
  settled() {
    this.form.set("t", Number(this.player.t.toFixed(3)));
  }

  place([x, y]) {
    const round = (v) => Number(v.toPrecision(6));
    const point = [round(x), round(y), Number(this.player.t.toFixed(3))];
    this.tracers.set([...this.tracers.points, point].slice(-MOST_TRACERS));
    this.rememberTracers();
    this.fill();
    this.redraw();
  }

  rememberTracers() {
    this.form.set("at", this.tracers.points);
  }

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const [[x0, x1], [y0, y1]] = this.plane.box;
    const cross = this.cross ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    if (moves[event.key]) {
      const step = (x1 - x0) * (event.shiftKey ? 0.1 : 0.01), [dx, dy] = moves[event.key];
      this.cross = [cross[0] + dx * step, cross[1] + dy * step];
    } else if (event.key === "Enter") {
      this.place(cross);
    } else if (event.key === " ") {
      this.player.toggle();
    } else {
      return;
    }
    event.preventDefault();
    this.redraw();
  }

  redraw() {
    this.player.redraw();
  }

  /* The lower canvas changes with the density, the upper one with everything. */
  draw(t) {
    const { plane } = this, { values } = this.form;
    if (!plane.size)
      return;
    if (plane.size !== this.drawnSize || this.stale || (values.density && t !== this.drawnTime))
      this.drawUnder(t);
    const context = plane.over.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    if (values.points)
      this.cloud?.draw(context, plane, t, values.density);
    if (values.grid)
      this.grid?.draw(context, plane, t);
    if (values.field)
      this.field?.draw(context, plane, t);
    this.tracers.draw(context, plane, t);
    if (this.cross)
      this.drawCross(context);
  }

  drawUnder(t) {
    const { plane } = this, context = plane.under.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    const top = this.form.values.density ? this.density?.draw(context, t) : null;
    plane.drawAxes(context, top ? 0.25 : 1);
    this.legend.hidden = !top;
    if (top)
      this.legend.replaceChildren("density 0 ", el("span", { class: "ramp" }), ` ${number(top, 2)}`);
    Object.assign(this, { stale: false, drawnSize: plane.size, drawnTime: t });
  }

  drawCross(context) {
    const { ax, bx, ay, by } = this.plane.scale, [x, y] = this.cross;
    const px = x * ax + bx, py = y * ay + by, arm = 12 * this.plane.ratio;
    context.strokeStyle = getComputedStyle(this.plane.over).color;
    context.lineWidth = 1.5 * this.plane.ratio;
    this.plane.line(context, px - arm, py, px + arm, py);
    this.plane.line(context, px, py - arm, px, py + arm);
  }

  close() {
    themeEvents.removeEventListener("theme", this.themed);
    for (const part of [this.player, this.tasks, this.plane, this.asks])
      part.close();
  }
}

export const flowView = {
  name: "flow",
  title: "Flow",
  suits: (model) => model.dim === 2 && model.shape.length === 1 && !model.context,
  open: (root, context) => new FlowView(root, context),
};
