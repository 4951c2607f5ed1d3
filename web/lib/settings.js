/* Settings of views as data: rows of {name, kind, min, max, choices, fallback}. Their values live in
 * the page's URL, so that a view can be shared; what a URL holds is not trusted. A row with `shown`, of
 * the values, has a control only while that is true; one of kind points may have `columns`, with the bounds
 * of each number that has some, and so many `digits` in a URL. */
import { count, number } from "./text.js";

const printOf = ({ kind }) => (kind === "int" ? count : number);

/* "1 to 10,000", "a whole number of 0 or more" */
export function bounds({ kind, min, max }) {
  const print = printOf({ kind });
  if (max >= Number.MAX_SAFE_INTEGER)
    return `a ${kind === "int" ? "whole " : ""}number of ${print(min)} or more`;
  return `${print(min)} to ${print(max)}`;
}

/* The nearest value that is allowed. */
function fit(value, { kind, min, max }) {
  return Math.min(max, Math.max(min, kind === "int" ? Math.round(value) : value));
}

/* NaN where there is no number: Number would make 0 of blanks. */
function toNumber(text) {
  return text.trim() === "" ? NaN : Number(text);
}

function parseNumber(text, spec) {
  const value = toNumber(text);
  if (Number.isNaN(value))
    return undefined;
  return fit(value, spec);
}

/* Rows of numbers, or NaN where there are none. */
function numbersOf(text) {
  return text.split(";").filter(Boolean).map((row) => row.split(",").map(toNumber));
}

/* What each kind makes of a URL's text (undefined: nothing), and the text of a value. */
const kinds = {
  int: { parse: parseNumber, print: String },
  real: { parse: parseNumber, print: (value) => String(Number(value.toPrecision(6))) },
  switch: {
    parse: (text) => (text === "1" ? true : text === "0" ? false : undefined),
    print: (value) => (value ? "1" : "0"),
  },
  choice: {
    parse: (text, spec) => spec.choices.map((c) => c.value).find((v) => String(v) === text),
    print: String,
  },
  chips: {
    parse(text, spec) {
      const known = spec.choices.map((c) => c.value);
      const chosen = text.split(",").map(toNumber).filter((v) => known.includes(v));
      return chosen.length || text === "" ? [...new Set(chosen)] : undefined;
    },
    print: (value) => value.join(","),
  },
  points: {
    parse(text, spec) {
      const rows = numbersOf(text), within = (x, c) => (spec.columns?.[c] ? fit(x, spec.columns[c]) : x);
      const good = rows.every((row) => row.length === spec.width && row.every(Number.isFinite));
      return good ? rows.slice(0, spec.max).map((row) => row.map(within)) : undefined;
    },
    print: (rows, { digits = 6 }) => rows.map((row) => row.map((x) => Number(x.toPrecision(digits))).join(",")).join(";"),
  },
};

/* The first number of a point that is out of its bounds, in words. */
function remarkOnPoints(name, text, spec, rows) {
  const given = numbersOf(text);
  for (const [i, row] of rows.entries())
    for (const [c, value] of row.entries())
      if (value !== given[i][c])
        return `${spec.columns[c].name} in ${name} must be ${bounds(spec.columns[c])}; using ${number(value)} (the link said ${number(given[i][c])})`;
  return given.length > spec.max ? `${name} must be at most ${spec.max} points; the others of the link are left out` : null;
}

/* In words what could not be taken as the link has it; null where all was. */
function remark(spec, text, value) {
  const name = spec.label ?? spec.name, asked = text.slice(0, 40);
  if (value === undefined)
    return `${name} cannot be “${asked}”, as the link says; its default is used`;
  if (["int", "real"].includes(spec.kind) && value !== Number(text))
    return `${name} must be ${bounds(spec)}; using ${printOf(spec)(value)} (the link said ${asked})`;
  if (spec.kind === "chips" && value.join() !== text)
    return `${name} are ${value.join(", ")}; the others of the link are not known`;
  return spec.kind === "points" ? remarkOnPoints(name, text, spec, value) : null;
}

/* {values, notes}: the value of every row, and in words what could not be taken as it was: links may be
 * of another version, or typed. */
export function readSettings(specs, params) {
  const values = {}, notes = [];
  for (const spec of specs) {
    const text = params.get(spec.name);
    const value = text === null ? undefined : kinds[spec.kind].parse(text, spec);
    values[spec.name] = value ?? spec.fallback;
    const words = text === null ? null : remark(spec, text, value);
    if (words)
      notes.push(words);
  }
  for (const name of new Set(params.keys()))
    if (!specs.some((spec) => spec.name === name))
      notes.push(`“${name.slice(0, 40)}” of the link means nothing here, and is left out`);
  return { values, notes };
}

/* The query of a URL; what has its fallback is left out. */
export function writeSettings(specs, values) {
  const parts = [];
  for (const spec of specs) {
    const { print } = kinds[spec.kind], text = print(values[spec.name], spec);
    if (text !== print(spec.fallback, spec))
      parts.push(`${spec.name}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3B", ";")}`);
  }
  return parts.join("&");
}
