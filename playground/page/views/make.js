/* Make your own density: its exact flow at once, and a network that learns it beside. */
import { chart } from "../lib/chart.js";
import { download, el } from "../lib/dom.js";
import { Downloads } from "../lib/downloads.js";
import { Form } from "../lib/form.js";
import { dragsFiles } from "../lib/picture.js";
import { Player } from "../lib/player.js";
import { Tasks } from "../lib/tasks.js";
import { count, number } from "../lib/text.js";
import { events as themeEvents } from "../lib/theme.js";
import { Brush } from "../make/brush.js";
import { carriedIn, textOfPoints } from "../make/carried-points.js";
import { Planes } from "../make/planes.js";
import { presetNames, presetPoints } from "../make/presets.js";
import { Recording } from "../make/recording.js";
import { BOTH, EXACTLY, LEARNT, NETWORK, OVERLAYS, OWN, specsFor, whyEach } from "../make/settings.js";
import { boxOf, MOST_POINTS, readCsv, unitsOf } from "../make/target.js";
import { EXACT, LEARNED, makeExact, modelFile, openModel, recipeOf, train } from "../make/training.js";

const MODEL_BYTES = 64e6;
const FILES = "advect-playground"; /* how names of files begin */
const HINT = "The network learns while you watch, and stays yours to download.";

/* What was made, for when the view is opened again: {target, learned, lines, preset}. */
let kept = null;

/* What a picture holds that was just dropped, {points}, null where the address says it all: it takes the
 * place of what is kept when the view is opened next. */
let carried = null;

class MakeView {
  constructor(root, { model, params, ours, remember, refresh }) {
    Object.assign(this, { model, refresh, learned: false, lines: [] });
    this.form = new Form(specsFor(model), params, { ours, remember, changed: (name) => this.changed(name) });
    this.tasks = new Tasks((error) => this.form.refuse(error.field, error.message));
    const { t, speed } = this.form.values;
    this.planes = new Planes(model, { form: this.form, tasks: this.tasks, target: () => this.target, now: () => this.player.t,
      arrived: () => this.arrived(), redraw: () => this.player?.redraw() });
    this.brush = new Brush(this.planes.plane, () => this.target, (ended) => this.painted(ended));
    this.player = new Player({ t, speed, draw: (now) => this.draw(now), settled: () => this.settled(),
      speedChanged: (value) => this.form.set("speed", value) });
    this.downloads = new Downloads({ player: this.player, tasks: this.tasks, tiles: () => this.planes.panes.map((pane) => pane.tile),
      ratio: () => this.planes.plane.ratio, isWhole: () => !this.tasks.running.has("exact") && this.planes.isWhole, about: () => this.about() });
    this.recording = new Recording(this.downloads);
    this.startsAlone = t === 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.lay(root);
    this.themed = () => this.planes.redraw(true);
    themeEvents.addEventListener("theme", this.themed);
    this.begin(params);
  }

  /* What the URL names, or else what was there before, as long as the page is open. */
  begin(params) {
    const { preset, blur } = this.form.values;
    if (carried) {
      const { points } = carried;
      kept = points ? { target: { points, units: unitsOf(points), blur }, learned: false, lines: [], preset: OWN } : null;
      carried = null;
    }
    if (kept && (!params.has("preset") || preset === OWN || preset === kept.preset)) {
      this.restore(params.has("preset") || params.has("blur"));
      return;
    }
    if (preset === OWN)
      this.form.set("preset", presetNames[0]);
    this.take(presetPoints(this.form.values.preset));
    if (preset === OWN)
      this.say(`The points of this link are not part of it, so these are ${presetNames[0]}. A picture holds its points: drop one here.`, true);
  }

