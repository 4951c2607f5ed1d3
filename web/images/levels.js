/* Numbers of a model's data as 8-bit levels, and back, by the daemon's rule (api.md, Uploads): dequantised
 * data are (k + u) / 256 of the range, u from 0 to 1, and intensities k / 255. A tone is [lo, hi, levels]:
 * the numbers of black and white, and 256 for dequantised data. */

/* How numbers become brightness: of the model's range, or of what the values span. */
export function toneOf(model, values) {
  if (model.range)
    return [...model.range, model.levels];
  let lo = Infinity, hi = -Infinity;
  for (const v of values) {
    lo = Math.min(lo, v);
    hi = Math.max(hi, v);
  }
  return [lo, hi > lo ? hi : lo + 1];
}

/* A row of numbers as levels. */
export function toLevels(row, [lo, hi, levels]) {
  return Uint8ClampedArray.from(row, (v) =>
    levels ? Math.floor((v - lo) / (hi - lo) * levels) : (v - lo) / (hi - lo) * 255);
}

/* A number from 0 to 1 for each index, evenly spread. */
function drawn(i) {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/* Levels as a row of the model's data. A model that knows the levels well is denser in their middles than
 * anywhere an image was, so u is drawn; the same for the same pixel always, for the same drawing to have
 * the same density. */
export function fromLevels(row, [lo, hi, levels]) {
  return Array.from(row, (k, i) => lo + (hi - lo) * (levels ? (k + drawn(i)) / levels : k / 255));
}
