/* A pair plot on a canvas: a histogram of each column, and of each pair the points with the contours
 * that hold half and nine tenths of them. */
import { number } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { ticks } from "../lib/ticks.js";

const BINS = 40, SIDE = 36, SMOOTHINGS = 2; /* of histograms; of the grid under contours */
const SHARES = [0.5, 0.9];
const LEFT = 46, BOTTOM = 34, GAP = 6; /* CSS pixels */
const CLEAR = 16; /* of the marks of an axis from its ends, for names and neighbours */

/* The grid's cells hold how many points are near. */
function smoothed(points, [x0, x1], [y0, y1]) {
  let grid = new Float64Array(SIDE * SIDE);
  for (const [x, y] of points) {
    const i = Math.floor((y - y0) / (y1 - y0) * SIDE), j = Math.floor((x - x0) / (x1 - x0) * SIDE);
    if (i >= 0 && i < SIDE && j >= 0 && j < SIDE)
      grid[i * SIDE + j]++;
  }
  for (let pass = 0; pass < SMOOTHINGS; pass++)
    for (const step of [1, SIDE]) { /* [1 2 1]/4 along rows, then columns */
      const along = (k) => (step === 1 ? k % SIDE : Math.floor(k / SIDE));
      grid = grid.map((v, k) => (2 * v + (along(k) > 0 ? grid[k - step] : v) +
        (along(k) < SIDE - 1 ? grid[k + step] : v)) / 4);
    }
  return grid;
}

/* The least height of the highest cells that hold this share of all. */
function levelOf(grid, share) {
  const sorted = [...grid].sort((a, b) => b - a), total = sorted.reduce((a, b) => a + b, 0);
  let sum = 0;
  return sorted.find((v) => (sum += v) >= share * total) ?? 0;
}

/* Calls line(x, y, x, y), in cells, for each piece of the contour: marching squares. */
function contour(grid, level, line) {
  const at = (i, j) => (i < 0 || j < 0 || i >= SIDE || j >= SIDE ? 0 : grid[i * SIDE + j]);
  for (let i = -1; i < SIDE; i++)
    for (let j = -1; j < SIDE; j++) {
      const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]], crossed = [];
      corners.forEach(([a, b], k) => {
        const [c, d] = corners[(k + 1) % 4], u = at(a, b), v = at(c, d);
        if ((u > level) !== (v > level)) {
          const part = (level - u) / (v - u);
          crossed.push([b + part * (d - b) + 0.5, a + part * (c - a) + 0.5]);
        }
      });
      for (let k = 0; k + 1 < crossed.length; k += 2)
        line(...crossed[k], ...crossed[k + 1]);
    }
}

class Pane {
  constructor(context, ratio, [x, y, size], [x0, x1], [y0, y1]) {
    Object.assign(this, { context, ratio, x, y, size });
    this.px = (v) => x + (v - x0) / (x1 - x0) * size;
    this.py = (v) => y + size - (v - y0) / (y1 - y0) * size;
    context.save();
    context.beginPath();
    context.rect(x, y, size, size);
    context.strokeStyle = colour("--line");
    context.lineWidth = ratio;
    context.stroke();
    context.clip();
  }

  histogram(values, [lo, hi]) {
    const bins = new Float64Array(BINS), { context, size } = this;
    for (const v of values)
      bins[Math.max(0, Math.min(BINS - 1, Math.floor((v - lo) / (hi - lo) * BINS)))]++;
    const top = Math.max(...bins) * 1.08, wide = size / BINS;
    context.fillStyle = colour("--accent");
    context.globalAlpha = 0.55;
    bins.forEach((n, k) => context.fillRect(this.x + k * wide, this.y + size * (1 - n / top), wide, size * n / top));
  }

  cloud(points, xs, ys) {
    const { context, ratio } = this, dot = 1.5 * ratio;
    context.fillStyle = colour("--dim");
    context.globalAlpha = 0.35;
    for (const [x, y] of points)
      context.fillRect(this.px(x) - dot / 2, this.py(y) - dot / 2, dot, dot);
    const grid = smoothed(points, xs, ys), cell = this.size / SIDE;
    context.globalAlpha = 1;
    context.strokeStyle = colour("--accent");
    SHARES.forEach((share, k) => {
      context.lineWidth = (k ? 1.2 : 2) * ratio;
      context.beginPath();
      contour(grid, levelOf(grid, share), (x0, y0, x1, y1) => {
        context.moveTo(this.x + x0 * cell, this.y + this.size - y0 * cell);
        context.lineTo(this.x + x1 * cell, this.y + this.size - y1 * cell);
      });
      context.stroke();
    });
  }

  end() { this.context.restore(); }
}

/* rows [[..], ..] of so many columns, over ranges [[lo, hi], ..]; ratio: device pixels per CSS pixel. */
export function drawPairs(canvas, { rows, ranges, names, ratio }) {
  const context = canvas.getContext("2d"), n = ranges.length, gap = GAP * ratio;
  const left = LEFT * ratio, side = (canvas.width - left) / n;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = `${11 * ratio}px system-ui, sans-serif`;
  const write = (text, x, y, name) => {
    context.fillStyle = colour(name);
    context.fillText(text, x, y);
  };
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const place = [left + j * side, i * side + gap / 2, side - gap];
      const pane = new Pane(context, ratio, place, ranges[j], ranges[i]);
      if (i === j)
        pane.histogram(rows.map((r) => r[i]), ranges[i]);
      else
        pane.cloud(rows.map((r) => [r[j], r[i]]), ranges[j], ranges[i]);
      pane.end();
      const most = side / ratio > 200 ? 5 : 3, [x, y, size] = place;
      const marks = (range, position, from) => ticks(...range, most).map((v) => [number(v), position(v)])
        .filter(([, at]) => at > from + CLEAR * ratio && at < from + size - CLEAR * ratio);
      context.textAlign = "center";
      if (i === n - 1) {
        marks(ranges[j], pane.px, x).forEach(([text, at]) => write(text, at, n * side + 12 * ratio, "--dim"));
        write(names[j], x + size / 2, n * side + 28 * ratio, "--ink");
      }
      context.textAlign = "right";
      if (j === 0 && i > 0) {
        marks(ranges[i], pane.py, y).forEach(([text, at]) => write(text, left - 4 * ratio, at + 4 * ratio, "--dim"));
        write(names[i], left - 4 * ratio, y + 12 * ratio, "--ink");
      }
    }
}

/* Height of the canvas for its width, in device pixels. */
export function pairsHeight(width, ratio) {
  return Math.round(width - LEFT * ratio + BOTTOM * ratio);
}
