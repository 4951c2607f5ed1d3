/* What is downloaded of a view with a clock: a picture of the time that is seen, and all times from t = 0 to 1,
 * as an animated PNG or as a film. One at a time. */
import { el } from "./dom.js";
import { compose, pngOf, takeAway } from "./picture.js";
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
    Object.assign(this, { view, recorder: null, watcher: null });
    const button = (label, title, work) => el("button", { type: "button", title, onclick: work }, label);
    this.picture = button("Picture as PNG", "the picture knows its settings: drop it on this page to open it again", () => this.savePicture());
    this.animations = [
      ...globalThis.CompressionStream ? [button("Animation as PNG", "goes from t = 0 to 1, frame by frame; pages show it as any picture", () => this.saveAnimation())] : [],
      ...canRecord ? [button("Animation as WebM", "plays from t = 0 to 1 and records it", () => this.saveFilm())] : []];
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

  async savePicture() {
    const about = this.about();
    await takeAway(await pngOf(this.paint()), { ...about, name: `${about.name}-t-${fixed(this.view.player.t, 2)}.png` });
  }

  /* ---- films */

  saveFilm() {
    return this.take("Recording the animation", ".webm", (task) => this.play(task));
  }

  saveAnimation() {
    return this.take("Drawing the animation", "-animated.png", (task) => this.drawFrames(task));
  }

  /* A file of all times, once all that is shown is there: work(task) makes it, and it is named by its ending. */
  take(words, ending, work) {
    return this.view.tasks.start("film", words, async (task) => {
      const about = this.about();
      this.offer(false);
      try {
        await this.wholeFlow(task.signal);
        const blob = await work(task);
        task.signal.throwIfAborted();
        await takeAway(blob, { ...about, name: `${about.name}${ending}` });
      } finally {
        this.offer(true);
      }
    });
  }

  /* Records from now on what is drawn, until `end`. */
  begin() {
    this.recorder = new Recorder((canvas) => this.paint(canvas));
    this.offer(false);
  }

  /* The film; null where none is recorded. */
  async end() {
    const { recorder } = this;
    this.recorder = null;
    this.offer(true);
    return recorder && recorder.end();
  }

  offer(on) {
    for (const button of this.animations)
      button.disabled = !on;
  }

  async wholeFlow(signal) {
    const { tasks, isWhole } = this.view;
    while (!isWhole()) {
      if (tasks.running.size === 1) /* this one alone */
        throw new Error("not all that is to be shown has been computed.");
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

  /* Plays from 0 to 1, or until somebody pauses. */
  async play({ signal, progress }) {
    const { player } = this.view;
    let film = null;
    player.pause(false);
    player.seek(0);
    try {
      await this.watch(signal, () => true);
      this.begin();
      const played = this.watch(signal, (t) => {
        progress(t, 1);
        return t >= 1 || !player.playing;
      });
      player.play();
      await played;
      await new Promise((done) => setTimeout(done, LINGER_MS));
    } finally {
      this.watcher = null;
      player.pause();
      film = this.end();
      film.catch(() => {}); /* of a film that nobody waits for any more */
    }
    return film;
  }

  /* Goes through all times and back to where it was. */
  async drawFrames({ signal, progress }) {
    const { AnimatedPng } = await import("./animated-png.js"), { player } = this.view, { t } = player, canvas = el("canvas");
    let animation = null;
    player.pause(false);
    try {
      for (let k = 0; k < FRAMES; k++) {
        signal.throwIfAborted();
        const drawn = this.watch(signal, () => true);
        player.seek(k / (FRAMES - 1));
        await drawn;
        this.paint(canvas);
        const scale = Math.min(1 / this.view.ratio(), WIDEST / canvas.width, HIGHEST / canvas.height);
        animation ??= new AnimatedPng(Math.round(scale * canvas.width), Math.round(scale * canvas.height));
        animation.add(canvas, k < FRAMES - 1 ? player.runMs / FRAMES : REST_MS);
        progress(k + 1, FRAMES);
      }
    } finally {
      this.watcher = null;
      player.seek(t);
    }
    return animation.end();
  }
}
