/* What people take away of both planes, and how it comes back: pictures, which hold the points that were
 * painted, and films of the flow, or of a training. */
import { download, el } from "../lib/dom.js";
import { compose, pngOf, takeAway } from "../lib/picture.js";
import { textOf } from "../lib/png-text.js";
import { canRecord, Recorder } from "../lib/recorder.js";
import { fixed } from "../lib/text.js";
import { MOST_POINTS } from "./target.js";

const POINTS = "Advect-Points", LONGEST_S = 120; /* of a film */

const tiles = (panes) => panes.map(({ title, plane, words }) => ({ layers: [plane.under, plane.over], title: `${title} ${words.textContent}` }));

/* points: those that the address does not name; or null. */
export async function savePicture(panes, { model, form, t, points }) {
  const canvas = compose(tiles(panes), { ratio: panes[0].plane.ratio, note: `t = ${fixed(t, 2)}` });
  const rounded = points?.map((p) => p.map((c) => Number(c.toPrecision(5))));
  await takeAway(await pngOf(canvas), { model, form, name: `advect-playground-t-${fixed(t, 2)}.png`,
    more: rounded ? { [POINTS]: JSON.stringify(rounded) } : {} });
}

/* The points that a picture holds; null where it is none of these. It may be anybody's. */
export async function pointsIn(file) {
  try {
    const points = JSON.parse(await textOf(file, POINTS));
    const good = Array.isArray(points) && points.length <= MOST_POINTS &&
      points.every((p) => Array.isArray(p) && p.length === 2 && p.every((c) => Number.isFinite(c) && Math.abs(c) < 1e6));
    return good && points.length ? points : null;
  } catch {
    return null;
  }
}

/* Records both planes from a first press of its button to a second, or as long as a film may be. */
export class Film {
  constructor(panes) {
    this.panes = panes;
    this.canvas = el("canvas");
    this.button = canRecord ? el("button", { type: "button", "aria-pressed": "false", title: "records both planes until it is pressed again",
      onclick: () => (this.recorder ? this.end() : this.begin()) }, "Record a film") : null;
  }

  begin() {
    this.paint(0);
    this.recorder = new Recorder(this.canvas);
    this.timer = setTimeout(() => this.end(), LONGEST_S * 1000);
    this.show("Stop and save the film", true);
  }

  show(words, on) {
    this.button.textContent = words;
    this.button.setAttribute("aria-pressed", on);
  }

  paint(t) {
    compose(tiles(this.panes), { ratio: this.panes[0].plane.ratio, canvas: this.canvas, note: `t = ${fixed(t, 2)}` });
  }

  /* After each drawing of the planes. */
  drawn(t) {
    if (!this.recorder?.due)
      return;
    this.paint(t);
    this.recorder.frame();
  }

  async end() {
    const { recorder } = this;
    clearTimeout(this.timer);
    this.recorder = null;
    if (!recorder)
      return;
    this.show("Record a film", false);
    download(await recorder.end(), "advect-playground.webm");
  }
}
