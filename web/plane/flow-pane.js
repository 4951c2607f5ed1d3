/* A plane that shows one flow, of a model by a solver, at a time: in layers, all of the same time. */
import { el } from "../lib/dom.js";
import { count, fixed, number } from "../lib/text.js";
import { Cloud } from "./cloud.js";
import { Cross } from "./cross.js";
import { Grid } from "./grid.js";
import { inPlaceOf, seenOf } from "./model-layers.js";
import { Plane } from "./plane.js";
import { Zoom } from "./zoom.js";

const KEYS = "Arrow keys move a cross, Enter asks about the point under it, space plays, plus and minus zoom.";

export class FlowPane {
  /* layers: of the model (model-layers.js); label: of the plane, where it is not the usual one; aside: words
   * after the names of its tasks; names: the labels of all layers; redraw(); fieldOf(field): what the field at
   * fault in a refusal is called in the form. asking: where people may ask about points and look closer:
   * toggle() the clock, clicked([x, y]), moved(this) and rested() as of Zoom. */
  constructor(layers, tasks, { label, aside = "", names, redraw, fieldOf = (field) => field, asking }) {
    Object.assign(this, { layers, tasks, aside, names, fieldOf, redraw, cloud: null, grid: null, stale: true });
    this.plane = new Plane(label ?? `The plane${aside}. ${KEYS}`, redraw);
    this.plane.names = layers.model.columns;
    if (asking) {
      this.plane.over.tabIndex = 0;
      this.zoom = new Zoom(this.plane, { ...asking, moved: () => asking.moved(this) });
      this.cross = new Cross(this.plane, this.zoom, { ...asking, moved: redraw });
    }
    this.title = el("figcaption", { hidden: true });
    this.legend = el("div", { class: "legend", hidden: true });
    this.behind = el("div", { class: "behind", hidden: true });
    this.element = el("figure", { class: "flow-pane" }, this.title,
      el("div", { class: "flow-plane" }, this.plane.element, this.legend, this.behind, this.zoom?.element));
  }

  get box() { return this.plane.box; }

  /* Shows the flow of other layers, of which nothing is known yet. */
  turnTo(layers, label) {
    this.empty();
    this.layers = layers;
    this.plane.names = layers.model.columns;
    this.plane.over.setAttribute("aria-label", label);
  }

  /* Words above the plane. */
  name(words) {
    this.title.textContent = words;
    this.title.hidden = !words;
  }

  task(name) { return `${name} of the plane${this.aside}`; }

  /* ---- loading */

  /* By the condition of the layers; n points. */
  begin(n) {
    this.plane.fit();
    this.grid = new Grid();
    this.cloud = new Cloud(n);
  }

  /* Nothing is shown any more. */
  empty() {
    for (const name of ["points", "grid"])
      this.tasks.cancel(this.task(name));
    Object.assign(this, { cloud: null, grid: null, stale: true });
  }

  look() {
    this.layers.look(this.box);
    this.stale = true;
  }

  /* The paths of points, and of the grid, by another solver or seed, or of another network. keep: what there
   * is stays in sight until the new is whole. */
  carryAnew(n, { grid = true, keep = false } = {}) {
    if (!this.cloud)
      return;
    const anew = (name, layer, old) => {
      this.tasks.cancel(this.task(name));
      return keep ? inPlaceOf(old, layer) : layer;
    };
    this.cloud = anew("points", new Cloud(n), this.cloud);
    if (grid)
      this.grid = anew("grid", new Grid(), this.grid);
  }

  /* Fetches the paths that are switched on and not here yet; ends what is switched off. */
  fill(show, { seed, solver, arrived }) {
    const { cloud, grid, aside, redraw } = this, { model, condition } = this.layers;
    if (!cloud)
      return;
    const refused = (error) => { throw Object.assign(error, { field: this.fieldOf(error.field) }); };
    const want = (name, layer, label, work) => this.tasks.want(this.task(name),
      { wanted: show[name], missing: !layer.complete }, label + aside, (task) => work({ ...task, arrived }).catch(refused))?.then(redraw);
    want("grid", grid, "Computing grid", (task) => grid.load(model, condition, solver, task));
    want("points", cloud, `Computing the paths of ${count(cloud.motion.n)} points`, (task) =>
      cloud.load(model, { seed, ...condition, solver }, task));
  }

  /* Whether any layer is on its way. */
  get busy() {
    return [this, this.layers].some((part) => ["points", "grid", "field", "density"].some((name) => this.tasks.running.has(part.task(name))));
  }

  /* Whether all that is shown is there, at every time. */
  isWhole(show) {
    const { layers, cloud, grid } = this;
    const parts = { points: cloud, grid, density: layers.density, field: layers.field };
    return Boolean(cloud) && Object.entries(parts).every(([name, layer]) => !show[name] || layer?.complete);
  }

  /* How far from t time can run with every layer that is shown. */
  reach(t, show) {
    const moving = [show.points && this.cloud, show.grid && this.grid].filter(Boolean).map(seenOf), { density } = this.layers;
    return Math.min(1, show.density && density ? density.reachFrom(t) : 1, ...moving.map((layer) => layer.motion.reach));
  }

  /* ---- drawing */

  /* Layers that are not known at t yet are left out, and named: all that is seen is of one time. */
  shown(t, show) {
    const { cloud, grid, layers } = this, dense = layers.densityAt(t), { arrows } = layers;
    const moving = (name, last) => {
      const layer = last && seenOf(last);
      return show[name] && layer && { name, layer, here: layer.motion.frames.length > 0 && layer.motion.reach >= t, reach: layer.motion.reach };
    };
    return [moving("points", cloud), moving("grid", grid),
      show.density && layers.density && { name: "density", layer: dense, here: Boolean(dense) },
      show.field && layers.field && { name: "field", layer: arrows, here: Boolean(arrows) }].filter(Boolean);
  }

  /* The lower canvas changes with the density, the upper one with everything. over(context): drawn last. */
  draw(t, show, over) {
    const { plane } = this;
    if (!plane.size)
      return;
    const shown = this.shown(t, show), layer = (name) => shown.find((s) => s.name === name && s.here)?.layer;
    if (plane.size !== this.drawnSize || this.stale || (show.density && t !== this.drawnTime))
      this.drawUnder(layer("density"), t);
    const context = plane.over.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    layer("grid")?.draw(context, plane, t);
    layer("points")?.draw(context, plane, t, show.density);
    layer("field")?.draw(context, plane, t);
    this.layers.tracers.draw(context, plane, t);
    over?.(context);
    plane.drawNumbers(context);
    this.cross?.draw(context);
    this.tellBehind(shown.filter((s) => !s.here));
  }

  /* "Points: computed up to t = 0.17" */
  tellBehind(missing) {
    const text = missing.map(({ name, reach }) => this.names[name] +
      (reach > 0 ? `: computed up to t = ${fixed(reach, 2)}` : ": not computed yet at this time")).join("; ");
    if (this.behind.textContent !== text)
      this.behind.textContent = text;
    this.behind.hidden = !text;
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

  /* What is seen, as a tile of a picture. */
  get tile() {
    return { layers: [this.plane.under, this.plane.over], title: this.title.textContent };
  }

  close() {
    this.plane.close();
    this.zoom?.close();
  }
}
