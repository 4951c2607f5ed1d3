/* A button that records what a view draws from a first press to a second, a training too, or as long as a
 * film may be. */
import { el } from "../lib/dom.js";
import { takeAway } from "../lib/picture.js";
import { canRecord } from "../lib/recorder.js";

const LONGEST_S = 120;

export class Recording {
  constructor(downloads) {
    Object.assign(this, { downloads, on: false });
    this.button = canRecord ? el("button", { type: "button", "aria-pressed": "false", title: "records both planes until it is pressed again",
      onclick: () => (this.on ? this.end() : this.begin()) }, "Record a film") : null;
  }

  begin() {
    this.about = this.downloads.about();
    this.downloads.begin();
    this.timer = setTimeout(() => this.end(), LONGEST_S * 1000);
    this.show("Stop and save the film", true);
  }

  show(words, on) {
    this.on = on;
    this.button.textContent = words;
    this.button.setAttribute("aria-pressed", on);
  }

  async end() {
    if (!this.on)
      return;
    clearTimeout(this.timer);
    this.show("Record a film", false);
    await takeAway(await this.downloads.end(), { ...this.about, name: `${this.about.name}.webm` });
  }
}
