/* The density at t as a heat map: the model's own log-density on a grid, at some times, asked for
 * nearest first and mixed between neighbours. */
import { askNpy, modelPath } from "../lib/api.js";
import { ramp } from "../lib/colours.js";
import { el } from "../lib/dom.js";
import { evenTimes } from "../lib/motion.js";

const SIDE = 64, TIMES = 17;
const MOST_STEPS = 16; /* from t = 1; fewer from earlier times */

export class Density {
  constructor(box) {
    const [[x0, x1], [y0, y1]] = box;
    this.box = box;
    this.times = evenTimes(TIMES);
    this.slices = new Map(); /* index of the time -> {p, top} */
    this.points = [];
    for (let i = 0; i < SIDE; i++) /* rows from the top, as pixels are */
      for (let j = 0; j < SIDE; j++)
        this.points.push([x0 + (j + 0.5) * (x1 - x0) / SIDE, y1 - (i + 0.5) * (y1 - y0) / SIDE]);
    this.canvas = el("canvas", { width: SIDE, height: SIDE });
  }

  get complete() { return this.slices.size === TIMES; }

  /* The missing time to ask for at t: the nearest, those to come before those that are over. */
  next(t) {
    const place = t * (TIMES - 1), far = (k) => (k >= Math.floor(place) ? k - place : 2 * (place - k));
    const missing = this.times.map((_, k) => k).filter((k) => !this.slices.has(k));
    return missing.reduce((a, b) => (far(b) < far(a) ? b : a));
  }

  /* The latest time that can be shown without a gap from t; t itself where t cannot. */
  reachFrom(t) {
    let k = Math.floor(t * (TIMES - 1));
    while (this.slices.has(k) && this.slices.has(k + 1))
      k++;
    return Math.max(t, this.times[k] ?? 1);
  }

  /* Fetches what is missing; now() tells the time that is looked at, arrived() follows each. */
  async load(model, condition, { signal, progress, now, arrived }) {
    while (!this.complete) {
      progress(this.slices.size, TIMES);
      const k = this.next(now()), t = this.times[k];
      const { data } = await askNpy(modelPath(model, "log-density"), {
        signal, body: {
          points: this.points, t, ...condition, solver: { method: "midpoint", steps: MOST_STEPS },
        },
      });
      const p = data.map(Math.exp), sorted = p.slice().sort();
      this.slices.set(k, { p, top: sorted[Math.floor(0.995 * sorted.length)] || 1 });
      arrived();
    }
  }

  /* The times next to t and how much of the later one; null where they are not both there. */
  around(t) {
    const place = t * (TIMES - 1), earlier = Math.floor(place), later = Math.ceil(place);
    return this.slices.has(earlier) && this.slices.has(later) ? { earlier, later, w: place - earlier } : null;
  }

  canShow(t) { return this.around(t) !== null; }

  /* Draws the map at t where it lies on the plane; the density that has the brightest colour, or null. */
  draw(context, plane, t) {
    const around = this.around(t);
    if (!around)
      return null;
    const a = this.slices.get(around.earlier), b = this.slices.get(around.later), w = around.w;
    const top = a.top + w * (b.top - a.top), table = ramp();
    const paint = this.canvas.getContext("2d"), image = paint.createImageData(SIDE, SIDE);
    for (let i = 0; i < a.p.length; i++) {
      const p = a.p[i] + w * (b.p[i] - a.p[i]);
      const c = 3 * Math.min(255, Math.round(255 * Math.sqrt(p / top)));
      image.data.set([table[c], table[c + 1], table[c + 2], 255], 4 * i);
    }
    paint.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    const { ax, bx, ay, by } = plane.scale, [[x0, x1], [y0, y1]] = this.box;
    context.drawImage(this.canvas, x0 * ax + bx, y1 * ay + by, (x1 - x0) * ax, (y0 - y1) * ay);
    return top;
  }
}
