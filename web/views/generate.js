/* Image models: samples of chosen classes form from noise, frame by frame as the stream arrives. */
import { put } from "../images/carried-image.js";
import { toLevels, toneOf } from "../images/levels.js";
import { isImageModel, kindRank } from "../images/models.js";
import { paint } from "../images/pixels.js";
import { affordable } from "../lib/affordable.js";
import { askBlob, askJson, askLines, modelPath } from "../lib/api.js";
import { CHOSEN } from "../lib/colours.js";
import { askList } from "../lib/curl-list.js";
import { download, el } from "../lib/dom.js";
import { Form } from "../lib/form.js";
import { later } from "../lib/later.js";
import { takeAway } from "../lib/picture.js";
import { Player } from "../lib/player.js";
import { guidanceSpec, seedSpec, solverOf, solverQuery, solverSpecs, takesGuidance } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { className, fixed } from "../lib/text.js";

const GAP = 1, WIDE = 10; /* images in a row */
const PHONE = matchMedia("(max-width: 560px)"), stripLength = () => (PHONE.matches ? 6 : 12);
const NOTHING = "nothing", IMAGES = "images"; /* to compare, and across; to draft by */
const MOST_KEPT = 6, MOST_INDEX = 1e6;
const STEPS = 15, VELOCITIES = 2 * STEPS; /* of the first answer */

/* After their kind, those whose samples a scorer has read come first. */
function generateRank(model) {
  return kindRank(model) + (model.card?.judge_accuracy ? 0 : 1);
}

/* What is shown below the images where it is wanted; its code comes when it first is. */
const EXTRAS = {
  kept: { label: "Computing the kept images", wanted: ({ kept }) => kept.length > 0,
    load: async () => (await import("../images/kept.js")).Kept },
  comparison: { label: "Comparing", wanted: ({ compare, classes }) => compare !== NOTHING && classes?.length !== 0,
    load: async () => (await import("../images/comparison.js")).Comparison },
};

function comparisonSpecs(model) {
  const settings = [...takesGuidance(model) ? ["guidance"] : [], "solver", "steps"].map((value) => ({ value }));
  return [
    { name: "compare", kind: "choice", label: "Compare", choices: [{ value: NOTHING }, ...settings], fallback: NOTHING,
      help: "setting of which several values are shown side by side, for the same noise" },
    { name: "against", kind: "choice", label: "Across", choices: [{ value: IMAGES }, ...settings], fallback: IMAGES,
      help: "what differs from column to column: the noise, or another setting, of the chosen image alone",
      shown: ({ compare }) => compare !== NOTHING },
  ];
}

/* An image that is kept is [seed, index, class]; -1 without classes. */
function keptSpec({ classes }) {
  const columns = [["the seed", 0, 2 ** 53 - 1], ["the index", 0, MOST_INDEX], ["the class", classes ? 0 : -1, classes - 1]];
  return { name: "kept", kind: "points", width: 3, max: MOST_KEPT, fallback: [], digits: 16,
    columns: columns.map(([name, min, max]) => ({ name, kind: "int", min, max })) };
}

/* By name: what is measured of a model later, and written into its file, changes its digest. */
const isStudentOf = (other, model) => other.flow_map?.teacher === model.name && other.classes === model.classes &&
  other.shape.join() === model.shape.join();

function draftSpecs(students) {
  return students.length ? [{ name: "draft", kind: "choice", label: "Draft by", fallback: students[0].name,
    choices: [...students.map(({ name }) => ({ value: name })), { value: NOTHING }],
    help: "model of few steps that learned from this one: its images of the same noise are shown until the exact ones are there" }] : [];
}

function specsFor(model, students) {
  const classes = Array.from({ length: model.classes }, (_, i) =>
    ({ value: i, label: className(model, i), title: `class ${className(model, i)}` }));
  const kinds = classes.length || 1, few = affordable(model, VELOCITIES, classes.length ? 6 * kinds : 36);
  const most = Math.min(classes.length ? 24 : 100, model.limits.rows);
  return [
    ...classes.length ? [{ name: "classes", field: "label", kind: "chips", label: "Classes", choices: classes,
      fallback: classes.slice(0, 10).map((c) => c.value) }] : [],
    ...takesGuidance(model) ? [guidanceSpec(model)] : [],
    { name: "each", kind: "int", field: "n", label: classes.length ? "Images per class" : "Number of images",
      help: classes.length ? "number of images of each chosen class" : "number of images to generate",
      range: true, min: 1, max: most, fallback: Math.max(1, Math.min(most, Math.floor(few / kinds))) },
    seedSpec(),
    { name: "frames", kind: "int", label: "Frames", help: "number of times at which the images are shown, from noise to data",
      min: 2, max: Math.min(120, model.limits.frames), fallback: Math.min(STEPS + 1, model.limits.frames) },
    ...solverSpecs(model, "midpoint", STEPS),
    ...draftSpecs(students),
    ...comparisonSpecs(model),
    keptSpec(model),
    { name: "image", kind: "int", min: 0, max: MOST_INDEX, fallback: 0 },
    { name: "t", kind: "real", min: 0, max: 1, fallback: 1 },
    { name: "speed", kind: "choice", choices: Player.speeds.map((value) => ({ value })), fallback: 2 },
  ];
}

