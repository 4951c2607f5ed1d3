/* How usual an image is to a model: its place among images of the data that training did not see. */
import { svg } from "../lib/dom.js";
import { count, fixed, number } from "../lib/text.js";
import { ticks } from "../lib/ticks.js";

const WIDTH = 480, HEIGHT = 92, SIDE = 14, TOP = 34, THICK = 20;
const RARE = 3; /* per cent at either end */

/* What the model's images are called. */
export function nounOf(model) {
  return model.labels?.length && model.labels.every((name) => /^\d$/.test(name)) ? "digit" : "image";
}

/* The rising quantiles of held-out log-densities as what they cost, cheapest first: bits/dim where the
 * answer has them, else nats. found: an answer of queries.js. {costs, here, unit, rows} */
export function measured({ rows, log_density: quantiles }, found, model) {
  const log = found.log[found.best], scale = found.bestBits === null ? 1 : 1 / (model.dim * Math.LN2);
  const offset = found.bestBits === null ? 0 : found.bestBits + log * scale;
  return { costs: quantiles.map((q) => offset - q * scale).reverse(), here: offset - log * scale,
    unit: found.bestBits === null ? "nats" : "bits/dim", rows: rows ?? null };
}

/* "It takes more bits/dim than 61.8 % of 1,000 held-out digits." */
export function comparison(place, noun) {
  const all = `${place.rows ? `${count(place.rows)} ` : ""}held-out ${noun}s`, kind = standing(place);
  const than = { unlike: `more ${place.unit} than every one of ${all}`, bare: `fewer ${place.unit} than every one of ${all}` }[kind];
  return `It takes ${than ?? `more ${place.unit} than ${fixed(percentile(place), 1)} % of ${all}`}.`;
}

/* Which part of the held-out images costs less, in per cent. */
function percentile({ costs, here }) {
  const last = costs.length - 1, above = costs.findIndex((c) => c > here);
  if (above <= 0)
    return above ? 100 : 0;
  const below = costs[above - 1];
  return 100 * (above - 1 + (here - below) / (costs[above] - below)) / last;
}

/* "usual", "rare" (within the last few per cent at either end), or beyond all that were held out: "unlike",
 * which costs more, and "bare", which costs less. */
export function standing({ costs, here }) {
  const last = costs.length - 1, cut = Math.round(last * RARE / 100);
  if (here > costs[last] || here < costs[0])
    return here > costs[last] ? "unlike" : "bare";
  return here > costs[last - cut] || here < costs[cut] ? "rare" : "usual";
}

/* The ruler as a picture: all held-out images, half of them, their median, and this one. */
export function ruler({ costs, here, unit }, noun) {
  const last = costs.length - 1, at = (share) => costs[Math.round(share * last)];
  const lo = Math.min(costs[0], here), hi = Math.max(costs[last], here), margin = (hi - lo) * 0.04 || 1;
  const px = (v) => SIDE + (v - lo + margin) / (hi - lo + 2 * margin) * (WIDTH - 2 * SIDE);
  const band = (from, to, name) => svg("rect", { class: name, x: px(from), width: px(to) - px(from), y: TOP, height: THICK, rx: 3 });
  const words = `held-out ${noun}s: ${number(costs[0])} to ${number(costs[last])} ${unit}, half of them ${number(at(0.25))} to ${number(at(0.75))}`;
  const side = px(here) < WIDTH / 2 ? ["start", -6] : ["end", 6];
  return svg("svg", { class: "ruler", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": `This drawing: ${number(here)} ${unit}; ${words}` },
  svg("line", { class: "axis", x1: SIDE, x2: WIDTH - SIDE, y1: TOP + THICK / 2, y2: TOP + THICK / 2 }),
  band(costs[0], costs[last], "all"), band(at(0.25), at(0.75), "half"),
  svg("line", { class: "median", x1: px(at(0.5)), x2: px(at(0.5)), y1: TOP, y2: TOP + THICK }),
  ticks(lo, hi, 6).map((v) => svg("text", { x: px(v), y: TOP + THICK + 15, "text-anchor": "middle" }, number(v))),
  svg("text", { x: WIDTH - SIDE, y: HEIGHT - 4, "text-anchor": "end" }, `${unit}; band: held-out ${noun}s, darker: half of them`),
  svg("path", { class: "here", d: `M${px(here)} ${TOP + THICK}V${TOP - 10}` }),
  svg("circle", { class: "here", cx: px(here), cy: TOP - 10, r: 4 }),
  svg("text", { class: "here", x: px(here) + side[1], y: TOP - 20, "text-anchor": side[0] }, `this: ${number(here)}`));
}
