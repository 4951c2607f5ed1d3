/* A box of space in perspective on a canvas: from data units to pixels, edges, names of axes. It is
 * turned by dragging, by the arrow keys, and slowly by itself. */
import { el } from "../lib/dom.js";
import { number } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { ticks } from "../lib/ticks.js";

const MAX_RATIO = 2; /* device pixels per CSS pixel */
const EYE = 6; /* its distance from the middle, in half sides */
const REACH = 0.44; /* of the canvas, from its middle to the outermost corner at any azimuth */
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7];
const DEGREES_PER_S = 12, DEGREES_PER_PX = 0.4;
const STEEPEST = 85;
const MARGIN = 0.06; /* of an edge: at its ends, where two axes meet, no values are written */

const cornerAt = (c) => [0, 1, 2].map((k) => (c >> k & 1 ? 1 : -1));

export class Box {
  /* changed() when there is something to draw; turned() when a turn by hand ended. */
  constructor(label, { azimuth, elevation, changed, grabbed, turned }) {
    Object.assign(this, { azimuth, elevation, changed, grabbed, turned, lo: [-1, -1, -1], hi: [1, 1, 1], names: null });
    this.canvas = el("canvas", { class: "layer space", tabindex: "0", role: "img", "aria-label": label,
      onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.drag(event),
      onpointerup: () => this.drop(), onpointercancel: () => this.drop(), onkeydown: (event) => this.key(event) });
    this.element = el("div", { class: "plane" }, this.canvas);
    this.observer = new ResizeObserver(() => { if (this.fit()) changed(); });
    this.observer.observe(this.element);
  }

  fit() {
    this.ratio = Math.min(MAX_RATIO, devicePixelRatio || 1);
    const size = Math.round(this.element.clientWidth * this.ratio);
    if (!size || size === this.size)
      return false;
    this.size = this.canvas.width = this.canvas.height = size;
    return true;
  }

  /* ---- turning ---- */

  turn(degrees, up = 0) {
    this.azimuth = ((this.azimuth + degrees + 540) % 360 + 360) % 360 - 180;
    this.elevation = Math.max(-STEEPEST, Math.min(STEEPEST, this.elevation + up));
  }

  /* A little further, as much as has passed since the last time. */
  drift(now) {
    if (this.before && !this.held)
      this.turn(Math.min(now - this.before, 100) / 1000 * DEGREES_PER_S);
    this.before = now;
  }

  grab(event) {
    this.held = { x: event.clientX, y: event.clientY };
    this.canvas.setPointerCapture(event.pointerId);
    this.grabbed();
  }

  drag(event) {
    if (!this.held)
      return;
    this.turn(-(event.clientX - this.held.x) * DEGREES_PER_PX, (event.clientY - this.held.y) * DEGREES_PER_PX);
    this.held = { x: event.clientX, y: event.clientY };
    this.changed();
  }

  drop() {
    if (this.held)
      this.turned();
    this.held = null;
  }

  key(event) {
    const moves = { ArrowLeft: [5, 0], ArrowRight: [-5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] };
    if (!moves[event.key])
      return;
    event.preventDefault();
    this.grabbed();
    this.turn(...moves[event.key]);
    this.turned();
    this.changed();
  }

  /* ---- projection ---- */

  /* project(x, y, z) of the box [-1, 1]^3 sets px, py and how near the point is to the eye. */
  get view() {
    const a = this.azimuth * Math.PI / 180, e = this.elevation * Math.PI / 180;
    const [ca, sa, ce, se] = [Math.cos(a), Math.sin(a), Math.cos(e), Math.sin(e)];
    const flat = Math.SQRT2, steep = Math.abs(se); /* the corner at the side, and the lowest */
    const outermost = Math.max(flat / (EYE - steep), (ce + steep * flat) / (EYE - ce * flat + steep));
    const half = REACH * this.size / EYE / outermost, middle = this.size / 2;
    const spot = { px: 0, py: 0, near: 0 };
    return (x, y, z) => {
      spot.near = ca * ce * x + sa * ce * y + se * z;
      const scale = half * EYE / (EYE - spot.near);
      spot.px = middle + scale * (ca * y - sa * x);
      spot.py = middle - scale * (ce * z - se * (ca * x + sa * y));
      return spot;
    };
  }

  get corners() {
    const view = this.view;
    return CORNERS.map((c) => ({ ...view(...cornerAt(c)) }));
  }

  /* ---- edges and names ---- */

  /* Those that meet the farthest corner are behind all points, the others beside or before them. */
  drawEdges(context, front) {
    const corners = this.corners;
    const farthest = CORNERS.reduce((a, b) => (corners[b].near < corners[a].near ? b : a));
    context.beginPath();
    for (const c of CORNERS)
      for (const k of [1, 2, 4]) {
        const behind = c === farthest || (c ^ k) === farthest;
        if (c & k || behind === front)
          continue;
        context.moveTo(corners[c].px, corners[c].py);
        context.lineTo(corners[c | k].px, corners[c | k].py);
      }
    context.globalAlpha = front ? 0.3 : 0.9;
    context.lineWidth = this.ratio;
    context.strokeStyle = colour("--dim");
    context.stroke();
    context.globalAlpha = 1;
  }

  /* A cross at a point in data units, over what is there. */
  drawMark(context, point, style) {
    const { px, py } = this.view(...[0, 1, 2].map((k) => 2 * (point[k] - this.lo[k]) / (this.hi[k] - this.lo[k]) - 1));
    const arm = 8 * this.ratio;
    context.beginPath();
    for (const [dx, dy] of [[arm, 0], [0, arm]]) {
      context.moveTo(px - dx, py - dy);
      context.lineTo(px + dx, py + dy);
    }
    context.strokeStyle = style;
    context.lineWidth = 2.5 * this.ratio;
    context.stroke();
  }

  /* The edge where texts keep clear of the points: the lowest for the first two axes, the leftmost
   * for the third. */
  edgeOf(k, corners) {
    const place = ([from, to]) => (k === 2 ? -from.px - to.px : from.py + to.py);
    return CORNERS.filter((c) => !(c >> k & 1)).map((c) => [corners[c], corners[c | 1 << k]])
      .reduce((a, b) => (place(b) > place(a) ? b : a));
  }

  drawNames(context) {
    const { corners, size, ratio } = this, middle = size / 2;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const write = (text, x, y, away) => {
      const length = Math.hypot(x - middle, y - middle) || 1;
      context.fillText(text, x + away * ratio * (x - middle) / length, y + away * ratio * (y - middle) / length);
    };
    for (const k of [0, 1, 2]) {
      const [from, to] = this.edgeOf(k, corners), lo = this.lo[k], hi = this.hi[k];
      if (Math.hypot(to.px - from.px, to.py - from.py) < size / 8)
        continue; /* seen from its end */
      const along = (share) => [from.px + share * (to.px - from.px), from.py + share * (to.py - from.py)];
      context.font = `${11 * ratio}px system-ui, sans-serif`;
      context.fillStyle = colour("--dim");
      for (const value of ticks(lo, hi, 5)) {
        const share = (value - lo) / (hi - lo);
        if (share > MARGIN && share < 1 - MARGIN)
          write(number(Math.abs(value) < 1e-9 ? 0 : value), ...along(share), 13);
      }
      context.font = `${13 * ratio}px system-ui, sans-serif`;
      context.fillStyle = colour("--ink");
      write(this.names?.[k] ?? `x${k + 1}`, ...along(0.5), 32);
    }
  }

  close() {
    this.observer.disconnect();
  }
}