  /* named: the address says which width a point has; a network of another width is none of this density. */
  restore(named) {
    ({ target: this.target, learned: this.learned, lines: this.lines } = kept);
    const { blur } = this.form.values;
    if (named && blur !== this.target.blur)
      Object.assign(this, { target: { ...this.target, blur }, learned: false, lines: [] });
    this.form.set("preset", kept.preset);
    this.form.set("blur", this.target.blur);
    this.planes.frame();
    this.saves[0].disabled = !this.learned;
    this.say(`${count(this.target.points.length)} points`);
    this.report(this.lines.findLast((line) => line.kl !== null));
    this.planes.name(this.lines.at(-1)?.step);
    this.remake();
    if (this.learned)
      this.planes.begin(this.planes.network);
  }

  keep() {
    kept = { target: this.target, learned: this.learned, lines: this.lines, preset: this.form.values.preset };
  }

  /* ---- layout */

  lay(root) {
    const { form } = this, rows = (...names) => names.map((name) => form.control(name));
    this.notes = el("p", { class: "dim", role: "status" });
    this.button = el("button", { type: "button", class: "primary", onclick: () => this.toggle() }, "Train");
    this.curves = el("div", { class: "curves" });
    this.verdict = el("p", { class: "lead" }, HINT);
    root.append(el("div", { class: "stage twofold" },
      el("div", { class: "scene" },
        this.planes.element, this.player.element,
        el("div", { class: "row train" }, this.button, this.verdict), this.curves, this.tasks.element, whyEach()),
      el("div", { class: "panel" },
        el("p", { class: "lead" }, "Paint a density, drop a CSV file, or start from a classic one. Left is the flow that leads to it exactly, right what a network learns of it."),
        el("div", { class: "controls" }, rows("preset", "blur")), this.tools(), this.notes,
        el("fieldset", { class: "group" }, el("legend", {}, "Show"), el("div", { class: "switches" }, rows(...OVERLAYS.map((o) => o.name)))),
        el("div", { class: "controls" }, rows(...NETWORK.map((row) => row.name))),
        el("div", { class: "controls" }, rows("method", "steps", "tolerance", "seed", "planes", "method2", "steps2", "tolerance2")),
        form.notes.map((note) => el("p", { class: "refusal" }, `${note}.`)), this.files())));
    root.ondragover = (event) => dragsFiles(event) && event.preventDefault();
    root.ondrop = (event) => this.drop(event);
    this.root = root;
  }

  tools() {
    this.paintButton = el("button", { type: "button", "aria-pressed": "false", class: "chip", onclick: () => this.paint(!this.brush.on) }, "Paint");
    return el("div", { class: "row" }, this.paintButton,
      el("button", { type: "button", onclick: () => this.clear() }, "Clear"), this.picker("Open a CSV file", ".csv,.tsv,.txt,text/csv"));
  }

  /* A button that opens files; what is dropped goes the same way. */
  picker(words, accept) {
    const input = el("input", { type: "file", accept, hidden: true, onchange: () => { this.open(input.files[0]); input.value = ""; } });
    return el("span", {}, input, el("button", { type: "button", onclick: () => input.click() }, words));
  }

  files() {
    this.saves = [
      el("button", { type: "button", disabled: true, onclick: () => this.save() }, "Download the model"),
      el("button", { type: "button", onclick: () => this.saveRecipe() }, "Download the recipe")];
    return el("fieldset", { class: "group" }, el("legend", {}, "Files"), el("div", { class: "row" }, ...this.saves,
      this.picker("Open a model", ".safetensors"),
      this.downloads.buttons, this.recording.button),
    el("p", { class: "dim" }, "advectd serves the model; advect train makes it anew from the recipe."));
  }

  /* ---- the density */

  say(words, refused = false) {
    this.notes.textContent = words;
    this.notes.classList.toggle("refusal", refused);
  }

  /* The network is none of the present density. */
  forget() {
    this.stop();
    this.learned = false;
    this.lines = [];
    this.saves[0].disabled = true;
    this.planes.name(this.lines.at(-1)?.step);
    this.planes.empty(this.planes.network);
    this.verdict.textContent = HINT;
    this.curves.replaceChildren();
  }

  /* Points in place of all. */
  take(points, words = `${count(points.length)} points`) {
    this.forget();
    this.target = { points, units: points.length ? unitsOf(points) : { shift: [0, 0], scale: 1 }, blur: this.form.values.blur };
    this.planes.frame();
    this.keep();
    this.say(words);
    return this.remake();
  }

