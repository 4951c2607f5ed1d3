/* The velocity field as arrows: asked for on a grid at some times, mixed between them. Where hardly any
 * point comes by, the network was never told the velocity, and arrows are faint. */
import { askNpy, modelPath } from "../lib/api.js";
import { colour } from "../lib/theme.js";
import { evenTimes } from "../lib/motion.js";

const SIDE = 22, TIMES = 21;
const STEPS = 8; /* of the densities, which need not be exact */
const SHADES = [0.12, 0.3, 0.55, 0.8, 1]; /* opacities, the last where the density is at its largest */
const LONGEST = 0.95; /* of a cell of the grid, for the 95th percentile */

/* By the square root of the density, as colours of the map are. */
function shadesOf(log) {
  const top = log.reduce((a, b) => Math.max(a, b), -Infinity);
  return log.map((v) => Math.exp((v - top) / 2));
}

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
    this.shades = []; /* of each slice and arrow, from 0 to 1 */
  }

  get complete() { return this.slices.length === TIMES; }

  /* Fetches what is missing, in order of time. */
  async load(model, condition, { signal, progress }) {
    while (!this.complete) {
      progress(this.slices.length, TIMES);
      const body = { points: this.points, t: this.times[this.slices.length], ...condition };
      const { data: log } = await askNpy(modelPath(model, "log-density"),
        { signal, body: { ...body, solver: { method: "midpoint", steps: STEPS } } });
      const { data } = await askNpy(modelPath(model, "velocity"), { signal, body });
      this.shades.push(shadesOf(log));
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
    const dark = this.shades[k], darker = this.shades[k + 1], groups = SHADES.map(() => []);
    for (let i = 0; i < this.points.length; i++)
      groups[Math.min(SHADES.length - 1, Math.floor((dark[i] + w * (darker[i] - dark[i])) * SHADES.length))].push(i);
    context.lineWidth = 1.2 * plane.ratio;
    context.lineCap = "round";
    context.strokeStyle = colour("--arrow");
    groups.forEach((group, shade) => {
      context.beginPath();
      for (const i of group) {
        const vx = (a[2 * i] + w * (b[2 * i] - a[2 * i])) * this.stretch * ax;
        const vy = (a[2 * i + 1] + w * (b[2 * i + 1] - a[2 * i + 1])) * this.stretch * ay;
        this.arrow(context, this.points[i][0] * ax + bx, this.points[i][1] * ay + by, vx, vy,
          1.4 * this.cell * ax);
      }
      context.globalAlpha = SHADES[shade];
      context.stroke();
    });
    context.globalAlpha = 1;
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
