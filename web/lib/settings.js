/* Settings of views as data: rows of {name, kind, min, max, choices, fallback}. Their values live in
 * the page's URL, so that a view can be shared; what a URL holds is not trusted. A row with `shown`, of
 * the values, has a control only while that is true. */
import { count, number } from "./text.js";

/* "1 to 10,000", "a whole number of 0 or more" */
export function bounds({ kind, min, max }) {
  const print = kind === "int" ? count : number;
  if (max >= Number.MAX_SAFE_INTEGER)
    return `a ${kind === "int" ? "whole " : ""}number of ${print(min)} or more`;
  return `${print(min)} to ${print(max)}`;
}

function clamp(value, spec) {
  return Math.min(spec.max, Math.max(spec.min, value));
}

/* NaN where there is no number: Number would make 0 of blanks. */
function toNumber(text) {
  return text.trim() === "" ? NaN : Number(text);
}

function parseNumber(text, spec) {
  const value = toNumber(text);
  if (Number.isNaN(value))
    return undefined;
  return clamp(spec.kind === "int" ? Math.round(value) : value, spec);
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
      const chosen = text.split(",").map(Number).filter((v) => known.includes(v));
      return chosen.length || text === "" ? [...new Set(chosen)] : undefined;
    },
    print: (value) => value.join(","),
  },
  points: {
    parse(text, spec) {
      const rows = text.split(";").filter(Boolean).map((row) => row.split(",").map(toNumber));
      const good = rows.every((row) => row.length === spec.width && row.every(Number.isFinite));
      return good ? rows.slice(0, spec.max) : undefined;
    },
    print: (rows) => rows.map((row) => row.map((x) => Number(x.toPrecision(6))).join(",")).join(";"),
  },
};

/* {values, notes}: the value of every row, and in words what could not be taken as it was. */
export function readSettings(specs, params) {
  const values = {}, notes = [];
  for (const spec of specs) {
    const text = params.get(spec.name);
    const value = text === null ? undefined : kinds[spec.kind].parse(text, spec);
    values[spec.name] = value ?? spec.fallback;
    const asked = text?.slice(0, 40), name = spec.label ?? spec.name;
    if (text !== null && value === undefined)
      notes.push(`${name} cannot be “${asked}”, as the link says; its default is used`);
    else if (["int", "real"].includes(spec.kind) && text !== null && value !== Number(text))
      notes.push(`${name} must be ${bounds(spec)}; using ${count(value)} (the link said ${asked})`);
  }
  return { values, notes };
}

/* The query of a URL; what has its fallback is left out. */
export function writeSettings(specs, values) {
  const parts = [];
  for (const spec of specs) {
    const text = kinds[spec.kind].print(values[spec.name]);
    if (text !== kinds[spec.kind].print(spec.fallback))
      parts.push(`${spec.name}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3B", ";")}`);
  }
  return parts.join("&");
}
