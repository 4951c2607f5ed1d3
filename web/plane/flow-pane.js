/* A plane that shows one flow, of a model by a solver, at a time: in layers, all of the same time. */
import { el } from "../lib/dom.js";
import { count, fixed, number } from "../lib/text.js";
import { Cloud } from "./cloud.js";
import { Grid } from "./grid.js";
import { Plane } from "./plane.js";
import { Zoom } from "./zoom.js";

const LABEL = "Arrow keys move a cross, Enter asks about the point under it, space plays, plus and minus zoom.";

export class FlowPane {
  /* layers: of the model (model-layers.js); names: the labels of all layers. redraw(), toggle() the clock,
   * clicked([x, y]), moved(this) and rested() as of Zoom. fieldOf(field): what the field at fault in a
   * refusal is called in the form. */
  constructor(layers, tasks, { aside, names, fieldOf, redraw, toggle, clicked, moved, rested }) {
    Object.assign(this, { layers, tasks, aside, names, fieldOf, redraw, toggle, clicked, cloud: null, grid: null, stale: true });
    this.plane = new Plane(`The plane${aside}. ${LABEL}`, redraw);
    this.plane.names = layers.model.columns;
    this.zoom = new Zoom(this.plane, { clicked, moved: () => moved(this), rested });
    this.title = el("figcaption", { hidden: true });
    this.legend = el("div", { class: "legend", hidden: true });
    this.behind = el("div", { class: "behind", hidden: true });
    this.element = el("figure", { class: "flow-pane" }, this.title,
      el("div", { class: "flow-plane" }, this.plane.element, this.legend, this.behind, this.zoom.element));
    const { over } = this.plane;
    over.addEventListener("keydown", (event) => this.key(event));
    over.addEventListener("blur", () => { this.cross = null; redraw(); });
  }

  get box() { return this.plane.box; }

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

  look() {
    this.layers.look(this.box);
    this.stale = true;
  }

  /* The paths of points, and of the grid, by another solver or seed. */
  carryAnew(n, gridToo) {
    if (!this.cloud)
      return;
    this.tasks.cancel(this.task("points"));
    this.cloud = new Cloud(n);
    if (gridToo) {
      this.tasks.cancel(this.task("grid"));
      this.grid = new Grid();
    }
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

  /* How far from t time can run with every layer that is shown. */
  reach(t, show) {
    const moving = [show.points && this.cloud, show.grid && this.grid].filter(Boolean), { density } = this.layers;
    return Math.min(1, show.density && density ? density.reachFrom(t) : 1, ...moving.map((layer) => layer.motion.reach));
  }

  /* ---- by keyboard */

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const [[x0, x1], [y0, y1]] = this.box;
    const cross = this.cross ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    if (moves[event.key]) {
      const step = (x1 - x0) * (event.shiftKey ? 0.1 : 0.01), [dx, dy] = moves[event.key];
      this.cross = [cross[0] + dx * step, cross[1] + dy * step];
    } else if (event.key === "Enter") {
      this.clicked(cross);
    } else if (event.key === " ") {
      this.toggle();
    } else if (!this.zoom.key(event.key)) {
      return;
    }
    event.preventDefault();
    this.redraw();
  }

  /* ---- drawing */

  /* Layers that are not known at t yet are left out, and named: all that is seen is of one time. */
  shown(t, show) {
    const { cloud, grid, layers } = this, dense = layers.densityAt(t), { arrows } = layers;
    const moving = (name, layer) => show[name] && layer && { name, layer, here: layer.motion.frames.length > 0 && layer.motion.reach >= t, reach: layer.motion.reach };
    return [moving("points", cloud), moving("grid", grid),
      show.density && layers.density && { name: "density", layer: dense, here: Boolean(dense) },
      show.field && layers.field && { name: "field", layer: arrows, here: Boolean(arrows) }].filter(Boolean);
  }

  /* The lower canvas changes with the density, the upper one with everything. */
  draw(t, show) {
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
    plane.drawNumbers(context);
    if (this.cross)
      this.drawCross(context);
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

  drawCross(context) {
    const { ax, bx, ay, by } = this.plane.scale, [x, y] = this.cross;
    const px = x * ax + bx, py = y * ay + by, arm = 12 * this.plane.ratio;
    context.strokeStyle = getComputedStyle(this.plane.over).color;
    context.lineWidth = 1.5 * this.plane.ratio;
    this.plane.line(context, px - arm, py, px + arm, py);
    this.plane.line(context, px, py - arm, px, py + arm);
  }

  /* What is seen, as a tile of a picture. */
  get tile() {
    return { layers: [this.plane.under, this.plane.over], title: this.title.textContent };
  }

  close() {
    this.plane.close();
    this.zoom.close();
  }
}
