/* A square grid of base space, carried along by the flow: it is space that moves. */
import { askLines, modelPath } from "../lib/api.js";
import { colour } from "../lib/theme.js";
import { Motion, evenTimes } from "../lib/motion.js";

const REACH = 3, LINES = 13, VERTICES = 61, FRAMES = 41;

/* Base points along every line, one line after the other. */
function vertices() {
  const points = [];
  for (const across of [false, true])
    for (let i = 0; i < LINES; i++)
      for (let k = 0; k < VERTICES; k++) {
        const fixed = -REACH + 2 * REACH * i / (LINES - 1);
        const along = -REACH + 2 * REACH * k / (VERTICES - 1);
        points.push(across ? [fixed, along] : [along, fixed]);
      }
  return points;
}

export class Grid {
  constructor() {
    this.points = vertices();
    this.motion = new Motion(this.points.length, evenTimes(FRAMES));
  }

  get complete() { return this.motion.complete; }

  async load(model, condition, solver, { signal, progress, arrived }) {
    const frames = this.motion.expect(solver, FRAMES);
    await askLines(modelPath(model, "trajectories"), {
      signal, body: { x0: this.points, frames, ...condition, solver },
    }, (line) => {
      this.motion.add(line.states);
      progress(line.frame + 1, frames);
      arrived();
    });
  }

  draw(context, plane, t) {
    const now = this.motion.at(t);
    if (!now)
      return;
    const { ax, bx, ay, by } = plane.scale;
    context.beginPath();
    for (let i = 0; i < this.points.length; i++) {
      const px = now[2 * i] * ax + bx, py = now[2 * i + 1] * ay + by;
      if (i % VERTICES)
        context.lineTo(px, py);
      else
        context.moveTo(px, py);
    }
    context.lineWidth = plane.ratio;
    context.lineJoin = "round";
    context.strokeStyle = colour("--mesh");
    context.stroke();
  }
}
