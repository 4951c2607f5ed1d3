/* Points of one, three and more dimensions: a cloud that turns, and the daemon's pictures of paths,
 * pairs and densities. The plane has a view of its own. */
import { askBlob, askJson, modelPath } from "../lib/api.js";
import { askList } from "../lib/curl-list.js";
import { el } from "../lib/dom.js";
import { Downloads } from "../lib/downloads.js";
import { Form } from "../lib/form.js";
import { takeAway } from "../lib/picture.js";
import { Player } from "../lib/player.js";
import { PointForm } from "../lib/point-form.js";
import { conditionOf, conditionSpecs, seedSpec, solverOf, solverQuery, solverSpecs, TIME } from "../lib/request-settings.js";
import { Tasks } from "../lib/tasks.js";
import { count } from "../lib/text.js";
import { colour, events as themeEvents } from "../lib/theme.js";
import { Box } from "../space/box.js";
import { SpaceCloud } from "../space/cloud.js";

const COUNTS = [100, 300, 1000, 2000, 3000, 5000, 7500, 10000];
const SCOUTS = 400; /* tell how large the box is */
const QUANTILE = 0.005; /* of them, left out at either end */

/* Pictures by dimension: what is asked for, as JSON or else as a URL, with which fields besides; n: as
 * many points as the form says, and not as the daemon finds good. */
const PATHS = { what: "trajectories", title: "Paths in (t, x)", fields: { frames: 31 }, n: true, json: true,
  help: "paths of forty samples over the density of all of them" };
const PAIRS = { what: "samples.png", title: "Samples", n: true,
  help: "histograms of every dimension, scatter plots of every pair" };
const CURVE = { what: "density.png", title: "Density", n: true,
  help: "the model's own density, over a histogram of its samples" };
const MARGINALS = { what: "density.png", title: "Density", help: "marginals of every dimension and of every pair, by histogram of samples" };

const LEADS = {
  1: "Samples of the model: their density, and the paths that carry them from the Gaussian at t = 0 to the data at t = 1.",
  3: "Samples in their box: drag it to turn it. Time runs from the Gaussian at t = 0 to the data at t = 1.",
  more: "Samples of the model, dimension by dimension and pair by pair.",
};

function picturesOf(model) {
  return model.dim === 1 ? [CURVE, PATHS] : [PAIRS, MARGINALS];
}

function specsFor(model) {
  const counts = COUNTS.filter((n) => n <= model.limits.rows), most = counts.at(-1) ?? 1;
  return [
    ...conditionSpecs(model),
    { name: "n", kind: "int", label: "Number of points", range: true, min: 1, max: most,
      steps: counts.length ? counts : [1], help: "number of samples to draw", fallback: Math.min(3000, most) },
    seedSpec(),
    ...solverSpecs(model, "midpoint", 20),
    { name: "at", kind: "points", width: model.dim + 1, max: 1, fallback: [],
      columns: Object.assign(Array(model.dim + 1).fill(null), { [model.dim]: TIME }) },
    ...model.dim === 3 ? [
      { name: "turning", kind: "switch", label: "Turn slowly", help: "the cloud turns by itself; drag it to turn it",
        fallback: !matchMedia("(prefers-reduced-motion: reduce)").matches },
      { name: "azimuth", kind: "real", min: -180, max: 180, fallback: -35 },
      { name: "elevation", kind: "real", min: -85, max: 85, fallback: 24 },
      { name: "t", kind: "real", min: 0, max: 1, fallback: 1 },
      { name: "speed", kind: "choice", choices: Player.speeds.map((value) => ({ value })), fallback: 1 },
    ] : [],
  ];
}

