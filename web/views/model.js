/* What is known of a model: its card, its training, its limits. */
import { affordable } from "../lib/affordable.js";
import { askBlob, askJson, modelPath } from "../lib/api.js";
import { chart } from "../lib/chart.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Tasks } from "../lib/tasks.js";
import { count, duration, number, spaced } from "../lib/text.js";

/* Card entries that are no plain numbers, or want a word more. */
const CARD_WORDS = {
  train_seconds: ["training time", duration],
  train_steps: ["training steps", count],
  parameters: ["parameters", count],
  train_loss: ["training loss", print],
  held_out_loss: ["loss on held-out examples", print],
  samples: ["samples drawn", count],
  sample_nfe: ["velocity evaluations per sample", count],
  points: ["points of the log-densities", count],
  modes: ["modes of the true density", count],
  mode_share_min: ["samples of the rarest mode, relative to its true share", print],
  mode_share_max: ["samples of the commonest mode, relative to its true share", print],
  mode_kl: ["KL divergence between true and sampled shares of modes, nats", print],
  inside: ["samples inside the support", (v) => `${number(100 * v)} %`],
  mode_p: ["p-value of the modes' shares", number],
  integral: ["integral of the density", number],
  integral_standard_error: ["standard error of the integral", number],
  integration_error: ["median error of the integration, nats", number],
  error_bar_coverage: ["errors below the one told", (v) => `${number(100 * v)} %`],
  error_bar_ratio: ["median of the errors told, over that of the real", number],
  sliced_wasserstein: ["sliced Wasserstein distance from the data", number],
  sliced_wasserstein_of_data: ["that of the data from themselves", number],
  energy_distance: ["energy distance from the data", number],
  energy_distance_of_data: ["that of the data from themselves", number],
  kl: ["KL divergence from the true density, nats", number],
  kl_standard_error: ["standard error of the KL divergence", number],
  nll: ["negative log-likelihood, nats", number],
  nll_standard_error: ["standard error of the negative log-likelihood", number],
  nll_probe_error: ["part of that error that comes of the probes", number],
  bits_per_dim: ["bits per dimension", print],
  bits_per_dim_standard_error: ["standard error of the bits per dimension", print],
  bits_per_dim_with_label: ["bits per dimension, those of the label included", print],
  judge_accuracy: ["samples read as asked by a classifier", (v) => `${number(100 * v)} %`],
  judge_frechet: ["Frechet distance from real images", print],
  entropy: ["entropy of the true density, nats", number],
};

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

function facts(model) {
  return table([
    ["network", model.net], ["parameters", count(model.parameters)],
    ["shape of a point", `${model.shape.join(" × ")}${model.shape.length > 1 ? ` = ${count(model.dim)}` : ""} values`],
    ["classes", model.classes ? `${model.classes}${model.labels ? `: ${model.labels.join(", ")}` : ""}` : "none"],
    ...model.context ? [["context", `${model.context.size} numbers${model.context.columns ? `: ${model.context.columns.join(", ")}` : ""}`]] : [],
    ["guidance", model.null_class ? "supported" : "not supported"],
    ["range of the data", model.range ? model.range.join(" to ") : "not stated"],
    ...model.levels ? [["dequantised from", `${model.levels} levels`]] : [],
    ["digest", el("code", {}, model.digest)],
  ]);
}

function measured(model) {
  if (!model.card)
    return el("p", { class: "dim" }, "No measurements are recorded in the model file; advect eval --write-card records them.");
  return table(Object.entries(model.card).map(([name, value]) => {
    const [words, format] = CARD_WORDS[name] ?? [spaced(name), print];
    return [words, format(value)];
  }));
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
    return el("p", { class: "dim" }, "The model file holds no loss curve: it was imported, or made before curves were recorded.");
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
    this.asks = askList(20, "Recent requests of this page, as curl commands");
    this.cards = el("div", { class: "cards" }, card("Model", facts(model)), card("Measured", measured(model)),
      card("Limits of one request", limits(model)));
    this.root = root;
    root.append(this.tasks.element, this.cards,
      refused.length ? card("Files that could not be loaded", table(refused.map((r) => [r.file, r.reason]))) : "",
      el("p", {}, el("button", { type: "button", onclick: reload }, "Reload the list of models")), this.asks.element);
    this.fill();
    this.picture();
  }

  async fill() {
    const whole = await this.tasks.start("config", "Reading the model's configuration", (task) =>
      askJson(modelPath(this.model), { signal: task.signal }));
    if (!whole)
      return;
    const { train } = whole.config, shown = { ...whole.config, train: { ...train, curve: undefined } };
    const about = train?.recipe?.train;
    this.cards.append(
      card("Training", curve(train), about ? table([["steps", count(about.steps)], ["batch", count(about.batch)],
        ["learning rate", print(about.learning_rate)], ["path", whole.config.path?.kind ?? "condot"]]) : null),
      card("Configuration", el("details", {}, el("summary", {}, "Show as JSON"),
        el("pre", { tabindex: "0" }, JSON.stringify(shown, null, 1)))));
  }

  async picture() {
    if (!this.model.pictures || this.model.context)
      return; /* of which context would be the user's to say: the Posterior view */
    const blob = await this.tasks.start("picture", "Drawing samples", (task) =>
      askBlob(modelPath(this.model, pictureOf(this.model)), { signal: task.signal, accept: "image/png" }));
    if (!blob)
      return;
    this.url = URL.createObjectURL(blob);
    this.cards.prepend(card("Samples", el("img", { src: this.url, alt: `Samples of ${this.model.name}` })));
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
