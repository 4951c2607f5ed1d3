/* Controls for settings (settings.js): a function for each kind. A control is {element, set}; what is
 * typed reaches `change` only when it is good, and is refused in words beside the control otherwise. */
import { el } from "./dom.js";
import { bounds, readSettings, writeSettings } from "./settings.js";
import { count, number } from "./text.js";

let nextId = 0;

function labelled(spec, id, control, extra) {
  const words = el("p", { class: "refusal", id: `${id}-why`, role: "alert", hidden: true });
  const element = el("div", { class: `control ${spec.kind}`, "data-field": spec.field ?? spec.name },
    el("label", { for: id, title: spec.help }, spec.label, extra ? " " : null, extra),
    control, words);
  return { element, words };
}

function complain(control, words, text) {
  control.toggleAttribute("aria-invalid", Boolean(text));
  if (text)
    control.setAttribute("aria-invalid", "true");
  words.textContent = text ?? "";
  words.hidden = !text;
}

/* "Steps must be a whole number, 1 to 10,000." */
function boundsOf(spec, typed) {
  const whole = spec.kind === "int" && !Number.isInteger(typed) && spec.max < Number.MAX_SAFE_INTEGER;
  return `${spec.label} must be ${whole ? "a whole number, " : ""}${bounds(spec)}.`;
}

function makeNumber(spec, value, change) {
  const id = `c${nextId++}`;
  const input = el("input", {
    id, type: "number", min: spec.min, max: spec.max, "aria-describedby": `${id}-why`,
    step: spec.kind === "int" ? 1 : "any", value, inputmode: spec.kind === "int" ? "numeric" : "decimal",
  });
  const { element, words } = labelled(spec, id, input);
  input.addEventListener("change", () => {
    const typed = input.valueAsNumber;
    const good = typed >= spec.min && typed <= spec.max &&
      (spec.kind !== "int" || Number.isInteger(typed));
    complain(input, words, good ? null : boundsOf(spec, typed));
    if (good)
      change(typed);
  });
  return { element, set: (v) => { input.value = v; complain(input, words, null); },
    refuse: (text) => complain(input, words, text) };
}

/* Ranges with `steps` run over that list instead of over equal steps. */
function makeRange(spec, value, change) {
  const id = `c${nextId++}`, list = spec.steps;
  const toPlace = (v) => (list ? Math.max(0, list.findIndex((s) => s >= v)) : v);
  const output = el("output", { for: id, class: "value" });
  const show = (v) => { output.textContent = spec.kind === "int" ? count(v) : number(v); };
  const input = el("input", {
    id, type: "range", min: list ? 0 : spec.min, max: list ? list.length - 1 : spec.max,
    step: list ? 1 : spec.step ?? 1, value: toPlace(value),
  });
  const read = () => (list ? list[input.valueAsNumber] : input.valueAsNumber);
  const { element, words } = labelled(spec, id, input, output);
  const set = (v) => { input.value = toPlace(v); show(v); };
  const tell = () => input.setAttribute("aria-valuetext", output.textContent);
  input.addEventListener("input", () => { show(read()); tell(); if (spec.live) change(read()); });
  input.addEventListener("change", () => { complain(input, words, null); change(read()); });
  set(value);
  tell();
  return { element, set, refuse: (text) => complain(input, words, text) };
}

function makeChoice(spec, value, change) {
  const id = `c${nextId++}`;
  const select = el("select", { id }, spec.choices.map((c) =>
    el("option", { value: c.value }, c.label ?? String(c.value))));
  select.value = value;
  select.addEventListener("change", () =>
    change(spec.choices.find((c) => String(c.value) === select.value).value));
  const { element, words } = labelled(spec, id, select);
  return { element, set: (v) => { select.value = v; }, refuse: (text) => complain(select, words, text) };
}

function makeSwitch(spec, value, change) {
  const id = `c${nextId++}`;
  const box = el("input", { id, type: "checkbox", checked: value, onchange: () => change(box.checked) });
  const element = el("div", { class: "control switch" }, box, el("label", { for: id, title: spec.help }, spec.label));
  return { element, set: (v) => { box.checked = v; }, refuse: () => {} };
}

/* Any number of the choices: buttons that stay pressed. */
function makeChips(spec, value, change) {
  let chosen = new Set(value);
  const buttons = spec.choices.map((c) => el("button", {
    type: "button", class: "chip", "aria-label": c.title, onclick: () => {
      if (!chosen.delete(c.value))
        chosen.add(c.value);
      show();
      change(spec.choices.map((other) => other.value).filter((v) => chosen.has(v)));
    },
  }, c.label));
  const show = () => buttons.forEach((button, i) =>
    button.setAttribute("aria-pressed", chosen.has(spec.choices[i].value)));
  const words = el("p", { class: "refusal", role: "alert", hidden: true });
  const element = el("fieldset", { class: "control chips", "data-field": spec.field ?? spec.name },
    el("legend", {}, spec.label), el("div", { class: "chip-row" }, buttons), words);
  show();
  return { element, set: (v) => { chosen = new Set(v); show(); },
    refuse: (text) => { words.textContent = text; words.hidden = !text; } };
}

function makeControl(spec, value, change) {
  if (spec.kind === "choice")
    return makeChoice(spec, value, change);
  if (spec.kind === "switch")
    return makeSwitch(spec, value, change);
  if (spec.kind === "chips")
    return makeChips(spec, value, change);
  return spec.range ? makeRange(spec, value, change) : makeNumber(spec, value, change);
}

/* The settings of a view: values, their controls (of rows without `label` there is none), the URL. */
export class Form {
  /* changed(name, value) after every change; remember(query) whenever the URL should follow. ours: the
   * page made the params itself, of another model's, and what does not fit needs no word. */
  constructor(specs, params, { changed, remember, ours }) {
    const { values, notes } = readSettings(specs, params);
    this.specs = specs;
    this.values = values;
    this.notes = ours ? [] : notes;
    this.remember = remember;
    this.changed = changed;
    this.controls = new Map();
    for (const spec of specs.filter((s) => s.label))
      this.controls.set(spec.name, makeControl(spec, values[spec.name], (v) => this.take(spec.name, v)));
    this.reveal();
  }

  take(name, value) {
    this.values[name] = value;
    this.save();
    this.changed(name, value);
  }

  /* Sets a value from elsewhere; the control follows, `changed` is not called. */
  set(name, value) {
    this.values[name] = value;
    this.controls.get(name)?.set(value);
    this.save();
  }

  reveal() {
    for (const spec of this.specs.filter((s) => s.shown))
      this.controls.get(spec.name).element.hidden = !spec.shown(this.values);
  }

  save() {
    this.reveal();
    this.remember(writeSettings(this.specs, this.values));
  }

  control(name) {
    return this.controls.get(name)?.element ?? null;
  }

  /* Shows the daemon's words at the control of the field ("solver.steps"); false if there is none. */
  refuse(field, text) {
    const spec = this.specs.find((s) => s.label && (s.field ?? s.name) === field);
    if (spec)
      this.controls.get(spec.name).refuse(text);
    return Boolean(spec);
  }

  forgive() {
    for (const control of this.controls.values())
      control.refuse(null);
  }
}
