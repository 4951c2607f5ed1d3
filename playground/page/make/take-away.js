/* What people take away of both planes, and how it comes back: pictures, which hold the points that were
 * painted, and films of the flow, or of a training. */
import { download, el } from "../lib/dom.js";
import { compose, pngOf, takeAway } from "../lib/picture.js";
import { textOf } from "../lib/png-text.js";
import { canRecord, Recorder } from "../lib/recorder.js";
import { fixed } from "../lib/text.js";
import { MOST_POINTS, rounded } from "./target.js";

const POINTS = "Advect-Points", LONGEST_S = 120; /* of a film */

const tiles = (panes) => panes.map(({ title, plane, words }) => ({ layers: [plane.under, plane.over], title: `${title} ${words.textContent}` }));

/* points: those that the address does not name, and their units; or null. The picture names no digest, since
 * the models of this view are made anew whenever it is opened. */
export async function savePicture(panes, { model: { name }, form, t, points, units }) {
  const canvas = compose(tiles(panes), { ratio: panes[0].plane.ratio, note: `t = ${fixed(t, 2)}` });
  await takeAway(await pngOf(canvas), { model: { name, digest: "" }, form, name: `advect-playground-t-${fixed(t, 2)}.png`,
    more: points ? { [POINTS]: JSON.stringify(points.map((p) => p.map((c) => rounded(c, units.scale)))) } : {} });
}

/* The points that a picture holds; null where it is none of these. It may be anybody's. */
async function pointsIn(file) {
  try {
    const points = JSON.parse(await textOf(file, POINTS));
    const good = Array.isArray(points) && points.length <= MOST_POINTS &&
      points.every((p) => Array.isArray(p) && p.length === 2 && p.every((c) => Number.isFinite(c)));
    return good && points.length ? points : null;
  } catch {
    return null;
  }
}

/* {points} of a picture of this view, null for those that its address names; null of other files. */
export async function carriedIn(file) {
  const points = await pointsIn(file), link = await textOf(file, "Advect-Link");
  return link?.startsWith("#/make/") ? { points } : null;
}

/* Records both planes from a first press of its button to a second, or as long as a film may be. */
export class Film {
  /* now(): the time t that the planes show. */
  constructor(panes, now) {
    Object.assign(this, { panes, now });
    this.canvas = el("canvas");
    this.button = canRecord ? el("button", { type: "button", "aria-pressed": "false", title: "records both planes until it is pressed again",
      onclick: () => (this.recorder ? this.end() : this.begin()) }, "Record a film") : null;
  }

  begin() {
    this.paint(this.now());
    this.recorder = new Recorder(this.canvas);
    this.paint(this.now());
    this.recorder.frame(); /* of a still scene it is the only one */
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
