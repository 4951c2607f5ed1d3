/* A button that records what a view draws from a first press to a second, a training too, or as long as a
 * film may be. */
import { el } from "../lib/dom.js";
import { films, takeAway } from "../lib/picture.js";
import { canRecord } from "../lib/recorder.js";

const LONGEST_S = 120;

export class Recording {
  constructor(downloads) {
    Object.assign(this, { downloads, on: false });
    this.button = canRecord ? el("button", { type: "button", title: `records both planes until it is pressed again, up to ${LONGEST_S} s`,
      onclick: () => (this.on ? this.end() : this.begin()) }, "Record a film") : null;
    if (this.button)
      downloads.claimants.push(this.button);
  }

  begin() {
    if (this.downloads.claimed)
      return;
    films().catch(() => {}); /* to have them at the end, where a failure is told */
    this.about = this.downloads.about();
    this.downloads.begin();
    this.downloads.claim();
    this.timer = setTimeout(() => this.end(), LONGEST_S * 1000);
    this.show("Stop and save the film", true);
    this.button.setAttribute("aria-disabled", false); /* which ends it */
  }

  show(words, on) {
    this.on = on;
    this.button.textContent = words;
  }

  end() {
    if (!this.on)
      return;
    clearTimeout(this.timer);
    this.show("Record a film", false);
    const { about, downloads } = this, film = downloads.end();
    downloads.release();
    downloads.view.tasks.start("recording", "Saving the film", async () => takeAway(await film, { ...about, name: `${about.name}.webm` }));
  }
}
