/* A pair plot on a canvas: a histogram of each column, and of each pair the points with the contours
 * that hold half and nine tenths of them. */
import { number } from "../lib/text.js";
import { colour } from "../lib/theme.js";
import { ticks } from "../lib/ticks.js";

const BINS = 40, SMOOTHINGS = 2; /* of histograms; of the grid under contours */
const FINE = 56, COARSE = 36, LARGE = 200; /* cells of the grid's side, in large panes and others; CSS pixels */
const SHARES = [0.5, 0.9];
const LEFT = 46, BOTTOM = 34, GAP = 6; /* CSS pixels */
const CLEAR = 16; /* of the marks of an axis from its ends, for names and neighbours */
const MOST_MARKS = 8;

/* The grid's cells hold how many points are near. */
function smoothed(points, [x0, x1], [y0, y1], side) {
  let grid = new Float64Array(side * side);
  for (const [x, y] of points) {
    const i = Math.floor((y - y0) / (y1 - y0) * side), j = Math.floor((x - x0) / (x1 - x0) * side);
    if (i >= 0 && i < side && j >= 0 && j < side)
      grid[i * side + j]++;
  }
  for (let pass = 0; pass < SMOOTHINGS; pass++)
    for (const step of [1, side]) { /* [1 2 1]/4 along rows, then columns */
      const along = (k) => (step === 1 ? k % side : Math.floor(k / side));
      grid = grid.map((v, k) => (2 * v + (along(k) > 0 ? grid[k - step] : v) +
        (along(k) < side - 1 ? grid[k + step] : v)) / 4);
    }
  return grid;
}

/* The grid around its cells is 0, and bilinear between their middles. */
function cellAt(grid, side, i, j) {
  return i < 0 || j < 0 || i >= side || j >= side ? 0 : grid[i * side + j];
}

function heightAt(grid, side, x, y) {
  const i = Math.floor(y - 0.5), j = Math.floor(x - 0.5), u = x - 0.5 - j, v = y - 0.5 - i;
  const along = (row) => (1 - u) * cellAt(grid, side, row, j) + u * cellAt(grid, side, row, j + 1);
  return (1 - v) * along(i) + v * along(i + 1);
}

/* The pieces [x, y, x, y] of the contour, in cells: marching squares. */
function contour(grid, side, level) {
  const pieces = [];
  for (let i = -1; i < side; i++)
    for (let j = -1; j < side; j++) {
      const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]], crossed = [];
      corners.forEach(([a, b], k) => {
        const [c, d] = corners[(k + 1) % 4], u = cellAt(grid, side, a, b), v = cellAt(grid, side, c, d);
        if ((u > level) !== (v > level)) {
          const part = (level - u) / (v - u);
          crossed.push([b + part * (d - b) + 0.5, a + part * (c - a) + 0.5]);
        }
      });
      for (let k = 0; k + 1 < crossed.length; k += 2)
        pieces.push([...crossed[k], ...crossed[k + 1]]);
    }
  return pieces;
}

/* The contours that have these shares of the points inside, as pieces [x, y, x, y] in shares of the
 * ranges. Heights are those of the points: smoothing spreads the grid's own mass much farther than
 * points that lie along a line. */
export function contoursOf(points, [x0, x1], [y0, y1], side) {
  const grid = smoothed(points, [x0, x1], [y0, y1], side);
  const heights = points.map(([x, y]) => heightAt(grid, side, (x - x0) / (x1 - x0) * side, (y - y0) / (y1 - y0) * side))
    .sort((a, b) => b - a);
  return SHARES.map((share) => contour(grid, side, heights[Math.ceil(share * heights.length) - 1])
    .map((piece) => piece.map((v) => v / side)));
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
    const { context, ratio, size } = this, dot = 1.5 * ratio;
    context.fillStyle = colour("--dim");
    context.globalAlpha = 0.35;
    for (const [x, y] of points)
      context.fillRect(this.px(x) - dot / 2, this.py(y) - dot / 2, dot, dot);
    context.globalAlpha = 1;
    context.strokeStyle = colour("--accent");
    contoursOf(points, xs, ys, size > LARGE * ratio ? FINE : COARSE).forEach((pieces, k) => {
      context.lineWidth = (k ? 1.2 : 2) * ratio;
      context.beginPath();
      for (const [x0, y0, x1, y1] of pieces) {
        context.moveTo(this.x + x0 * size, this.y + (1 - y0) * size);
        context.lineTo(this.x + x1 * size, this.y + (1 - y1) * size);
      }
      context.stroke();
    });
  }

  end() { this.context.restore(); }
}

/* [text, place] of about `most` marks between two places: more where fewer than two of them fit, which
 * would leave an axis without a scale. */
function marksOf(range, position, most, [from, to]) {
  const marks = ticks(...range, most).map((v) => [number(v), position(v)]).filter(([, at]) => at > from && at < to);
  return marks.length > 1 || most >= MOST_MARKS ? marks : marksOf(range, position, most + 1, [from, to]);
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
      const [x, y, size] = place;
      const marks = (range, position, from) => marksOf(range, position, side > LARGE * ratio ? 5 : 3,
        [from + CLEAR * ratio, from + size - CLEAR * ratio]);
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
