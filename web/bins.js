/* 8-bit images as the data that models learn: value k becomes (k + u) / 256 of the range, u from 0 to
 * 1. A model that knows the bins well is denser in their middles than anywhere an image was, so u is
 * drawn; the same for the same pixel always, for the same drawing to have the same density. */

const LEVELS = 256;

/* A number from 0 to 1 for each index, evenly spread. */
function drawn(i) {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/* Brightnesses from 0 to 1 as a row of the model's data. */
export function dequantised(row, range) {
  const [lo, hi] = range ?? [-1, 1];
  return Array.from(row, (v, i) =>
    lo + (hi - lo) * (Math.round(Math.max(0, Math.min(1, v)) * (LEVELS - 1)) + drawn(i)) / LEVELS);
}