  get box() { return boxOf(this.target.units); }

  async remake() {
    const { planes, target } = this;
    this.tasks.cancel("film");
    planes.empty(planes.exact);
    if (this.form.values.planes === LEARNT && !this.learned)
      planes.putBeside(BOTH); /* no network, nothing to see */
    if (!target.points.length)
      return;
    const made = await this.tasks.start("exact", "Making the exact flow", (task) => makeExact(target, this.box, task));
    if (made)
      planes.begin(planes.exact);
  }

  /* The clock starts by itself the first time. */
  arrived() {
    if (this.startsAlone && this.planes.reach(this.player.t) > this.player.t) {
      this.startsAlone = false;
      this.player.play();
    }
    this.planes.redraw(true);
  }

  paint(on) {
    this.brush.on = on;
    this.paintButton.setAttribute("aria-pressed", on);
    this.planes.plane.over.classList.toggle("painting", on);
    if (on) {
      if (this.form.values.planes === LEARNT)
        this.planes.putBeside(BOTH);
      this.player.pause();
      this.player.seek(1);
      this.say("Drag over the left plane to paint; hold Shift to erase.");
    }
    this.player.redraw();
  }

  clear() {
    this.form.set("preset", OWN);
    this.paint(true);
    this.take([], "The plane is empty: drag over the left one to paint; hold Shift to erase.");
    this.player.redraw();
  }

  painted(ended) {
    const { points } = this.target;
    if (this.form.values.preset !== OWN)
      this.form.set("preset", OWN);
    this.say(`${count(points.length)} points${points.length >= MOST_POINTS ? ", the most that fit" : ""}`);
    if (this.learned || this.planes.training)
      this.forget();
    this.keep();
    if (ended)
      this.remake();
    this.planes.redraw(true);
  }

  /* Pictures and films are left to the page, which opens what they show. */
  drop(event) {
    const file = event.dataTransfer.files[0];
    if (!file || ["image/png", "video/webm"].includes(file.type))
      return;
    event.preventDefault();
    this.open(file);
  }

  async open(file) {
    if (!file)
      return;
    try {
      if (/\.safetensors$/i.test(file.name))
        await this.openModel(file);
      else
        await this.openTable(file);
    } catch (error) {
      this.say(error.message, true);
    }
  }

  async openTable(file) {
    if (file.size > 20e6)
      throw new Error(`${file.name} has ${number(file.size / 1e6)} MB; at most 20 MB are read here.`);
    const { points, words } = readCsv(await file.text(), file.name);
    this.form.set("preset", OWN);
    this.paint(false);
    await this.take(points, words);
  }

  async openModel(file) {
    if (file.size > MODEL_BYTES)
      throw new Error(`${file.name} has ${number(file.size / 1e6)} MB; at most ${MODEL_BYTES / 1e6} MB are opened in a browser.`);
    const { name } = await openModel(file);
    await this.refresh();
    this.say(`${name} is among the models above.`);
    location.hash = `#/flow/${encodeURIComponent(name)}`;
  }

  /* ---- training */

  toggle() {
    if (this.planes.training)
      this.stop();
    else
      this.train();
  }

  stop() {
    this.tasks.cancel("train");
  }

  get recipe() { return recipeOf(this.target, this.box, this.form.values); }

  async train() {
    if (!this.target.points.length) {
      this.say("There is nothing to learn yet: paint some points, or choose a density.");
      return;
    }
    this.forget();
    if (this.form.values.planes === EXACTLY)
      this.planes.putBeside(BOTH);
    this.planes.training = true;
    this.button.textContent = "Stop";
    await this.tasks.start("train", "Training", (task) => train(this.recipe, task, (line) => this.learn(line, task)));
    this.planes.training = false;
    if (this.closed)
      return;
    this.button.textContent = "Train";
    this.keep();
    if (this.lines.length)
      this.finish();
  }