/* What the box shows of each axis: the base and the data, but for the outermost of them. */
async function findRanges(model, body, signal) {
  const { trajectories } = await askJson(modelPath(model, "trajectories"), { signal,
    body: { ...body, n: SCOUTS, times: [0, 1], solver: { method: "midpoint", steps: 8 } } });
  return [0, 1, 2].map((k) => {
    const ends = trajectories.map((points) => {
      const values = points.map((p) => p[k]).sort((a, b) => a - b), cut = Math.floor(QUANTILE * values.length);
      return [values[cut], values[values.length - 1 - cut]];
    });
    const lo = Math.min(...ends.map((e) => e[0])), hi = Math.max(...ends.map((e) => e[1]));
    const margin = (hi - lo || Math.abs(hi) || 1) * 0.03;
    return [lo - margin, hi + margin];
  });
}

export class PointsView {
  constructor(root, { model, params, ours, remember }) {
    this.model = model;
    this.form = new Form(specsFor(model), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    this.asks = askList(4);
    this.figures = picturesOf(model).map((picture) => this.makeFigure(picture));
    this.point = new PointForm(model, this.tasks, { point: this.form.values.at[0] ?? null, now: () => this.player?.t ?? 1,
      condition: () => this.condition, changed: (point) => { this.form.set("at", point ? [point] : []); this.player?.redraw(); } });
    if (model.dim === 3)
      this.makeCloud();
    this.lay(root);
    this.run();
  }

  makeFigure(picture) {
    const figure = { ...picture, image: el("img", { class: "diagram", alt: `${picture.title} of ${this.model.name}` }) };
    figure.save = el("button", { type: "button", class: "small", disabled: true,
      "aria-label": `Picture as PNG: ${picture.title}`, onclick: () => this.saveFigure(figure) }, "Picture as PNG");
    return figure;
  }

  makeCloud() {
    const { t, speed, azimuth, elevation } = this.form.values;
    this.box = new Box("The cloud of points. Arrow keys turn it, space plays.", { azimuth, elevation,
      changed: () => this.player.redraw(), grabbed: () => { this.tasks.cancel("film"); this.rest(); }, turned: () => this.rememberAngle() });
    this.box.names = this.model.columns;
    this.box.canvas.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        this.player.toggle();
        event.preventDefault();
      }
    });
    this.player = new Player({ t, speed, draw: (now) => this.draw(now),
      settled: (now) => this.form.set("t", Number(now.toFixed(3))), speedChanged: (value) => this.form.set("speed", value) });
    this.downloads = new Downloads({ player: this.player, tasks: this.tasks, tiles: () => [{ layers: [this.box.canvas] }],
      ratio: () => this.box.ratio, isWhole: () => Boolean(this.cloud?.motion.complete), about: () => this.about() });
    this.themed = () => this.player.redraw();
    themeEvents.addEventListener("theme", this.themed);
  }

  lay(root) {
    const { form } = this, controls = ["label", "guidance", "n", "seed", "method", "steps", "tolerance"].map((name) => form.control(name));
    const cloud = this.box ? [this.box.element, this.player.element] : [];
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, cloud, this.tasks.element,
        el("div", { class: "figures" }, this.figures.map(({ title, help, image, save }) =>
          el("figure", { class: "card" }, el("figcaption", {}, el("h2", {}, title), el("p", { class: "dim" }, help)), image, el("div", { class: "row" }, save))))),
      el("div", { class: "panel" }, el("p", { class: "lead" }, LEADS[this.model.dim] ?? LEADS.more),
        this.box ? el("div", { class: "switches" }, form.control("turning")) : null,
        el("div", { class: "controls" }, controls),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)),
        this.box ? el("div", { class: "row" }, this.downloads.buttons) : null,
        this.point.element, this.asks.element)));
  }

  get condition() { return conditionOf(this.model, this.form.values); }

  changed(name) {
    this.tasks.cancel("film");
    if (name === "turning")
      this.player.redraw();
    else
      this.run();
  }

  /* One after the other, since all at once would be more than a client's share of a busy server. */
  async run() {
    const round = this.round = {};
    this.form.forgive();
    this.point.forget();
    for (const { save, what } of this.figures) {
      save.disabled = true;
      this.tasks.cancel(what);
    }
    await this.carry();
    for (const figure of this.figures)
      if (this.round === round)
        await this.fetch(figure);
    if (this.round === round)
      this.point.ask();
  }

  async carry() {
    if (!this.box)
      return;
    const { n, seed } = this.form.values, { condition } = this;
    this.cloud = null;
    this.player.reach = 0;
    this.player.seek(0);
    const ranges = await this.tasks.start("box", "Finding the part of space to show", (task) =>
      findRanges(this.model, { seed: 0, ...condition }, task.signal));
    if (!ranges)
      return;
    [this.box.lo, this.box.hi] = [0, 1].map((end) => ranges.map((range) => range[end]));
    const cloud = this.cloud = new SpaceCloud(n);
    await this.tasks.start("carry", `Computing the paths of ${count(n)} points`, (task) =>
      cloud.load(this.model, { seed, ...condition, solver: solverOf(this.form.values) }, { ...task, arrived: () => {
        this.player.reach = cloud.reach;
        if (this.player.playing)
          this.player.redraw();
        else
          this.player.seek(Math.min(this.form.values.t, cloud.reach));
      } }));
  }

  /* The request of a picture, with the settings of the form. */
  requestOf({ what, fields, n, json }) {
    const { values } = this.form, path = modelPath(this.model, what);
    const body = { seed: values.seed, ...this.condition, ...fields, ...n ? { n: values.n } : {} };
    const solver = solverOf(values);
    return json ? { path, body: { ...body, solver } }
      : { path: `${path}?${new URLSearchParams({ ...body, ...solverQuery(solver) })}` };
  }

  fetch(figure) {
    return this.tasks.start(figure.what, `Drawing: ${figure.title}`, async ({ signal }) => {
      const { path, body } = this.requestOf(figure), blob = await askBlob(path, { body, signal, accept: "image/png" });
      URL.revokeObjectURL(figure.url);
      figure.image.src = figure.url = URL.createObjectURL(blob);
      Object.assign(figure, { blob }).save.disabled = false;
    });
  }

  /* ---- files: "checkerboard-3d-seed-1-samples.png" */

  nameOf(what) { return `${this.model.name}-seed-${this.form.values.seed}-${what}`; }

  saveFigure({ blob, title }) {
    const { model, form } = this;
    takeAway(blob, { model, form, name: `${this.nameOf(title.replace(/ in .*/, "").toLowerCase())}.png` });
  }

  /* The cloud stands still, so that the link has the angle. */
  about() {
    const { model, form } = this;
    this.rest();
    this.rememberAngle();
    form.set("t", Number(this.player.t.toFixed(3)));
    this.draw(this.player.t);
    return { model, form, name: this.nameOf("cloud") };
  }

  /* ---- the cloud */

  rest() {
    if (this.form.values.turning)
      this.form.set("turning", false);
  }

  /* What is seen is what the URL says, to the digit. */
  rememberAngle() {
    for (const name of ["azimuth", "elevation"]) {
      this.box[name] = Number(this.box[name].toFixed(1));
      this.form.set(name, this.box[name]);
    }
    this.player.redraw();
  }

  /* The clock goes no farther than the points have come, so that it is theirs. */
  draw(asked) {
    const { box, player } = this, t = Math.min(asked, player.reach);
    if (!box.size)
      return;
    if (t < asked) {
      player.t = t;
      player.show();
    }
    if (this.form.values.turning)
      box.drift(performance.now());
    else
      box.before = 0;
    const context = box.canvas.getContext("2d");
    context.clearRect(0, 0, box.size, box.size);
    box.drawEdges(context, false);
    this.cloud?.draw(context, box, t);
    if (this.point.point)
      box.drawMark(context, this.point.point, colour("--tracer-0"));
    box.drawEdges(context, true);
    box.drawNames(context);
    this.downloads.drawn(t);
    if (this.form.values.turning)
      this.player.redraw();
  }

  close() {
    this.round = null;
    if (this.themed)
      themeEvents.removeEventListener("theme", this.themed);
    for (const part of [this.player, this.box, this.tasks, this.asks])
      part?.close();
    for (const figure of this.figures)
      URL.revokeObjectURL(figure.url);
  }
}
