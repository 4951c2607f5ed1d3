/* A point of any dimension, typed or pasted or taken from samples, and what the model says of it. */
import { askJson, modelPath } from "./api.js";
import { el } from "./dom.js";
import { askPoint, factsOf } from "./point-facts.js";
import { fixed, numbersIn } from "./text.js";

export class PointForm {
  /* point: [numbers..., t] or null; now(): the time that is looked at; condition() of the model; changed(point)
   * whenever it is another. */
  constructor(model, tasks, { point, now, condition, changed }) {
    Object.assign(this, { model, tasks, now, condition, changed });
    const names = model.columns?.join(", ");
    this.input = el("input", { id: "point", type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": "point-why",
      onchange: () => this.read() });
    this.why = el("p", { class: "refusal", id: "point-why", role: "alert", hidden: true });
    this.facts = el("dl", { class: "facts", "aria-live": "polite" });
    this.element = el("section", { class: "ask" }, el("h2", {}, "Ask about a point"),
      el("div", { class: "control" }, el("label", { for: "point" }, `${model.dim} number${model.dim > 1 ? "s" : ""}${names ? `: ${names}` : ""}`), this.input, this.why),
      el("div", { class: "row" }, el("button", { type: "button", class: "small", onclick: () => this.borrow() }, "Use a sample"),
        this.drop = el("button", { type: "button", class: "small", hidden: true, onclick: () => this.take(null) }, "Remove")),
      this.facts);
    this.show(point);
  }

  /* Numbers at the time that is looked at. */
  read() {
    const { dim } = this.model, numbers = numbersIn(this.input.value);
    const good = numbers.length === dim && numbers.every(Number.isFinite);
    this.refuse(good || !numbers.length ? null : `The point must be ${dim} number${dim > 1 ? "s" : ""}.`);
    if (good)
      this.take([...numbers, Number(this.now().toFixed(3))]);
    else if (!numbers.length)
      this.take(null);
  }

  refuse(words) {
    this.why.textContent = words ?? "";
    this.why.hidden = !words;
    this.input.setAttribute("aria-invalid", Boolean(words));
  }

  async borrow() {
    const answer = await this.tasks.start("point", "Drawing a sample", ({ signal }) =>
      askJson(modelPath(this.model, "samples"), { signal, body: { n: 1, ...this.condition() } }));
    if (answer)
      this.take([...answer.samples[0].map((v) => Number(v.toPrecision(6))), 1]);
  }

  take(point) {
    this.changed(point);
    this.show(point);
    this.ask();
  }

  show(point) {
    this.point = point;
    this.input.value = point?.slice(0, -1).join(", ") ?? "";
    this.drop.hidden = !point;
    this.forget();
    this.refuse(null);
  }

  /* What was said is no longer so. */
  forget() {
    this.facts.replaceChildren();
  }

  async ask() {
    const { model, point } = this;
    this.tasks.cancel("point");
    if (!point)
      return;
    const t = point.at(-1);
    const found = await this.tasks.start("point", "Asking about the point", ({ signal }) =>
      askPoint(model, this.condition(), point.slice(0, -1), t, { signal }));
    if (found && point === this.point)
      this.facts.replaceChildren(...[["time", `t = ${fixed(t, 2)}`], ...factsOf(found)]
        .flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]));
  }
}
