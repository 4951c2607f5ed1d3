/* Thousands of points, coloured by where in the base they began. */
import { askLines, modelPath } from "./api.js";
import { directions, wheel } from "./colours.js";
import { Motion, evenTimes } from "./motion.js";

const FRAMES = 61;

export class Cloud {
  constructor(n) {
    this.motion = new Motion(n, evenTimes(FRAMES));
    this.turn = null;
  }

  get complete() { return this.motion.complete; }
  get reach() { return this.motion.reach; }

  async load(model, body, { signal, progress, arrived }) {
    await askLines(modelPath(model, "trajectories"), {
      signal, body: { n: this.motion.n, frames: FRAMES, ...body },
    }, (line) => {
      this.motion.add(line.states);
      this.turn ??= this.sortByDirection();
      progress(line.frame + 1, FRAMES);
      arrived();
    });
  }

  /* The points of each colour, so that a frame changes colours but a few times. */
  sortByDirection() {
    const turn = directions(this.motion.frames[0]);
    return Array.from({ length: turn.length }, (_, i) => i).sort((a, b) => turn[a] - turn[b])
      .map((i) => ({ i, hue: turn[i] }));
  }

  draw(context, plane, t, alpha) {
    const now = this.motion.at(t);
    if (!now)
      return;
    const { ax, bx, ay, by } = plane.scale, colours = wheel();
    const size = (this.motion.n > 2500 ? 1.8 : 2.4) * plane.ratio, half = size / 2;
    let hue = -1;
    context.globalAlpha = alpha;
    for (const point of this.turn) {
      if (point.hue !== hue) {
        hue = point.hue;
        context.fillStyle = colours[hue];
      }
      context.fillRect(now[2 * point.i] * ax + bx - half, now[2 * point.i + 1] * ay + by - half, size, size);
    }
    context.globalAlpha = 1;
  }
}
