/* The flow of 2-D models: points carried from base to target, and what moves them. */
import { askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Form } from "../lib/form.js";
import { compose, pngOf, takeAway } from "../lib/picture.js";
import { Player } from "../lib/player.js";
import { conditionOf, conditionSpecs, seedSpec, solverOf, solverSpecs } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { count, fixed, number } from "../lib/text.js";
import { events as themeEvents } from "../lib/theme.js";
import { Cloud } from "../plane/cloud.js";
import { Density } from "../plane/density.js";
import { Field } from "../plane/field.js";
import { Grid } from "../plane/grid.js";
import { Plane, squareAround } from "../plane/plane.js";
import { Tracers } from "../plane/tracers.js";
import { Zoom } from "../plane/zoom.js";

const COUNTS = [100, 300, 1000, 2000, 3000, 5000, 7500, 10000, 20000];
const MOST_TRACERS = 6;
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
  const box = [0, 1].map((c) => {
    const all = [...spread(base, c), ...(given?.[c] ?? spread(target, c))];
    return [Math.min(...all), Math.max(...all)];
  });
  return squareAround(box);
}

class FlowView {
  constructor(root, { model, params, ours, remember }) {
    this.model = model;
    this.form = new Form(specsFor(model), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    this.plane = new Plane("The plane. Arrow keys move a cross, Enter asks about the point under it, space plays, plus and minus zoom.",
      () => this.redraw());
    this.zoom = new Zoom(this.plane, { clicked: (point) => this.place(point),
      moved: () => { this.stale = true; this.redraw(); }, rested: () => this.look() });
    const { t, speed } = this.form.values;
    this.startsAlone = t === 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.player = new Player({ t, speed, draw: (now) => this.draw(now), settled: () => this.settled(),
      speedChanged: (value) => this.form.set("speed", value) });
    this.tracers = new Tracers(() => { this.rememberTracers(); this.redraw(); });
    this.tracers.set(this.form.values.at);
    this.refusedView = el("p", { class: "refusal", role: "alert", hidden: true });
    this.legend = el("div", { class: "legend", hidden: true });
    this.behind = el("div", { class: "behind", hidden: true });
    this.origins = el("p", { class: "dim origins", hidden: true }, el("span", { class: "wheel", "aria-hidden": "true" }),
      "Points are coloured by the direction in which they start.");
    this.asks = askList(4);
    this.lay(root);
    this.listen();
    this.begin(true);
  }

  lay(root) {
    const { form, plane, player, tracers } = this;
    const rows = (...names) => names.map((name) => form.control(name));
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, plane.element, this.legend, this.behind, this.zoom.element, player.element, this.origins, this.tasks.element),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "The learned velocity carries a Gaussian at t = 0 to the data at t = 1, and deforms space on the way. Click the plane to ask about a point, drag it to move it, scroll to zoom."),
        el("fieldset", { class: "group" }, el("legend", {}, "Show"),
          el("div", { class: "switches" }, rows(...OVERLAYS.map((o) => o.name)))),
        el("div", { class: "controls" }, rows("label", "guidance", "n", "seed", "method", "steps", "tolerance")),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)), this.refusedView,
        el("div", { class: "row" }, el("button", { type: "button", title: "the picture knows its settings: drop it on this page to open it again",
          onclick: () => this.savePicture() }, "Picture as PNG")),
        tracers.element, this.asks.element)));
  }

  listen() {
    const over = this.plane.over;
    over.addEventListener("keydown", (event) => this.key(event));
    over.addEventListener("blur", () => { this.cross = null; this.redraw(); });
    this.themed = () => { this.stale = true; this.redraw(); };
    themeEvents.addEventListener("theme", this.themed);
  }

  get condition() { return conditionOf(this.model, this.form.values); }

  /* Everything anew: at the start, as the link says, and when the model's condition changed. */
  async begin(linked = false) {
    const box = await this.tasks.start("box", "Finding the part of the plane to show", (task) =>
      findBox(this.model, this.condition, { signal: task.signal }));
    if (!box)
      return;
    const [part] = this.form.values.view;
    if (!this.zoom.begin(box, part) && linked)
      this.refuseView(part);
    this.plane.fit();
    this.field = this.density = null;
    this.grid = new Grid();
    this.cloud = new Cloud(this.form.values.n);
    this.tracers.forget();
    this.look();
  }

  refuseView(part) {
    const { min, max } = this.zoom.halfWidths;
    this.refusedView.textContent = `view must have a half width of ${number(min)} to ${number(max)}; ` +
      `the whole plane is shown (the link said ${part.map((v) => number(v)).join(", ")}).`;
    this.refusedView.hidden = false;
  }

  /* What is asked for on a raster, for the part of the plane that is shown; what there is of another
   * part stays until then. */
  look() {
    const { box } = this.plane, { part } = this.zoom;
    this.form.set("view", part ? [part] : []);
    if (this.density?.box !== box) {
      this.tasks.cancel("field");
      this.tasks.cancel("density");
      this.field = Object.assign(new Field(box), { before: this.field?.complete ? this.field : this.field?.before });
      this.density = Object.assign(new Density(box), { before: this.density });
      this.density.before && (this.density.before.before = null);
    }
    this.stale = true;
    this.fill();
    this.redraw();
  }

  /* The paths of points, and of the grid, by another solver or seed. */
  carryAnew(gridToo) {
    this.tasks.cancel("points");
    this.cloud = new Cloud(this.form.values.n);
    if (gridToo) {
      this.tasks.cancel("grid");
      this.grid = new Grid();
    }
    this.form.forgive();
    this.fill();
    this.redraw();
  }

  arrived() {
    this.stale = true;
    if (this.startsAlone && this.reach(this.player.t) > this.player.t) {
      this.startsAlone = false;
      this.player.play();
    }
    this.redraw();
  }

  /* How far from t time can run with every layer that is shown. */
  reach(t) {
    const { values } = this.form, moving = [values.points && this.cloud, values.grid && this.grid].filter(Boolean);
    const density = values.density && this.density ? this.density.reachFrom(t) : 1;
    return Math.min(1, density, ...moving.map((layer) => layer.motion.reach));
  }

  /* Fetches what is switched on and not here yet; ends what is switched off. */
  fill() {
    const { values } = this.form, { model, condition, field, density, grid, cloud } = this;
    if (!cloud)
      return;
    const need = (name, layer, label, work) => {
      if (values[name] && !layer.complete && !this.tasks.running.has(name))
        this.tasks.start(name, label, (task) => work({ ...task, arrived: () => this.arrived() })).then(() => this.redraw());
      else if (!values[name])
        this.tasks.cancel(name);
    };
    const solver = solverOf(values);
    need("density", density, "Computing density (17 frames)", (task) =>
      density.load(model, condition, { ...task, now: () => this.player.t }));
    need("grid", grid, "Computing grid", (task) => grid.load(model, condition, solver, task));
    need("points", cloud, `Computing the paths of ${count(values.n)} points`, (task) =>
      cloud.load(model, { seed: values.seed, ...condition, solver }, task));
    need("field", field, "Computing velocity (21 frames)", (task) => field.load(model, condition, task));
    if (!this.tracers.complete)
      this.tasks.start("trace", "Computing the chosen points", (task) => this.tracers.load(model, condition, task));
  }

  changed(name) {
    if (name === "label" || name === "guidance") {
      for (const running of [...this.tasks.running.keys()])
        this.tasks.cancel(running);
      this.begin();
    } else if (["n", "seed", "method", "steps", "tolerance"].includes(name)) {
      this.carryAnew(name !== "n" && name !== "seed");
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
    } else if (!this.zoom.key(event.key)) {
      return;
    }
    event.preventDefault();
    this.redraw();
  }

  redraw() {
    this.player.redraw();
  }

  /* Layers that are not known at t yet are left out, and named: all that is seen is of one time. */
  shown(t) {
    const { values } = this.form, { cloud, grid, density, field } = this;
    const moving = (name, layer) => values[name] && layer && { name, layer, here: layer.motion.frames.length > 0 && layer.motion.reach >= t, reach: layer.motion.reach };
    const dense = [density, density?.before].find((d) => d?.canShow(t)), arrows = field?.complete ? field : field?.before;
    return [moving("points", cloud), moving("grid", grid),
      values.density && density && { name: "density", layer: dense, here: Boolean(dense) },
      values.field && field && { name: "field", layer: arrows, here: Boolean(arrows) }].filter(Boolean);
  }

  /* The lower canvas changes with the density, the upper one with everything. */
  draw(t) {
    const { plane } = this;
    if (!plane.size)
      return;
    this.player.reach = this.reach(t);
    const shown = this.shown(t), layer = (name) => shown.find((s) => s.name === name && s.here)?.layer;
    if (plane.size !== this.drawnSize || this.stale || (this.form.values.density && t !== this.drawnTime))
      this.drawUnder(layer("density"), t);
    const context = plane.over.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    layer("grid")?.draw(context, plane, t);
    layer("points")?.draw(context, plane, t, this.form.values.density);
    layer("field")?.draw(context, plane, t);
    this.tracers.draw(context, plane, t);
    plane.drawNumbers(context);
    if (this.cross)
      this.drawCross(context);
    this.tellBehind(shown.filter((s) => !s.here));
  }

  /* "Points: computed up to t = 0.17" */
  tellBehind(missing) {
    const text = missing.map(({ name, reach }) => OVERLAYS.find((o) => o.name === name).label +
      (reach > 0 ? `: computed up to t = ${fixed(reach, 2)}` : ": not computed yet at this time")).join("; ");
    if (this.behind.textContent !== text)
      this.behind.textContent = text;
    this.behind.hidden = !text;
    this.origins.hidden = !this.form.values.points;
  }

  drawUnder(density, t) {
    const { plane } = this, context = plane.under.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    const top = density?.draw(context, plane, t);
    plane.drawLines(context, top ? 0.25 : 1);
    this.legend.hidden = !top;
    if (top)
      this.legend.replaceChildren("density 0 ", el("span", { class: "ramp" }), ` ${number(top, 2)}`);
    Object.assign(this, { stale: false, drawnSize: plane.size, drawnTime: t });
  }

  async savePicture() {
    this.settled();
    const { plane, model, player, form } = this, tile = { layers: [plane.under, plane.over] };
    await takeAway(await pngOf(compose([tile])), { model, form, name: `${model.name}-t-${fixed(player.t, 2)}.png` });
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
    for (const part of [this.player, this.tasks, this.plane, this.zoom, this.asks])
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
