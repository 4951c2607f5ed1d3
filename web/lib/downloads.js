/* What is downloaded of a view with a clock: a picture of the time that is seen, and all times from t = 0 to 1,
 * as an animated PNG or as a film. One at a time; the view cancels the task "film" when a setting changes, since
 * a file says what it was begun with. */
import { el } from "./dom.js";
import { later } from "./later.js";
import { compose, films, pngOf, takeAway } from "./picture.js";
import { canRecord, Recorder } from "./recorder.js";
import { fixed } from "./text.js";

const LINGER_MS = 400; /* at the end of a film */
const FRAMES = 49, WIDEST = 960, HIGHEST = 600, REST_MS = 1000; /* of an animated PNG: pixels; the last frame */
const POLL_MS = 100;

export class Downloads {
  /* view: {player, tasks, tiles(), ratio(), isWhole(), about()}: the tiles of a picture, and device pixels per
   * CSS pixel (picture.js); whether all that is shown is there at every time; what files are of and how their
   * names begin, {model, form, name, more}, for which the view notes in its address what is seen. */
  constructor(view) {
    Object.assign(this, { view, recorder: null, watcher: null, claimed: false });
    const button = (label, title, work) => el("button", { type: "button", title, onclick: work }, label);
    this.picture = button("Picture as PNG", "the picture knows its settings: drop it on this page to open it again", () => this.savePicture());
    this.animations = [
      ...globalThis.CompressionStream ? [button("Animation as PNG", "goes from t = 0 to 1, frame by frame; pages show it as any picture", () => this.saveAnimation())] : [],
      ...canRecord ? [button("Animation as WebM", "plays from t = 0 to 1 and records it", () => this.saveFilm())] : []];
    this.claimants = [...this.animations]; /* buttons that begin one */
  }

  get buttons() { return [this.picture, ...this.animations]; }

  /* The view's, after each drawing. */
  drawn(t) {
    this.recorder?.drawn(t >= 1);
    this.watcher?.(t);
  }

  paint(canvas) {
    const { player, tiles, ratio } = this.view;
    return compose(tiles(), { ratio: ratio(), canvas, note: `t = ${fixed(player.t, 2)}` });
  }

  /* What a file is of that shows what is seen now. */
  about() {
    const about = this.view.about();
    return { ...about, form: { values: { ...about.form.values } }, hash: location.hash };
  }

  savePicture() {
    const about = this.about(), canvas = this.paint(), name = `${about.name}-t-${fixed(this.view.player.t, 2)}.png`;
    return this.view.tasks.start("picture", "Saving the picture", async () => takeAway(await pngOf(canvas), { ...about, name }));
  }

  /* ---- films */

  saveFilm() {
    return this.take("Recording the animation", ".webm", async (task) => {
      await films();
      task.signal.throwIfAborted();
      return this.play(task);
    });
  }

  saveAnimation() {
    return this.take("Drawing the animation", "-animated.png", (task) => this.drawFrames(task));
  }

  /* A file of all times, once all that is shown is there: work(task) makes it, and it is named by its ending. */
  async take(words, ending, work) {
    if (this.claimed)
      return;
    await this.view.tasks.start("film", words, async (task) => {
      const about = this.about();
      this.claim();
      try {
        await this.wholeFlow(task.signal);
        const blob = await work(task);
        task.signal.throwIfAborted();
        await takeAway(blob, { ...about, name: `${about.name}${ending}` });
      } finally {
        this.release();
      }
    });
  }

  /* Whoever makes an animation claims the view first, and releases it at the end. */
  claim() {
    if (this.claimed)
      throw new Error("another animation is under way.");
    this.offer(false);
  }

  release() { this.offer(true); }

  /* Buttons that are off keep the focus. */
  offer(on) {
    this.claimed = !on;
    for (const button of this.claimants)
      button.setAttribute("aria-disabled", !on);
  }

  /* Records from now on what is drawn, until `end`. */
  begin() {
    this.recorder = new Recorder((canvas) => this.paint(canvas));
  }

  /* The film. */
  async end() {
    const { recorder } = this;
    this.recorder = null;
    const film = await recorder.end();
    if (!film.size)
      throw new Error("the browser recorded nothing in that time.");
    return film;
  }

  async wholeFlow(signal) {
    const { tasks, isWhole } = this.view;
    while (!isWhole()) {
      if (tasks.running.size === 1) /* this one alone */
        throw new Error("something that is shown could not be computed; see the message above, or hide that layer.");
      await new Promise((done) => setTimeout(done, POLL_MS));
      signal.throwIfAborted();
    }
  }

  /* Calls each(t) after every drawing, until it says true. */
  watch(signal, each) {
    return new Promise((done, fail) => {
      signal.addEventListener("abort", () => fail(signal.reason));
      this.watcher = (t) => each(t) && done();
    });
  }

  /* Plays from 0 to 1; half a film, since somebody paused, is none. */
  async play({ signal, progress }) {
    const { player } = this.view;
    let film = null, whole = false;
    player.pause(false);
    player.seek(0);
    try {
      await this.watch(signal, () => true);
      this.begin();
      const played = this.watch(signal, (t) => {
        progress(t, 1);
        whole ||= t >= 1 && player.playing;
        return whole || !player.playing;
      });
      player.play();
      await played;
      if (!whole)
        throw new Error("it was paused before t = 1.");
      await new Promise((done) => setTimeout(done, LINGER_MS));
    } finally {
      this.watcher = null;
      player.pause();
      film = this.end();
      film.catch(() => {}); /* of a film that nobody waits for any more */
    }
    return film;
  }

  /* The view as drawn at t, whoever touches its clock meanwhile. */
  async goTo(t, signal) {
    const { player } = this.view;
    do {
      player.pause(false);
      player.seek(t);
      await this.watch(signal, () => true);
    } while (player.t !== t);
  }

  /* Goes through all times and back to where it was. */
  async drawFrames({ signal, progress }) {
    const { AnimatedPng } = await later(() => import("./animated-png.js")), { player } = this.view, { t } = player, canvas = el("canvas");
    let animation = null;
    try {
      for (let k = 0; k < FRAMES; k++) {
        signal.throwIfAborted();
        await this.goTo(k / (FRAMES - 1), signal);
        this.paint(canvas);
        const scale = Math.min(1 / this.view.ratio(), WIDEST / canvas.width, HIGHEST / canvas.height);
        animation ??= new AnimatedPng(Math.round(scale * canvas.width), Math.round(scale * canvas.height));
        animation.add(canvas, k < FRAMES - 1 ? player.runMs / (FRAMES - 1) : REST_MS);
        progress(k + 1, FRAMES);
      }
    } finally {
      this.watcher = null;
      player.seek(t);
    }
    return animation.end();
  }
}
