/* Points of space on their way: the nearer to the eye the larger, and the farther the more like the
 * background; they hide what is behind them. Coloured by their third coordinate. */
import { askLines, modelPath } from "../lib/api.js";
import { ramp } from "../lib/colours.js";
import { Motion, evenTimes } from "../lib/motion.js";
import { count, fixed } from "../lib/text.js";
import { rgb } from "../lib/theme.js";

const FRAMES = 41;
const SLICES = 48, HUES = 24; /* points of one slice of depth and one colour are drawn together */
const FADE = 1.6, FAR = 0.12; /* share of its own colour that a point has: FAR + (1 - FAR) nearness^FADE */

export class SpaceCloud {
  constructor(n) {
    this.motion = new Motion(n, evenTimes(FRAMES), 3);
  }

  get reach() { return this.motion.reach; }

  async load(model, body, { signal, progress, arrived }) {
    const frames = this.motion.expect(body.solver, FRAMES);
    await askLines(modelPath(model, "trajectories"), {
      signal, body: { n: this.motion.n, frames, ...body },
    }, (line) => {
      this.motion.add(line.states);
      progress(line.frame + 1, frames, `Computing the paths of ${count(this.motion.n)} points, now at t = ${fixed(line.t, 2)}`);
      arrived();
    });
  }

  /* Groups of points of one slice and one colour, the far ones first: [[px, py, ...], ...]. */
  group(now, box) {
    const view = box.view, { lo, hi } = box;
    const groups = Array.from({ length: SLICES * HUES }, () => []);
    for (let i = 0; i < now.length; i += 3) {
      const [x, y, z] = [0, 1, 2].map((k) => 2 * (now[i + k] - lo[k]) / (hi[k] - lo[k]) - 1);
      const { px, py, near } = view(x, y, z);
      const slice = Math.floor(SLICES * (near / Math.sqrt(3) + 1) / 2);
      const hue = Math.floor(HUES * (z + 1) / 2);
      const at = (v, n) => Math.max(0, Math.min(n - 1, v));
      groups[at(slice, SLICES) * HUES + at(hue, HUES)].push(px, py);
    }
    return groups;
  }

  draw(context, box, t) {
    const now = this.motion.at(t);
    if (!now)
      return;
    const table = ramp(), ground = rgb("--canvas"), dot = 0.0062 * box.size * Math.min(1.6, (3000 / this.motion.n) ** 0.3);
    this.group(now, box).forEach((spots, g) => {
      if (!spots.length)
        return;
      const near = (Math.floor(g / HUES) + 0.5) / SLICES;
      const c = 3 * Math.round(255 * (0.35 + 0.65 * (g % HUES) / (HUES - 1))); /* not the background's */
      const radius = dot * (0.55 + 0.8 * near);
      context.beginPath();
      for (let i = 0; i < spots.length; i += 2) {
        context.moveTo(spots[i] + radius, spots[i + 1]);
        context.arc(spots[i], spots[i + 1], radius, 0, 2 * Math.PI);
      }
      const share = FAR + (1 - FAR) * near ** FADE, mixed = ground.map((v, k) => Math.round(v + share * (table[c + k] - v)));
      context.fillStyle = `rgb(${mixed.join(" ")})`;
      context.fill();
    });
  }
}
