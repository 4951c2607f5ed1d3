/* A pad to draw on, by mouse, touch or keyboard, and what a model of small images sees of it. */
import { el } from "../lib/dom.js";
import { toLevels } from "./levels.js";
import { paintAlone } from "./pixels.js";

const SIDE = 280; /* pixels of the pad, for the longer side of the image */
const MOST_POINTS = 100000, WIDEST = 10; /* of a drawing that is restored: points in all, and the brush in image pixels */
const FILL = 20 / 28, CENTRE = 0.5; /* a centred drawing fills so much of the longer side */

/* Strokes that can be drawn: [[width of the brush, [x, y], ...], ...], in pixels of the pad. */
function areStrokes(strokes) {
  const isPoint = (p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite);
  return Array.isArray(strokes) && strokes.every((stroke) => Array.isArray(stroke) && stroke[0] > 0 && stroke[0] <= WIDEST &&
    stroke.length > 2 && stroke.slice(1).every(isPoint)) && strokes.flat().length <= MOST_POINTS;
}

/* The weighted middle and the box of the brightness of RGBA pixels; null of an empty pad. */
function measure({ data, width, height }) {
  let mass = 0, mx = 0, my = 0, left = width, right = -1, top = height, bottom = -1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const v = data[4 * (y * width + x)];
      if (v < 16)
        continue;
      mass += v;
      mx += v * (x + 0.5);
      my += v * (y + 0.5);
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  return mass ? { mx: mx / mass, my: my / mass, size: Math.max(right - left, bottom - top) } : null;
}

export class Sketch {
  /* drawn() after every stroke. */
  constructor(model, { brush, drawn }) {
    const [, height, width] = model.shape, longer = Math.max(height, width);
    Object.assign(this, { model, brush, drawn, empty: true, pen: null, unit: SIDE / longer, row: null, strokes: [] });
    this.canvas = el("canvas", {
      class: "pad", width: Math.round(width * this.unit), height: Math.round(height * this.unit), tabindex: "0",
      role: "img", "aria-label": "Drawing pad. Arrow keys move the pen, space puts it down or lifts it.",
      onpointerdown: (event) => this.down(event), onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.up(event), onpointercancel: (event) => this.up(event),
      onkeydown: (event) => this.key(event), onblur: () => this.lift(),
    });
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.guide = el("canvas", { class: "guide", "aria-hidden": "true", hidden: true });
    this.element = el("div", { class: "guided" }, this.canvas, this.guide);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.cursor = [this.canvas.width / 2, this.canvas.height / 2];
    this.clear();
  }

  clear() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.empty = true;
    this.row = null;
    this.pen = null;
    this.strokes = [];
  }

  /* What is on the pad, for `restore`. */
  get image() { return this.row ? { row: this.row } : { strokes: this.strokes }; }

  /* Draws strokes, in place of what is there; false if they are none. */
  restore(strokes) {
    if (!areStrokes(strokes))
      return false;
    const { brush } = this;
    this.clear();
    for (const [width, ...points] of strokes) {
      this.brush = width;
      this.begin(points[0]);
      points.slice(1).forEach((point) => this.stroke(point));
    }
    Object.assign(this, { brush, pen: null });
    return true;
  }

  /* A whole image in place of a drawing: used as it is. */
  setRow(row, tone) {
    const [channels, height, width] = this.model.shape, area = height * width, levels = toLevels(row, tone);
    this.clear();
    for (let i = 0; i < area; i++) {
      const rgb = [0, 1, 2].map((c) => levels[i + (channels >= 3 ? c * area : 0)]);
      this.context.fillStyle = `rgb(${rgb})`;
      this.context.fillRect(i % width * this.unit, Math.floor(i / width) * this.unit, this.unit, this.unit);
    }
    this.row = row;
    this.empty = false;
    this.trace(null);
  }

  /* Shows an image faintly over the pad, to be traced, which is not part of the drawing; none: hides it. */
  trace(row, tone) {
    this.guide.hidden = !row;
    if (row)
      paintAlone(this.guide, this.model, row, tone);
  }

  at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width * this.canvas.width,
      (event.clientY - frame.top) / frame.height * this.canvas.height];
  }

  /* The first finger draws; others that come down meanwhile do not. */
  down(event) {
    if (this.pen)
      return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    if (this.row)
      this.clear();
    this.begin(this.at(event));
    this.stroke(this.pen);
  }

  begin(at) {
    this.pen = at.map((v) => Number(v.toFixed(1)));
    this.strokes.push([this.brush, this.pen]);
  }

  move(event) {
    if (this.pen && event.pointerId === this.pointer)
      this.stroke(this.at(event));
  }

  up(event) {
    if (event.pointerId === this.pointer)
      this.lift();
  }

  /* To a tenth of a pixel, as a picture keeps it. */
  stroke(place) {
    const { context } = this, to = place.map((v) => Number(v.toFixed(1)));
    context.strokeStyle = "#fff";
    context.lineWidth = this.brush * this.unit;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...this.pen);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    this.pen = this.cursor = to;
    this.strokes.at(-1).push(to);
    this.empty = false;
  }

  lift() {
    if (!this.pen)
      return;
    this.pen = null;
    this.drawn();
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      const to = [0, 1].map((c) => Math.max(0, Math.min([this.canvas.width, this.canvas.height][c],
        this.cursor[c] + step[c] * this.unit)));
      if (this.pen)
        this.stroke(to);
      this.cursor = to;
    } else if (event.key === " " && this.pen) {
      this.lift();
    } else if (event.key === " ") {
      if (this.row)
        this.clear();
      this.begin(this.cursor);
      this.stroke(this.cursor);
    } else {
      return;
    }
    event.preventDefault();
  }

  /* The image as the model takes it: levels from 0 to 255, averaged over its pixels; centred as
   * MNIST's digits are if asked: scaled to 20 of 28 pixels, with its mass in the middle. */
  see(centred) {
    const [, height, width] = this.model.shape, { canvas } = this;
    const small = el("canvas", { width: width * 4, height: height * 4 });
    const context = small.getContext("2d", { willReadFrequently: true });
    context.fillRect(0, 0, small.width, small.height);
    context.imageSmoothingQuality = "high";
    const found = centred ? measure(this.context.getImageData(0, 0, canvas.width, canvas.height)) : null;
    const scale = found ? FILL * Math.max(small.width, small.height) / found.size : small.width / canvas.width;
    const [x, y] = found ? [found.mx, found.my] : [canvas.width / 2, canvas.height / 2];
    context.setTransform(scale, 0, 0, scale, CENTRE * small.width - scale * x, CENTRE * small.height - scale * y);
    context.drawImage(canvas, 0, 0);
    return this.average(context.getImageData(0, 0, small.width, small.height), width, height);
  }

  average({ data }, width, height) {
    const seen = new Float64Array(width * height);
    for (let y = 0; y < 4 * height; y++)
      for (let x = 0; x < 4 * width; x++)
        seen[(y >> 2) * width + (x >> 2)] += data[4 * (y * 4 * width + x)] / 16;
    return seen.map(Math.round);
  }
}
