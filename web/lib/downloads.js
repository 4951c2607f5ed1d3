/* What is downloaded of a view with a clock: a picture of the time that is seen, and a film from t = 0 to 1.
 * One at a time. */
import { download, el } from "./dom.js";
import { compose, pngOf, takeAway } from "./picture.js";
import { canRecord, Recorder } from "./recorder.js";
import { fixed } from "./text.js";

const LINGER_MS = 400; /* at the end of a film */
const POLL_MS = 100;

export class Downloads {
  /* view: {player, tasks, tiles(), ratio(), isWhole(), about()}: the tiles of a picture, and device pixels per
   * CSS pixel (picture.js); whether all that is shown is there at every time; what files are of and how their
   * names begin, {model, form, name, more}, for which the view notes in its address what is seen. */
  constructor(view) {
    Object.assign(this, { view, recorder: null, watcher: null });
    const button = (label, title, work) => el("button", { type: "button", title, onclick: work }, label);
    this.picture = button("Picture as PNG", "the picture knows its settings: drop it on this page to open it again", () => this.savePicture());
    this.animations = canRecord ? [button("Animation as WebM", "plays from t = 0 to 1 and records it", () => this.saveFilm())] : [];
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

  async savePicture() {
    const about = this.view.about();
    await takeAway(await pngOf(this.paint()), { ...about, name: `${about.name}-t-${fixed(this.view.player.t, 2)}.png` });
  }

  /* ---- films */

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

  /* Plays from 0 to 1, or until somebody pauses, once all that is shown is there. */
  saveFilm() {
    const { tasks } = this.view;
    return tasks.start("film", "Recording the animation", async (task) => {
      this.offer(false);
      try {
        await this.wholeFlow(task.signal);
        const film = await this.play(task);
        task.signal.throwIfAborted();
        download(film, `${this.view.about().name}.webm`);
      } finally {
        this.offer(true);
      }
    });
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
}
