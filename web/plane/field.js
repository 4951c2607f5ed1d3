/* The velocity field as arrows: asked for on a grid at some times, mixed between them. */
import { askNpy, modelPath } from "../lib/api.js";
import { colour } from "../lib/theme.js";
import { evenTimes } from "../lib/motion.js";

const SIDE = 22, TIMES = 21;
const LONGEST = 0.95; /* of a cell of the grid, for the 95th percentile */

export class Field {
  constructor(box) {
    const [[x0, x1], [y0, y1]] = box;
    this.cell = (x1 - x0) / SIDE;
    this.points = [];
    for (let i = 0; i < SIDE; i++)
      for (let j = 0; j < SIDE; j++)
        this.points.push([x0 + (j + 0.5) * this.cell, y0 + (i + 0.5) * (y1 - y0) / SIDE]);
    this.times = evenTimes(TIMES);
    this.slices = [];
  }

  get complete() { return this.slices.length === TIMES; }

  /* Fetches what is missing, in order of time. */
  async load(model, condition, { signal, progress }) {
    while (!this.complete) {
      progress(this.slices.length, TIMES);
      const { data } = await askNpy(modelPath(model, "velocity"), {
        signal, body: { points: this.points, t: this.times[this.slices.length], ...condition },
      });
      this.slices.push(data);
    }
    const speeds = [];
    for (const v of this.slices)
      for (let i = 0; i < v.length; i += 2)
        speeds.push(Math.hypot(v[i], v[i + 1]));
    speeds.sort((a, b) => a - b);
    this.stretch = LONGEST * this.cell / (speeds[Math.floor(speeds.length * 0.95)] || 1);
  }

  draw(context, plane, t) {
    if (!this.complete)
      return;
    const { ax, bx, ay, by } = plane.scale, place = t * (TIMES - 1);
    const k = Math.min(TIMES - 2, Math.floor(place)), w = place - k;
    const a = this.slices[k], b = this.slices[k + 1];
    context.beginPath();
    for (let i = 0; i < this.points.length; i++) {
      const vx = (a[2 * i] + w * (b[2 * i] - a[2 * i])) * this.stretch * ax;
      const vy = (a[2 * i + 1] + w * (b[2 * i + 1] - a[2 * i + 1])) * this.stretch * ay;
      this.arrow(context, this.points[i][0] * ax + bx, this.points[i][1] * ay + by, vx, vy,
        1.4 * this.cell * ax);
    }
    context.lineWidth = 1.2 * plane.ratio;
    context.lineCap = "round";
    context.strokeStyle = colour("--arrow");
    context.stroke();
  }

  /* A shaft around the point and two barbs; the longest are cut. */
  arrow(context, x, y, vx, vy, longest) {
    const cut = Math.min(1, longest / Math.hypot(vx, vy) || 1);
    const dx = vx * cut / 2, dy = vy * cut / 2, tx = x + dx, ty = y + dy;
    context.moveTo(x - dx, y - dy);
    context.lineTo(tx, ty);
    context.moveTo(tx - 0.55 * dx + 0.35 * dy, ty - 0.55 * dy - 0.35 * dx);
    context.lineTo(tx, ty);
    context.lineTo(tx - 0.55 * dx - 0.35 * dy, ty - 0.55 * dy + 0.35 * dx);
  }
}