class GenerateView {
  constructor(root, { model, peers, params, ours, remember, go }) {
    this.students = peers.filter((other) => isStudentOf(other, model));
    Object.assign(this, { model, go, frames: [], times: [], draft: null, extras: {}, places: {} });
    this.form = new Form(specsFor(model, this.students), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    this.player = new Player({ t: this.form.values.t, speed: this.form.values.speed,
      draw: (t) => this.draw(t), settled: (t) => this.form.set("t", Number(t.toFixed(3))),
      speedChanged: (speed) => this.form.set("speed", speed) });
    this.canvas = el("canvas", { tabindex: "0", role: "img", onclick: (event) => this.choose(event),
      onkeydown: (event) => this.key(event) });
    this.strip = el("canvas", { role: "img" });
    this.keepButton = el("button", { type: "button", title: "shows it below, whatever the seed becomes; and what lies between two that are kept",
      onclick: () => this.keep() }, "Keep");
    this.stripTitle = el("h2");
    this.asks = askList(4);
    this.lay(root);
    this.run();
  }

  lay(root) {
    const controls = this.form.specs.filter((s) => s.label).map((s) => this.form.control(s.name));
    const save = (label, work) => el("button", { type: "button", onclick: work }, label);
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" },
        el("div", { class: "pictures" }, this.canvas), this.player.element, this.tasks.element,
        el("section", { class: "strip" }, this.stripTitle, this.strip,
          el("div", { class: "row" },
            el("button", { type: "button", onclick: () => this.toDrawing() }, "Open in Draw"), this.keepButton)),
        el("div", { class: "below" }, Object.keys(EXTRAS).map((name) => (this.places[name] = el("div"))))),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "Images form from Gaussian noise as the flow carries them from t = 0 to t = 1. Click an image to see how it formed; keep two to see what lies between."),
        el("div", { class: "controls" }, controls),
        el("div", { class: "row" },
          el("button", { type: "button", class: "primary", onclick: () => this.another() }, "New seed"),
          el("button", { type: "button", onclick: () => this.run() }, "Run again")),
        this.form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)),
        el("div", {}, el("h2", {}, "Download"), el("div", { class: "row" },
          save("Images as PNG", () => this.savePicture("samples.png")),
          save("Forming, as animated PNG", () => this.savePicture("trajectories.png")),
          save("Samples as NPY", () => this.saveArray()))),
        this.asks.element)));
  }

  /* The class of every image, in turn; none where no class is chosen, null for unconditional models. */
  get labels() {
    const { classes, each } = this.form.values;
    return classes ? Array.from({ length: each * classes.length }, (_, i) => classes[i % classes.length]) : null;
  }

  get count() {
    const { each } = this.form.values;
    return this.labels?.length ?? each;
  }

  get columns() {
    const { classes } = this.form.values, square = Math.ceil(Math.sqrt(this.count));
    const wide = Math.max(square, Math.min(WIDE, this.count));
    return classes?.length > 1 ? classes.length * Math.max(1, Math.floor(WIDE / classes.length)) : wide;
  }

  get chosen() { return Math.max(0, Math.min(this.form.values.image, this.count - 1)); }

  get name() { return `${this.model.name}-seed-${this.form.values.seed}`; }

  /* Of a request: solver, classes and guidance. */
  conditionOf(values, labels) {
    return { solver: solverOf(values), ...this.model.classes ? { label: labels } : {},
      ...values.guidance === undefined ? {} : { guidance: values.guidance } };
  }

  /* The request for n images of those that are shown, by settings of the form or others. */
  bodyOf(values, first = 0, n = this.count) {
    return { n, seed: values.seed, ...first ? { first } : {}, ...this.conditionOf(values, this.labels?.slice(first, first + n)) };
  }

  get body() { return this.bodyOf(this.form.values); }

  /* Whether the last frame is there. */
  get isWhole() { return this.times.at(-1) === 1; }

  /* The model of few steps whose images are shown meanwhile, if any. */
  get student() { return this.students.find(({ name }) => name === this.form.values.draft); }

  changed(name) {
    if (["compare", "against"].includes(name))
      this.showExtra("comparison");
    else if (name === "draft" && this.isWhole)
      return; /* the exact images are there */
    else
      this.run();
  }

  another() {
    this.form.set("seed", Math.floor(Math.random() * 2 ** 31));
    this.run();
  }

  /* What is below the images is of the settings before, and ends; it is computed again after them. */
  run() {
    const { model, form } = this;
    form.forgive();
    for (const name of ["run", "draft", ...Object.keys(EXTRAS)])
      this.end(name);
    Object.values(this.extras).forEach(({ sheet }) => sheet.wait());
    this.forget();
    if (!this.count) {
      form.refuse("label", "Choose at least one class.");
      this.showExtras();
      return;
    }
    this.size();
    this.startDraft();
    this.tasks.start("run", `Forming ${this.count} images`, async (task) => {
      this.forget();
      try {
        await askLines(modelPath(model, "trajectories"), { signal: task.signal,
          body: { ...this.body, frames: form.values.frames } }, (line) => this.arrived(line, task));
      } finally {
        if (!task.signal.aborted || !this.tasks.running.has("run")) /* else another run has begun, with a draft of its own */
          this.dropDraft();
      }
      this.showExtras();
    });
  }

  /* What stood in for images that are there now, or that do not come any more. */
  dropDraft() {
    if (!this.draft)
      return;
    this.draft = null;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.player.redraw();
  }

  /* The student's images, until the last frame is there: with its own solver and guidance. */
  startDraft() {
    const { student, count: n, labels } = this;
    if (student)
      this.tasks.start("draft", `Drafting ${n} images`, async ({ signal }) => {
        const body = { n, seed: this.form.values.seed, ...student.classes ? { label: labels } : {} };
        const { samples } = await askJson(modelPath(student, "samples"), { signal, body });
        if (this.isWhole || !this.tasks.running.has("run"))
          return;
        const tone = toneOf(student, samples.flat());
        this.draft = samples.map((row) => toLevels(row, tone));
        this.player.seek(0);
      });
  }

  /* No frame is there. */
  forget() {
    this.draft = null;
    this.frames = [];
    this.times = [];
    this.player.pause(false);
    this.player.reach = 0;
    this.player.seek(0);
  }

  end(name) {
    this.tasks.cancel(name);
    this.tasks.clear(name);
  }

  showExtras() {
    Object.keys(EXTRAS).forEach((name) => this.showExtra(name));
  }

  showExtra(name) {
    const { label, wanted, load } = EXTRAS[name];
    this.keepButton.setAttribute("aria-disabled", !this.count || this.form.values.kept.length >= MOST_KEPT); /* keeps the focus */
    if (!wanted(this.form.values)) {
      this.end(name);
      this.places[name].replaceChildren();
      return;
    }
    this.tasks.start(name, label, async (task) => {
      const Extra = await later(load), extra = this.extras[name] ??= new Extra(this);
      if (!extra.element.isConnected)
        this.places[name].append(extra.element);
      await extra.run(task);
    });
  }

  /* A frame: kept as bytes, shown at once. */
  arrived(line, task) {
    const tone = toneOf(this.model, line.states.flat());
    this.frames.push(line.states.map((row) => toLevels(row, tone)));
    this.times.push(line.t);
    this.last = line.states;
    const meanwhile = this.draft ? `; meanwhile a draft by ${this.student.name}` : "";
    task.progress(line.frame + 1, this.form.values.frames, `Forming ${this.count} images, t = ${fixed(line.t, 2)}${meanwhile}`);
    this.player.reach = line.t;
    if (line.t === 1) {
      this.draft = null;
      this.form.set("t", 1);
    }
    if (!this.draft)
      this.player.seek(line.t);
  }

  size() {
    const [, height, width] = this.model.shape;
    this.canvas.width = this.columns * (width + GAP) - GAP;
    this.canvas.height = Math.ceil(this.count / this.columns) * (height + GAP) - GAP;
    this.canvas.style.maxWidth = `${this.canvas.width * 4}px`;
    Object.assign(this.strip, { width: stripLength() * (width + GAP) - GAP, height });
    this.canvas.setAttribute("aria-label", `${this.count} images in ${this.columns} columns. Arrow keys choose one.`);
    this.drawn = null;
  }

  /* The frame at t, or the latest there is; in place of the noise a draft. */
  draw(t) {
    const k = this.times.findLastIndex((time) => time <= t + 1e-9);
    const shown = (t === 0 && this.draft) || this.frames[k];
    if (!shown)
      return;
    const [, height, width] = this.model.shape, context = this.canvas.getContext("2d");
    shown.forEach((bytes, i) => paint(context, this.model, bytes,
      i % this.columns * (width + GAP), Math.floor(i / this.columns) * (height + GAP)));
    context.strokeStyle = CHOSEN;
    context.strokeRect(this.chosen % this.columns * (width + GAP) + 0.5,
      Math.floor(this.chosen / this.columns) * (height + GAP) + 0.5, width - 1, height - 1);
    this.drawStrip();
  }

  /* The chosen image at evenly spaced frames. */
  drawStrip() {
    const [, height, width] = this.model.shape, n = this.frames.length;
    const most = stripLength(), shown = Math.min(most, n), key = `${this.chosen}/${n}/${most}`;
    if (!n || (this.stripKey === key && this.drawn))
      return;
    this.stripKey = key;
    this.drawn = true;
    this.strip.width = most * (width + GAP) - GAP;
    this.strip.height = height;
    const ks = Array.from({ length: shown }, (_, i) => Math.round(i * (n - 1) / Math.max(1, shown - 1)));
    ks.forEach((k, i) => paint(this.strip.getContext("2d"), this.model, this.frames[k][this.chosen], i * (width + GAP), 0));
    const name = this.labels ? ` (class ${className(this.model, this.labels[this.chosen])})` : "";
    this.stripTitle.textContent = `Image ${this.chosen + 1}${name} from noise to data`;
    this.strip.setAttribute("aria-label", `${shown} frames of image ${this.chosen + 1}`);
  }

  select(i) {
    const { compare, against } = this.form.values;
    this.form.set("image", Math.max(0, Math.min(this.count - 1, i)));
    this.player.redraw();
    if (compare !== NOTHING && ![IMAGES, compare].includes(against))
      this.showExtra("comparison");
  }

  keep() {
    const { chosen, form: { values } } = this, image = [values.seed, chosen, this.labels?.[chosen] ?? -1];
    if (this.count && values.kept.length < MOST_KEPT && !values.kept.some((other) => other.join() === image.join()))
      this.setKept([...values.kept, image]);
  }

  drop(image) {
    this.setKept(this.form.values.kept.filter((other) => other !== image));
    this.keepButton.focus(); /* the button that was pressed is gone */
  }

  setKept(kept) {
    this.form.set("kept", kept);
    this.showExtra("kept");
  }

  choose(event) {
    const [, height, width] = this.model.shape, frame = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - frame.left) / frame.width * this.canvas.width / (width + GAP));
    const row = Math.floor((event.clientY - frame.top) / frame.height * this.canvas.height / (height + GAP));
    this.select(row * this.columns + column);
  }

  key(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    if (event.key === " ")
      this.player.toggle();
    else if (moves[event.key])
      this.select(this.chosen + moves[event.key]);
    else
      return;
    event.preventDefault();
  }

  toDrawing() {
    if (!this.last || !this.count)
      return;
    put(this.model, { row: this.last[this.chosen] });
    this.go("draw");
  }

  savePicture(what) {
    const { values } = this.form, { body } = this;
    const query = new URLSearchParams({ n: body.n, seed: body.seed, columns: this.columns, ...solverQuery(body.solver) });
    if (body.label)
      query.set("label", body.label.join());
    if (body.guidance !== undefined)
      query.set("guidance", body.guidance);
    if (what === "trajectories.png")
      query.set("frames", values.frames);
    const path = `${modelPath(this.model, what)}?${query.toString().replaceAll("%2C", ",")}`;
    this.save(path, { accept: "image/png" }, what === "samples.png" ? ".png" : "-forming.png");
  }

  saveArray() {
    this.save(modelPath(this.model, "samples"), { body: this.body, accept: "application/x-npy" }, ".npy");
  }

  /* With the address and settings that were asked for; others may be set while the daemon works. */
  async save(path, options, ending) {
    const { model } = this, name = `${this.name}${ending}`;
    const asked = { model, name, hash: location.hash, form: { values: { ...this.form.values } } };
    const blob = await this.tasks.start("save", "Making the file", (task) =>
      askBlob(path, { ...options, signal: task.signal }));
    if (blob?.type === "image/png")
      takeAway(blob, asked);
    else if (blob)
      download(blob, name);
  }

  close() {
    for (const part of [this.player, this.tasks, this.asks])
      part.close();
  }
}

export const generateView = {
  name: "generate",
  title: "Generate",
  ofModel: ["each"],
  suits: isImageModel,
  rank: generateRank,
  open: (root, context) => new GenerateView(root, context),
};