  learn(line, task) {
    const last = this.lines.findLast((l) => l.kl !== null);
    this.lines.push(line);
    this.learned = true;
    this.saves[0].disabled = false;
    task.progress(line.step, line.steps, `Training: step ${count(line.step)} of ${count(line.steps)}, loss ${number(line.loss, 3)}`);
    this.planes.follow();
    this.report(line.kl === null ? last : line);
  }

  report(kl) {
    const of = (member, step = "step") => this.lines.filter((l) => l[member] !== null).map((l) => [l[step], l[member]]);
    const series = [{ name: "training loss", points: of("loss") }, { name: "held-out loss", points: of("held_out") }];
    const divergence = of("kl", "kl_step");
    if (!this.lines.length)
      return;
    this.curves.replaceChildren(chart(series.filter((s) => s.points.length), "Loss over training steps"),
      divergence.length > 1 ? chart([{ name: "KL to the exact density, nats", points: divergence }], "KL divergence over training steps") : "");
    if (kl)
      this.verdict.textContent = `KL divergence of the exact density from the learned one: ${number(kl.kl, 3)} ± ${number(kl.kl_standard_error, 1)} nats, over ${count(kl.points)} points.`;
  }

  finish() {
    this.planes.name(this.lines.at(-1)?.step);
    this.planes.renew();
    this.refresh().catch(() => {});
  }

  /* Files name no digest, since the models of this view are made anew whenever it is opened. */
  about() {
    const { model: { name }, form, target } = this;
    this.settled();
    return { model: { name, digest: "" }, form, name: FILES, more: form.values.preset === OWN ? textOfPoints(target) : {} };
  }

  async save() {
    download(await modelFile(LEARNED), `${LEARNED}.safetensors`);
  }

  saveRecipe() {
    const text = JSON.stringify(this.recipe, null, 1).replace(/\[\s+(-?[\d.e-]+),\s+(-?[\d.e-]+)\s+\]/g, "[$1, $2]");
    download(new Blob([text], { type: "application/json" }), `${LEARNED}.json`);
  }

  /* ---- settings and drawing */

  changed(name) {
    const { values } = this.form;
    this.tasks.cancel("film");
    if (name === "preset" && values.preset !== OWN) {
      this.paint(false);
      this.take(presetPoints(values.preset));
    } else if (name === "blur") {
      this.forget();
      this.target.blur = values.blur;
      this.remake();
    } else if (name === "planes") {
      if (values.planes === LEARNT)
        this.paint(false);
      this.planes.arrange();
    } else if (["method", "steps", "tolerance", "seed"].some((s) => s === name || `${s}2` === name)) {
      const [left, right] = this.planes.panes;
      this.planes.carryAnew(name.endsWith("2") ? [right] : name === "seed" || this.form.values.planes === BOTH ? [left, right] : [left]);
    } else {
      this.planes.fill();
      this.planes.redraw(true);
    }
  }

  settled() {
    this.form.set("t", Number(this.player.t.toFixed(3)));
  }

  draw(t) {
    this.player.reach = this.planes.reach(t);
    this.planes.draw(t, this.brush.on && t === 1 ? (context) => this.drawPainted(context) : null, this.brush.down);
    this.downloads.drawn(t);
  }

  drawPainted(context) {
    const { plane } = this.planes, { ax, bx, ay, by } = plane.scale, size = 2.4 * plane.ratio;
    context.fillStyle = getComputedStyle(plane.over).color;
    context.globalAlpha = 0.7;
    for (const [x, y] of this.target.points)
      context.fillRect(x * ax + bx - size / 2, y * ay + by - size / 2, size, size);
    context.globalAlpha = 1;
  }

  close() {
    this.closed = true;
    this.keep();
    themeEvents.removeEventListener("theme", this.themed);
    this.root.ondrop = this.root.ondragover = null;
    this.recording.end();
    for (const part of [this.player, this.tasks, this.planes])
      part.close();
  }
}

export const makeView = {
  name: "make",
  title: "Make",
  suits: (model) => model.name === EXACT || model.name === LEARNED,
  open: (root, context) => new MakeView(root, context),
  carry: async (file) => { carried = await carriedIn(file); },
};
