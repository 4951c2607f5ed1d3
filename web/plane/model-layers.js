/* What a model says of the plane whatever the solver: its density and velocity on rasters of the part that
 * is shown, and the points that were asked about. Planes of one model share it. */
import { Density } from "./density.js";
import { Field } from "./field.js";
import { Tracers } from "./tracers.js";

/* The layer, which stands in for what is whole of an old one until it is whole itself. */
export function inPlaceOf(old, layer) {
  const before = old?.complete ? old : old?.before ?? null;
  if (before)
    before.before = null;
  return Object.assign(layer, { before });
}

/* What is seen of it. */
export const seenOf = (layer) => (layer.complete ? layer : layer.before ?? layer);

export class ModelLayers {
  /* aside: words after the names of its tasks, where there are others; densityOf(box): a layer, where it is not
   * the usual one; asked(tracers): Tracers.changed */
  constructor(model, tasks, { aside = "", densityOf = (box) => new Density(box), asked = () => {} } = {}) {
    Object.assign(this, { model, tasks, aside, densityOf, density: null, field: null });
    this.tracers = new Tracers(asked);
  }

  task(name) { return name + this.aside; }

  cancel() {
    this.tasks.cancel(this.task("field"));
    this.tasks.cancel(this.task("density"));
  }

  /* Nothing is known any more. */
  empty() {
    this.cancel();
    this.field = this.density = null;
  }

  /* Nothing is known yet, given another condition. */
  begin(condition) {
    this.condition = condition;
    this.empty();
    this.tracers.forget();
  }

  /* Rasters of this part of the plane; what there is of another part stays until then. */
  look(box) {
    if (this.density?.box !== box)
      this.renew(box);
  }

  /* The same of a model that has changed. */
  renew(box = this.density.box) {
    this.cancel();
    this.field = inPlaceOf(this.field, new Field(box));
    this.density = Object.assign(this.densityOf(box), { before: this.density });
    this.density.before && (this.density.before.before = null);
  }

  /* Fetches what is shown and not here yet; now() is the time that is looked at, arrived() follows each part. */
  fill(show, { now, arrived, redraw }) {
    const { model, condition, density, field, aside, tracers, tasks } = this;
    const want = (name, layer, label, work) => tasks.want(this.task(name), { wanted: show[name], missing: !layer.complete },
      label + aside, (task) => work({ ...task, now, arrived }))?.then(redraw);
    want("density", density, "Computing density (17 frames)", (task) => density.load(model, condition, task));
    want("field", field, "Computing velocity (21 frames)", (task) => field.load(model, condition, task));
    if (!tracers.complete)
      tasks.start(this.task("trace"), `Computing the chosen points${aside}`, (task) => tracers.load(model, condition, task));
  }

  /* The layers that can be drawn at t; null of those that cannot. */
  densityAt(t) { return [this.density, this.density?.before].find((d) => d?.canShow(t)) ?? null; }

  get arrows() { return this.field?.complete ? this.field : this.field?.before ?? null; }
}
