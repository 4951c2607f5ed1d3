/* Flow matching in five steps, for readers without the mathematics: text beside a live plane. */
import { askJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { Downloads } from "../lib/downloads.js";
import { Form } from "../lib/form.js";
import { Player } from "../lib/player.js";
import { Tasks } from "../lib/tasks.js";
import { events as themeEvents } from "../lib/theme.js";
import { ExactDensity } from "../make/exact-density.js";
import { presetPoints } from "../make/presets.js";
import { NAMES } from "../make/settings.js";
import { boxOf } from "../make/target.js";
import { EXACT, makeExact } from "../make/training.js";
import { FlowPane } from "../plane/flow-pane.js";
import { ModelLayers } from "../plane/model-layers.js";

const STAGE = "story", UNITS = { shift: [0, 0], scale: 1 };
const N = 1000, SEED = 1, SOLVER = { method: "midpoint", steps: 30 };
const STEPS = [
  { title: "One point", points: [[1.6, 1.2]], blur: 0.05, show: ["points", "field"],
    text: ["Say we want to make one thing only: the point up on the right. We start from noise, a cloud of random points around the middle, and let every point walk straight to the goal while the clock runs from t = 0 to t = 1.",
      "The arrows say in which direction, and how fast, a point at that place has to walk now. Such a field of arrows is easy to write down for one goal."] },
  { title: "Their average", points: presetPoints("eight Gaussians").slice(0, 80), blur: 0.12, show: ["points", "field"],
    text: ["Now there are many goals. At every place we take the average of the arrows of all goals, each weighed by how likely it is that a point here is on its way there.",
      "Nobody walks straight any more, yet the crowd as a whole still arrives: at t = 1 the points lie as the goals do. That average is what a network learns, by being shown single walks. This is flow matching."] },
  { title: "Space deforms", points: presetPoints("two moons"), blur: 0.12, show: ["points", "grid"],
    text: ["The arrows move not only points but all of space. Watch the sheet of squared paper: it is stretched, folded and pressed together, but never torn, and no two points ever meet.",
      "So the walk can be gone backwards too: every point at t = 1 has one place where it came from."] },
  { title: "How likely is it?", points: presetPoints("two moons"), blur: 0.12, show: ["density", "grid"],
    text: ["Where the paper is pressed together the points become dense; where it is stretched they become rare. How much the arrows spread out at a place, their divergence, says by how much.",
      "Adding it up along the way gives the probability density of any point, exactly. The colour shows it. Few methods that make pictures can tell it."] },
  { title: "Digits from noise", points: presetPoints("a face"), blur: 0.08, show: ["points", "density"], link: ["#/generate/mnist-mlp", "Watch digits form from noise"],
    text: ["An image of 28 × 28 pixels is a point too, only of 784 numbers instead of two. Nothing else changes: noise at t = 0, arrows that a network has learned from 60,000 digits, an image at t = 1.",
      "The plane shows what the whole story is about once more: a cloud that becomes something. Make one of your own, or see the digits."] },
];

class StoryView {
  constructor(root, { params, remember }) {
    this.form = new Form([{ name: "step", kind: "int", min: 1, max: STEPS.length, fallback: 1 },
      { name: "t", kind: "real", min: 0, max: 1, fallback: 0 }], params, { remember, changed: () => {} });
    this.tasks = new Tasks();
    this.player = new Player({ t: 0, speed: 1, draw: (t) => this.draw(t), settled: () => this.settled(), speedChanged: () => {} });
    this.flow = new ModelLayers({ name: STAGE }, this.tasks, { densityOf: (box) => new ExactDensity(box, this.target) });
    this.pane = new FlowPane(this.flow, this.tasks, { label: "The plane of the story.", names: NAMES, redraw: () => this.redraw() });
    this.pane.plane.box = boxOf(UNITS);
    this.downloads = new Downloads({ player: this.player, tasks: this.tasks, tiles: () => [this.pane.tile], ratio: () => this.pane.plane.ratio,
      isWhole: () => !this.tasks.running.has("exact") && this.pane.isWhole(this.shown), about: () => this.about() });
    this.text = el("div", { "aria-live": "polite" });
    this.chips = STEPS.map((step, i) => el("button", { type: "button", class: "chip", onclick: () => this.show(i + 1) }, `${i + 1} ${step.title}`));
    root.append(el("div", { class: "stage" },
      el("div", { class: "scene" }, this.pane.element, this.player.element, this.tasks.element),
      el("div", { class: "panel" }, el("div", { class: "chip-row" }, this.chips), this.text, el("div", { class: "row" }, this.downloads.buttons))));
    this.themed = () => this.redraw(true);
    themeEvents.addEventListener("theme", this.themed);
    this.show(this.form.values.step, this.form.values.t);
  }

  next(number) {
    const step = STEPS[number - 1];
    return el("div", { class: "row" },
      step.link ? el("a", { href: step.link[0] }, step.link[1]) : null,
      number < STEPS.length ? el("button", { type: "button", class: "primary", onclick: () => this.show(number + 1) }, "Next")
        : el("a", { href: `#/make/${EXACT}` }, "Make a density of your own"));
  }

  /* t: where the clock stands; from the start it begins by itself. */
  async show(number, t = 0) {
    const { title, text, points, blur, show } = this.step = STEPS[number - 1];
    this.form.set("step", number);
    this.chips.forEach((chip, i) => chip.setAttribute("aria-pressed", i + 1 === number));
    this.text.replaceChildren(el("h2", {}, title), ...text.map((words) => el("p", {}, words)), this.next(number));
    this.target = { points, blur, units: UNITS };
    this.shown = Object.fromEntries(Object.keys(NAMES).map((name) => [name, show.includes(name)]));
    this.tasks.cancel("film");
    this.flow.empty();
    this.pane.empty();
    this.player.pause(false);
    this.player.seek(t);
    this.settled();
    const made = await this.tasks.start("exact", "Making the flow", (task) => makeExact(this.target, boxOf(UNITS), task, STAGE));
    if (!made || this.step.title !== title)
      return;
    this.load();
    if (!t && !matchMedia("(prefers-reduced-motion: reduce)").matches)
      this.player.play();
  }

  load() {
    const common = { seed: SEED, solver: SOLVER, now: () => this.player.t, arrived: () => this.redraw(true), redraw: () => this.redraw(true) };
    this.flow.begin({});
    this.pane.begin(N);
    this.pane.look();
    this.flow.fill(this.shown, common);
    this.pane.fill(this.shown, common);
  }

  /* over: the density too. */
  redraw(over = false) {
    this.pane.stale ||= over;
    this.player.redraw();
  }

  /* The clock waits for what is on its way. */
  draw(t) {
    this.player.reach = this.pane.reach(t, this.shown);
    this.pane.draw(t, this.shown);
    this.downloads.drawn(t);
  }

  settled() {
    this.form.set("t", Number(this.player.t.toFixed(3)));
  }

  /* The model is made anew whenever a step is opened, so that its digest means nothing. */
  about() {
    const { form } = this;
    this.settled();
    return { model: { name: EXACT, digest: "" }, form, name: `advect-story-${form.values.step}` };
  }

  close() {
    themeEvents.removeEventListener("theme", this.themed);
    for (const part of [this.player, this.tasks, this.pane])
      part.close();
    askJson(`playground/models/${STAGE}`, { method: "DELETE", silent: true }).catch(() => {});
  }
}

export const storyView = {
  name: "story",
  title: "Story",
  suits: (model) => model.name === EXACT,
  open: (root, context) => new StoryView(root, context),
};
