/* What people make: points of the plane, each of which stands for a Gaussian of a small width. That
 * mixture is the density that the network learns, and its flow is known exactly. */

export const MOST_POINTS = 4096; /* that a mixture may have in a recipe */
const CSV_BYTES = 20e6;

/* Points evenly from the list, at most so many. */
export function thinned(points, most = MOST_POINTS) {
  if (points.length <= most)
    return points;
  return Array.from({ length: most }, (_, i) => points[Math.floor(i * points.length / most)]);
}

/* How data units become units in which the points have about the spread of the base: one scale for
 * both axes, so that a Gaussian stays round. Points that have it already stay as they are. */
export function unitsOf(points) {
  const mean = [0, 1].map((c) => points.reduce((sum, p) => sum + p[c], 0) / points.length);
  const spread = Math.sqrt(points.reduce((sum, p) =>
    sum + (p[0] - mean[0]) ** 2 + (p[1] - mean[1]) ** 2, 0) / (2 * points.length)) || 1;
  const near = spread > 0.4 && spread < 2.5 && mean.every((m) => Math.abs(m) < 1.5);
  return near ? { shift: [0, 0], scale: 1 } : { shift: mean.map(Number), scale: spread / 1.5 };
}

/* The square of the plane that is shown, in data units. */
export function boxOf({ shift, scale }) {
  return shift.map((s) => [s - 4 * scale, s + 4 * scale]);
}

function cells(line) {
  return line.split(line.includes(";") ? ";" : line.includes("\t") ? "\t" : line.includes(",") ? "," : /\s+/)
    .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
}

const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));

/* {points, words}: the first two columns of numbers in the text of a CSV file. Throws an Error in
 * words for people. */
export function readCsv(text, name) {
  if (text.length > CSV_BYTES)
    throw new Error(`${name} has ${(text.length / 1e6).toFixed(0)} MB; at most ${CSV_BYTES / 1e6} MB are read here. Use advect fit for more.`);
  const rows = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith("#")).map(cells);
  const width = Math.max(0, ...rows.slice(0, 100).map((row) => row.length)), body = rows.slice(1);
  const share = (c) => body.filter((row) => isNumber(row[c] ?? "")).length / (body.length || 1);
  const columns = Array.from({ length: width }, (_, c) => c).filter((c) => share(c) >= 0.5).slice(0, 2);
  if (columns.length < 2)
    throw new Error(`${name} has ${columns.length ? "one column" : "no column"} of numbers; two are needed, with commas, semicolons, tabs or blanks between them.`);
  const good = rows.filter((row) => columns.every((c) => isNumber(row[c] ?? "")));
  const points = thinned(good.map((row) => columns.map((c) => Number(row[c]))));
  const header = rows[0] !== good[0], titles = columns.map((c) => (header && rows[0][c]) || `column ${c + 1}`);
  if (points.length < 10)
    throw new Error(`${name} has ${points.length} rows of two numbers; at least 10 are needed.`);
  const lost = rows.length - good.length - (header ? 1 : 0);
  return { points, titles, words: `${points.length.toLocaleString("en")} points of ${titles.join(" and ")}` +
    (good.length > points.length ? `, evenly from ${good.length.toLocaleString("en")} rows` : "") +
    (lost > 0 ? `; ${lost.toLocaleString("en")} rows without both numbers were left out` : "") };
}

/* To 5 digits, or to as many as tell points apart that are close together far from zero. */
export function rounded(value, scale) {
  const digits = 5 + Math.floor(Math.log10(Math.abs(value) / scale || 1));
  return Number(value.toPrecision(Math.max(5, Math.min(17, digits))));
}

/* The density as recipes have it. blur: the width of a point's Gaussian, in the network's units. */
export function densityOf({ points, units, blur }) {
  return { kind: "gaussian_mixture", means: points.map((p) => p.map((c) => rounded(c, units.scale))),
    deviations: rounded(blur * units.scale, units.scale) };
}

export function transformOf({ shift, scale }) {
  return scale === 1 && !shift[0] && !shift[1] ? { kind: "identity" }
    : { kind: "affine", shift: shift.map((s) => rounded(s, scale)), scale: rounded(scale, scale) };
}
