/* A square part of the plane on a stack of canvases: from data units to pixels, axes, sizes. */
import { el } from "../lib/dom.js";
import { number } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { ticks } from "../lib/ticks.js";

const MAX_RATIO = 2; /* device pixels per CSS pixel: more is not seen, but costs */

/* The square around the middle of [[x0, x1], [y0, y1]], a little wider. */
export function squareAround([[x0, x1], [y0, y1]], margin = 0.04) {
  const half = Math.max(x1 - x0, y1 - y0) * (0.5 + margin) || 1;
  const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
  return [[cx - half, cx + half], [cy - half, cy + half]];
}

export class Plane {
  /* resized() after the size in pixels changed. */
  constructor(label, resized) {
    this.under = el("canvas", { class: "layer", "aria-hidden": "true" });
    this.over = el("canvas", { class: "layer", role: "img", "aria-label": label });
    this.element = el("div", { class: "plane" }, this.under, this.over);
    this.box = [[-1, 1], [-1, 1]];
    this.names = null; /* of the two axes */
    this.size = 0;
    this.observer = new ResizeObserver(() => {
      if (this.fit())
        resized();
    });
    this.observer.observe(this.element);
  }

  fit() {
    this.ratio = Math.min(MAX_RATIO, devicePixelRatio || 1);
    const size = Math.round(this.element.clientWidth * this.ratio);
    if (!size || size === this.size)
      return false;
    this.size = size;
    for (const canvas of [this.under, this.over])
      canvas.width = canvas.height = size;
    return true;
  }

  /* Device pixels: px = ax x + bx, py = ay y + by. */
  get scale() {
    const [[x0, x1], [y0, y1]] = this.box;
    const ax = this.size / (x1 - x0), ay = -this.size / (y1 - y0);
    return { ax, bx: -ax * x0, ay, by: -ay * y1 };
  }

  /* The point of a pointer event, in data units. */
  pointAt(event) {
    const frame = this.over.getBoundingClientRect(), { ax, bx, ay, by } = this.scale;
    const px = (event.clientX - frame.left) / frame.width * this.size;
    const py = (event.clientY - frame.top) / frame.height * this.size;
    return [(px - bx) / ax, (py - by) / ay];
  }

  /* Calls place(value, pixel, across) for each round number of both axes. */
  marks(place) {
    const { ax, bx, ay, by } = this.scale, most = this.size / this.ratio < 400 ? 5 : 9;
    for (const value of ticks(...this.box[0], most))
      place(value, Math.round(ax * value + bx) + 0.5, true);
    for (const value of ticks(...this.box[1], most))
      place(value, Math.round(ay * value + by) + 0.5, false);
  }

  /* Lines at round numbers, so opaque. */
  drawLines(context, opacity) {
    context.lineWidth = 1;
    context.strokeStyle = colour("--grid");
    context.globalAlpha = opacity;
    this.marks((_, at, across) => (across ? this.line(context, at, 0, at, this.size) : this.line(context, 0, at, this.size, at)));
    context.globalAlpha = 1;
  }

  /* Their numbers along the left and the bottom, legible over whatever is there. */
  drawNumbers(context) {
    const r = this.ratio, [[x0, x1]] = this.box, zero = (x1 - x0) * 1e-9, digits = x1 - x0 < 1 ? 6 : 3;
    context.font = `${11 * r}px system-ui, sans-serif`;
    context.fillStyle = colour("--dim");
    context.strokeStyle = colour("--canvas");
    context.lineWidth = 3 * r;
    context.lineJoin = "round";
    this.marks((value, at, across) => {
      const text = number(Math.abs(value) < zero ? 0 : value, digits);
      const [px, py, seen] = across ? [at, this.size - 5 * r, at > 16 * r && at < this.size - 12 * r]
        : [5 * r, at - 3 * r, at > 12 * r && at < this.size - 20 * r];
      context.textAlign = across ? "center" : "left";
      if (seen) {
        context.strokeText(text, px, py);
        context.fillText(text, px, py);
      }
    });
    this.drawNames(context);
  }

  /* Names of the axes, where they have some: above the numbers at the right, and at the top. */
  drawNames(context) {
    const r = this.ratio, [across, up] = this.names ?? [];
    context.font = `600 ${12 * r}px system-ui, sans-serif`;
    context.fillStyle = colour("--ink");
    for (const [name, align, px, py] of [[across, "right", this.size - 8 * r, this.size - 22 * r], [up, "left", 8 * r, 16 * r]])
      if (name) {
        context.textAlign = align;
        context.strokeText(name, px, py);
        context.fillText(name, px, py);
      }
  }

  line(context, x0, y0, x1, y1) {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }

  close() {
    this.observer.disconnect();
  }
}
