/* A time slider with play, pause and speed. Time runs from 0 to 1 and waits for what has not arrived
 * yet: `reach`. */
import { el } from "./dom.js";
import { fixed } from "./text.js";

const RUN_S = 6; /* from 0 to 1 at speed 1 */
const SHOW_MS = 50; /* the slider follows not quite every frame: laying out costs more than drawing */
const REST_MS = 900; /* at the end, before it begins again */
const SPEEDS = [0.25, 0.5, 1, 2, 4];

export class Player {
  /* draw(t) whenever t changes, at most once a frame; settled(t) when it came to rest. */
  constructor({ t, speed, draw, settled, speedChanged }) {
    Object.assign(this, { t, speed, draw, settled, reach: 1, playing: false, looping: false, raf: 0, shown: 0 });
    this.button = el("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.slider = el("input", { type: "range", min: 0, max: 1, step: 0.001, value: t,
      "aria-label": "Time t, from noise at 0 to data at 1", oninput: () => this.dragged(),
      onchange: () => this.settled(this.t) });
    this.reading = el("output", { class: "time" });
    const speeds = el("select", { "aria-label": "Playback speed", title: "playback speed", class: "speed",
      onchange: () => { this.speed = Number(speeds.value); speedChanged(this.speed); } },
      SPEEDS.map((s) => el("option", { value: s }, `${s}×`)));
    speeds.value = speed;
    this.loop = el("button", { type: "button", class: "round loop", title: "play again and again", "aria-label": "Loop",
      "aria-pressed": "false", onclick: () => this.setLooping(!this.looping) }, "↻");
    this.element = el("div", { class: "player" }, this.button, this.slider, this.reading, this.loop, speeds);
    this.show();
  }

  static speeds = SPEEDS;

  /* From 0 to 1. */
  get runMs() { return 1000 * RUN_S / this.speed; }

  show() {
    this.button.textContent = this.playing ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.reading.textContent = `t = ${fixed(this.t, 2)}`;
    this.slider.value = this.t;
    this.slider.setAttribute("aria-valuetext", `t = ${fixed(this.t, 2)}`);
  }

  /* At the end from the start again; from the end on, at once. */
  setLooping(on) {
    this.looping = on;
    this.loop.setAttribute("aria-pressed", on);
    if (on && !this.playing)
      this.play();
  }

  dragged() {
    this.t = this.slider.valueAsNumber;
    this.pause(false);
    this.show();
    this.redraw();
  }

  /* Draws once, at the next frame. */
  redraw() {
    if (!this.raf)
      this.raf = requestAnimationFrame((now) => this.frame(now));
  }

  frame(now) {
    this.raf = 0;
    if (this.playing) {
      const step = this.before ? Math.min(now - this.before, 100) / 1000 : 0;
      this.before = now;
      this.t = Math.max(this.t, Math.min(this.t + step * this.speed / RUN_S, this.reach));
      if (now - this.shown >= SHOW_MS) {
        this.show();
        this.shown = now;
      }
    }
    this.draw(this.t);
    if (this.playing && this.t >= 1)
      this.ended(now);
    if (this.playing)
      this.redraw();
  }

  ended(now) {
    this.atEnd ??= now;
    if (!this.looping)
      this.pause();
    else if (now - this.atEnd >= REST_MS)
      this.play();
  }

  play() {
    if (this.t >= 1)
      this.t = 0;
    this.playing = true;
    this.atEnd = null;
    this.before = 0;
    this.show();
    this.redraw();
  }

  pause(tell = true) {
    const was = this.playing;
    this.playing = false;
    this.show();
    if (was && tell)
      this.settled(this.t);
  }

  toggle() {
    if (this.playing)
      this.pause();
    else
      this.play();
  }

  seek(t) {
    this.t = t;
    this.show();
    this.redraw();
  }

  close() {
    this.playing = false;
    cancelAnimationFrame(this.raf);
  }
}
