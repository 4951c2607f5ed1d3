/* One of the two planes: what a flow does, in layers. What is shown stays until what replaces it is
 * there whole, since a network in training is another one every half second. */
import { el } from "../lib/dom.js";
import { Cloud } from "../plane/cloud.js";
import { Density } from "../plane/density.js";
import { Field } from "../plane/field.js";
import { Grid } from "../plane/grid.js";
import { Plane } from "../plane/plane.js";

export class Pane {
  /* redraw() is asked for whenever something arrived. */
  constructor(title, label, tasks, redraw) {
    this.title = title;
    this.tasks = tasks;
    this.redraw = redraw;
    this.plane = new Plane(label, redraw);
    this.words = el("span", { class: "dim" });
    this.element = el("figure", { class: "pane" },
      el("figcaption", {}, el("strong", {}, title), " ", this.words), this.plane.element);
    this.layers = {};
    this.makeDensity = () => new Density(this.plane.box);
  }

  set box(box) {
    this.plane.box = box;
    this.plane.fit();
  }

  /* Nothing is known of this plane's flow any more. */
  empty() {
    for (const name of ["points", "field", "grid", "density"])
      this.tasks.cancel(this.task(name));
    this.layers = {};
    this.redraw();
  }

  task(name) { return `${this.title}: ${name}`; }

  /* Each layer's object, and what it loads by. */
  fresh(name, { n }) {
    return { points: () => new Cloud(n), field: () => new Field(this.plane.box), grid: () => new Grid(),
      density: () => this.makeDensity() }[name]();
  }

  start(name, layer, { model, seed, solver, now, arrived }) {
    const labels = { points: "Paths of points", field: "Velocity field", grid: "Grid", density: "Density" };
    return this.tasks.start(this.task(name), `${labels[name]}, ${this.title.toLowerCase()}`, async (task) => {
      const own = { ...task, arrived, now };
      if (name === "points")
        await layer.load(model, { seed, solver }, own);
      else if (name === "grid")
        await layer.load(model, {}, solver, own);
      else
        await layer.load(model, {}, own);
      return true;
    });
  }

  /* Loads a layer anew. whole: what is shown stays until it is complete. */
  async load(name, settings, whole) {
    const layer = this.fresh(name, settings);
    if (!whole)
      this.layers[name] = layer;
    if (await this.start(name, layer, settings)) {
      this.layers[name] = layer;
      this.redraw();
    }
  }

  get busy() {
    return [...this.tasks.running.keys()].some((name) => name.startsWith(`${this.title}:`));
  }

  /* show: which layers; over(context): drawn above them. */
  draw(t, show, over) {
    const { plane, layers } = this;
    if (!plane.size)
      return;
    const below = plane.under.getContext("2d");
    below.clearRect(0, 0, plane.size, plane.size);
    const top = show.density ? layers.density?.draw(below, plane, t) : null;
    plane.drawLines(below, top ? 0.25 : 1);
    const context = plane.over.getContext("2d");
    context.clearRect(0, 0, plane.size, plane.size);
    if (show.points)
      layers.points?.draw(context, plane, t, Boolean(top));
    if (show.grid)
      layers.grid?.draw(context, plane, t);
    if (show.field)
      layers.field?.draw(context, plane, t);
    over?.(context);
    plane.drawNumbers(context);
  }

  /* What is seen, as a tile of a picture. */
  get tile() {
    return { layers: [this.plane.under, this.plane.over], title: `${this.title} ${this.words.textContent}` };
  }

  close() {
    this.plane.close();
  }
}
