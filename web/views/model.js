/* What is known of a model: its card, its training, its limits. */
import { affordable } from "../lib/affordable.js";
import { askBlob, askJson, modelPath } from "../lib/api.js";
import { chart } from "../lib/chart.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { trainingFacts, values, verdict } from "../lib/quality.js";
import { takesGuidance } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { count, number, spaced } from "../lib/text.js";

const LIMIT_WORDS = {
  cost: "estimated cost, multiply-adds",
  min_tolerance: "smallest tolerance of dopri5",
  rows: "samples or points",
  steps: "steps of a fixed-step solver",
  nfe: "velocity evaluations per row of dopri5",
  numbers: "numbers in an answer",
  body_bytes: "bytes of a request's body",
};

function table(rows) {
  return el("dl", { class: "facts" }, rows.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
}

function card(title, ...content) {
  return el("section", { class: "card" }, el("h2", {}, title), content);
}

function print(value) {
  if (typeof value === "number")
    return Number.isInteger(value) ? count(value) : number(value, 4);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/* "1, 2 or 4, learned from mnist, of samples and trajectories". */
function fewSteps({ steps: most, teacher, samples_only: oneWay }) {
  const steps = [1, 2, 4, 8].filter((steps) => steps <= most), last = steps.pop();
  return `${steps.length ? `${steps.join(", ")} or ` : ""}${last}${teacher ? `, learned from ${teacher}` : ""}${oneWay ? ", of samples and trajectories" : ""}`;
}

function facts(model) {
  return table([
    ["name", [model.name, el("span", { class: "dim" }, " (kept in the file; renaming the file does not change it)")]],
    ["network", model.net], ["parameters", count(model.parameters)],
    ["shape of a point", `${model.shape.join(" × ")}${model.shape.length > 1 ? ` = ${count(model.dim)}` : ""} values`],
    ["classes", model.classes ? `${model.classes}${model.labels ? `: ${model.labels.join(", ")}` : ""}` : "none"],
    ...model.context ? [["context", `${model.context.size} numbers${model.context.columns ? `: ${model.context.columns.join(", ")}` : ""}`]] : [],
    ...model.flow_map ? [["few steps", fewSteps(model.flow_map)]] : [],
    ["guidance", model.null_class ? `weight ${number(model.guidance)}${takesGuidance(model) ? " unless asked otherwise" : ", its teacher's"}` : "none"],
    ["range of the data", model.range ? model.range.join(" to ") : "unbounded"],
    ...model.levels ? [["dequantised from", `${model.levels} levels`]] : [],
    ["digest", el("code", {}, model.digest)],
  ]);
}

/* "Is this model good?", in sentences; the values behind them can be unfolded. */
function good({ card: measured }) {
  const told = verdict(measured), rows = values(measured ?? {});
  if (!told && !rows.length)
    return [el("p", {}, "Not evaluated yet: run ", el("code", {}, "advect eval --write-card"), ".")];
  return [
    told ? [told.answer ? el("p", { class: "answer" }, told.answer) : "", told.sentences.map((words) => el("p", {}, words))]
      : el("p", {}, "Nothing was measured that says so: run ", el("code", {}, "advect eval --write-card"), "."),
    el("details", {}, el("summary", {}, "All measured values"), table(rows)),
  ].flat(2);
}

function limits(model) {
  const limited = Object.entries(model.limits).filter(([, value]) => value !== null);
  return table(limited.map(([name, value]) =>
    [LIMIT_WORDS[name] ?? spaced(name), value >= 1e9 ? number(value) : print(value)]));
}

/* Recorded as [[step, loss, held out or null], ...]. */
function curve(train) {
  const rows = train?.curve;
  if (!rows?.length)
    return el("p", { class: "dim" }, "No training curve in this file.");
  const series = [["training loss", 1], ["held-out loss", 2]].map(([name, c]) =>
    ({ name, points: rows.filter((r) => typeof r[c] === "number").map((r) => [r[0], r[c]]) }));
  return chart(series.filter((s) => s.points.length), "Loss over training steps");
}

/* Of points as many as the daemon draws unasked; of images so many that they come soon. */
function pictureOf(model) {
  if (model.shape.length === 1)
    return "samples.png";
  const steps = 15, kinds = model.classes || 1;
  const each = Math.max(1, Math.floor(affordable(model, 2 * steps, 4 * Math.max(8, kinds)) / kinds));
  const classes = Array.from({ length: kinds * each }, (_, i) => i % kinds).join();
  return `samples.png?n=${kinds * each}&solver=midpoint&steps=${steps}` +
    (model.classes ? `&label=${classes}&columns=${Math.min(kinds, 10)}` : "");
}

class ModelView {
  constructor(root, { model, refused, reload }) {
    this.model = model;
    this.tasks = new Tasks();
    this.asks = askList(20, "API calls (copy as curl)");
    this.cards = el("div", { class: "cards" }, card("Is this model good?", ...good(model)), card("Model", facts(model)));
    this.root = root;
    root.append(this.tasks.element, this.cards,
      refused.length ? card("Files that could not be loaded", table(refused.map((r) => [r.file, r.reason]))) : "",
      el("p", {}, el("button", { type: "button", onclick: reload }, "Reload models")), this.asks.element);
    this.fill();
    this.picture();
  }

  async fill() {
    const whole = await this.tasks.start("config", "Reading the model's configuration", (task) =>
      askJson(modelPath(this.model), { signal: task.signal }));
    if (!whole)
      return;
    const { train } = whole.config, shown = { ...whole.config, train: { ...train, curve: undefined } };
    this.cards.append(
      card("Training", curve(train), table([...trainingFacts(this.model.card, train), ["path", whole.config.path?.kind ?? "condot"]])),
      card("Configuration", el("details", {}, el("summary", {}, "Show as JSON"),
        el("pre", { tabindex: "0" }, JSON.stringify(shown, null, 1)))),
      card("Server limits", el("details", {}, el("summary", {}, "Limits of one request"), limits(this.model))));
  }

  async picture() {
    if (!this.model.pictures || this.model.context)
      return; /* of which context would be the user's to say: the Posterior view */
    const blob = await this.tasks.start("picture", "Drawing samples", (task) =>
      askBlob(modelPath(this.model, pictureOf(this.model)), { signal: task.signal, accept: "image/png" }));
    if (!blob)
      return;
    this.url = URL.createObjectURL(blob);
    this.cards.prepend(card("Samples", el("img", { src: this.url, alt: `Samples of ${this.model.name}`, class: this.model.shape.length === 1 ? "diagram" : null })));
  }

  close() {
    this.tasks.close();
    this.asks.close();
    if (this.url)
      URL.revokeObjectURL(this.url);
  }
}

export const modelView = {
  name: "model",
  title: "Model",
  suits: () => true,
  open: (root, context) => new ModelView(root, context),
};
