/* Where the marks of an axis are. */

/* Round numbers from lo to hi, about `most` of them. */
export function ticks(lo, hi, most) {
  const raw = (hi - lo) / most, unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= raw);
  const first = Math.ceil(lo / step - 1e-9), last = Math.floor(hi / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}
