/* Points that were clicked: each with its log-density, its latent and its path. */
import { askJson, modelPath } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { askPoint, factsOf, vector } from "../lib/point-facts.js";
import { fixed } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { Motion, evenTimes } from "../lib/motion.js";

const FRAMES = 81;
const FINE = { method: "rk4", steps: 50 };

/* A point at time t, and what the daemon says of it. */
async function trace(model, condition, [x, y, t], options) {
  const found = await askPoint(model, condition, [x, y], t, options);
  const path = await askJson(modelPath(model, "trajectories"),
    { ...options, body: { x0: [found.latent], frames: FRAMES, ...condition, solver: FINE } });
  const motion = new Motion(1, evenTimes(FRAMES));
  path.trajectories.forEach((states) => motion.add(states));
  return { ...found, motion };
}

export class Tracers {
  /* changed(this): the list is another, or knows more. */
  constructor(changed) {
    this.changed = changed;
    this.list = [];
    this.element = el("ol", { class: "tracers", "aria-live": "polite", "aria-label": "Points you chose" });
    this.show();
  }

  /* Points [x, y, t] in place of all; what is known of those that stay is kept. */
  set(points) {
    this.list = points.map((point) =>
      this.list.find((known) => known.at.join() === point.join()) ?? { at: point, facts: null });
    this.show();
  }

  get points() { return this.list.map((tracer) => tracer.at); }
  get complete() { return this.list.every((tracer) => tracer.facts); }

  forget() {
    for (const tracer of this.list)
      tracer.facts = null;
    this.show();
  }

  async load(model, condition, { signal, progress }) {
    for (const tracer of this.list.filter((one) => !one.facts)) {
      progress(this.list.indexOf(tracer), this.list.length);
      tracer.facts = await trace(model, condition, tracer.at, { signal });
      this.show();
      this.changed(this);
    }
  }

  show() {
    this.element.replaceChildren(...this.list.map((tracer, i) => this.row(tracer, i)));
  }

  row({ at: [x, y, t], facts }, i) {
    const remove = el("button", { type: "button", class: "small", "aria-label": `Remove point ${i + 1}`,
      onclick: () => { this.list.splice(i, 1); this.show(); this.changed(this); } }, "×");
    return el("li", { class: `tracer tracer-${i % 6}` },
      el("div", { class: "tracer-head" }, el("strong", {}, vector([x, y])), ` at t = ${fixed(t, 2)}`, remove),
      facts ? el("dl", { class: "facts" },
        [...factsOf(facts), ["end point at t = 1", vector([...facts.motion.frames.at(-1)])]]
          .flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]))
        : el("p", { class: "dim" }, "Asking the model…"));
  }

  draw(context, plane, t) {
    const { ax, bx, ay, by } = plane.scale, r = plane.ratio;
    this.list.forEach(({ at, facts }, i) => {
      context.strokeStyle = context.fillStyle = colour(`--tracer-${i % 6}`);
      context.lineWidth = 2 * r;
      if (facts) {
        context.beginPath();
        for (const [x, y] of facts.motion.frames)
          context.lineTo(x * ax + bx, y * ay + by);
        context.stroke();
        const [x, y] = facts.motion.at(t);
        this.dot(context, x * ax + bx, y * ay + by, 5 * r, true);
        const [lx, ly] = facts.motion.frames[0];
        this.dot(context, lx * ax + bx, ly * ay + by, 3.5 * r, false);
      }
      const px = at[0] * ax + bx, py = at[1] * ay + by, arm = 6 * r;
      plane.line(context, px - arm, py, px + arm, py);
      plane.line(context, px, py - arm, px, py + arm);
    });
  }

  dot(context, x, y, radius, full) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (full) {
      context.fill();
      context.save();
      context.strokeStyle = colour("--canvas");
      context.stroke();
      context.restore();
    } else {
      context.stroke();
    }
  }
}
