/* Thousands of points, coloured by where in the base they began. */
import { askLines, modelPath } from "../lib/api.js";
import { directions, wheel } from "../lib/colours.js";
import { count, fixed } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { Motion, evenTimes } from "../lib/motion.js";

const FRAMES = 61;

export class Cloud {
  constructor(n) {
    this.motion = new Motion(n, evenTimes(FRAMES));
    this.turn = null;
  }

  get complete() { return this.motion.complete; }
  get reach() { return this.motion.reach; }

  async load(model, body, { signal, progress, arrived }) {
    const frames = this.motion.expect(body.solver, FRAMES);
    await askLines(modelPath(model, "trajectories"), {
      signal, body: { n: this.motion.n, frames, ...body },
    }, (line) => {
      this.motion.add(line.states);
      this.turn ??= this.sortByDirection();
      progress(line.frame + 1, frames, `Computing the paths of ${count(this.motion.n)} points, now at t = ${fixed(line.t, 2)}`);
      arrived();
    });
  }

  /* The points of each colour, so that a frame changes colours but a few times. */
  sortByDirection() {
    const turn = directions(this.motion.frames[0]);
    return Array.from({ length: turn.length }, (_, i) => i).sort((a, b) => turn[a] - turn[b])
      .map((i) => ({ i, hue: turn[i] }));
  }

  /* What is in the path, in a colour; a path of many squares is drawn faster than the squares are. */
  fill(context, style) {
    context.fillStyle = style;
    context.fill();
    context.beginPath();
  }

  /* Over a density each point has a rim that sets it off. */
  draw(context, plane, t, over) {
    const now = this.motion.at(t);
    if (!now)
      return;
    const { ax, bx, ay, by } = plane.scale, colours = wheel();
    const size = (this.motion.n > 6000 ? 1.8 : 2.3) * plane.ratio, rim = over ? 0.8 * plane.ratio : 0;
    const square = ({ i }, side) => context.rect(now[2 * i] * ax + bx - side / 2, now[2 * i + 1] * ay + by - side / 2, side, side);
    context.globalAlpha = 0.9;
    context.beginPath();
    if (rim) {
      this.turn.forEach((point) => square(point, size + 2 * rim));
      this.fill(context, colour("--canvas"));
    }
    let hue = this.turn[0]?.hue;
    for (const point of this.turn) {
      if (point.hue !== hue) {
        this.fill(context, colours[hue]);
        hue = point.hue;
      }
      square(point, size);
    }
    this.fill(context, colours[hue]);
    context.globalAlpha = 1;
  }
}
