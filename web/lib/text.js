/* Numbers and names as people read them. */

/* "12,345" */
export function count(n) {
  return n.toLocaleString("en");
}

/* So many significant digits, without a tail of zeros: "0.0312", "-4.57", "1.2e-7". */
export function number(x, digits = 3) {
  if (x === null || x === undefined || Number.isNaN(x))
    return "–";
  if (!Number.isFinite(x))
    return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e7))
    return x.toExponential(digits - 1).replace(/\.?0*e\+?/, "e").replaceAll("-", "−");
  const whole = size >= 10 ** (digits - 1);
  const text = whole ? count(Math.round(x)) : String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
}

/* The numbers between commas, blanks or brackets, with the minus sign that `number` prints too; NaN for
 * what is none. */
export function numbersIn(text) {
  return text.replaceAll("−", "-").split(/[\s,;()[\]]+/).filter(Boolean).map(Number);
}

/* So many decimals, for what changes while it is read. */
export function fixed(x, decimals) {
  return x.toFixed(decimals).replace("-", "−");
}

/* "350 ms", "12.4 s", "7 min 38 s" */
export function duration(seconds) {
  if (seconds < 1)
    return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90)
    return `${Number(seconds.toPrecision(3))} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/* "mode_share_min" -> "mode share min" */
export function spaced(name) {
  return name.replaceAll("_", " ");
}

/* The name of a class, or its number. */
export function className(model, label) {
  return model.labels?.[label] ?? String(label);
}

/* Where a density stands among those of held-out points. */
export function usual(percentile) {
  return percentile === 0 ? "below all held-out points" : `above ${fixed(percentile, 1)} % of held-out points`;
}
