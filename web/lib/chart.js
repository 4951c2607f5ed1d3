/* A line chart of a few series: [{name, points: [[x, y], ...]}]. */
import { svg } from "./dom.js";
import { count, number } from "./text.js";
import { ticks } from "./ticks.js";

const WIDTH = 420, HEIGHT = 230, LEFT = 48, RIGHT = 20, TOP = 32, BOTTOM = 28;

/* The y range of nearly all points: the first steps of a training would squeeze the rest. */
function heightOf(series) {
  const ys = series.flatMap((s) => s.points.map((p) => p[1])).sort((a, b) => a - b);
  const lo = ys[0], hi = ys[Math.ceil(0.98 * (ys.length - 1))];
  const margin = (hi - lo || Math.abs(hi) || 1) * 0.06;
  return [lo - margin, hi + margin];
}

export function chart(series, title) {
  const xs = series.flatMap((s) => s.points.map((p) => p[0]));
  const x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 1), [y0, y1] = heightOf(series);
  const px = (x) => LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
  const py = (y) => Math.max(TOP, HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM));
  const parts = [];
  for (const y of ticks(y0, y1, 5)) {
    parts.push(svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: py(y), y2: py(y) }));
    parts.push(svg("text", { x: LEFT - 6, y: py(y) + 4, "text-anchor": "end" }, number(y)));
  }
  for (const x of ticks(x0, x1, 5))
    parts.push(svg("text", { x: px(x), y: HEIGHT - 10, "text-anchor": "middle" }, count(x)));
  series.forEach((s, i) => {
    const path = s.points.map((p, k) => `${k ? "L" : "M"}${px(p[0]).toFixed(1)} ${py(p[1]).toFixed(1)}`).join("");
    parts.push(svg("path", { class: `line-${i}`, d: s.points.length > 1 ? path : `${path}h1` }));
    parts.push(svg("text", { class: `line-${i}`, x: LEFT + 110 * i, y: 14 }, s.name));
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, parts);
}
