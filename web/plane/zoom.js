/* Looking closer at a plane: wheel, pinch and buttons change the scale, dragging moves what is shown; a
 * press that does not move is a click. */
import { el } from "../lib/dom.js";

const STILL = 5; /* CSS pixels that a click may move */
const CLOSEST = 1e-3, WIDEST = 4; /* half widths, of the plane's own */
const ROUNDING = 1e-5; /* of a half width that a link has in six digits */
const BUTTON = 1.5, WHEEL = 0.0015; /* factor of a press; of a wheel's pixel, its logarithm */
const REST_MS = 350;

export class Zoom {
  /* clicked([x, y]); moved() with every change, rested() a while after the last. */
  constructor(plane, { clicked, moved, rested }) {
    Object.assign(this, { plane, clicked, moved, rested, home: plane.box, fingers: new Map() });
    const { over } = plane, on = (name, work) => over.addEventListener(name, work, { passive: false });
    on("wheel", (event) => { event.preventDefault(); this.by(Math.exp(event.deltaY * WHEEL), plane.pointAt(event)); });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.drag(event));
    on("pointerup", (event) => this.up(event, true));
    on("pointercancel", (event) => this.up(event, false));
    const button = (label, words, work) => el("button", { type: "button", class: "small", title: words, "aria-label": words, onclick: work }, label);
    this.back = button("⟲", "Show the whole plane", () => this.reset());
    this.element = el("div", { class: "zoom" }, button("+", "Zoom in", () => this.by(1 / BUTTON)),
      button("−", "Zoom out", () => this.by(BUTTON)), this.back);
    this.tell();
  }

  /* What is shown without zoom; and a part of it, [x, y, half its width], or null. False if the part is
   * none that zooming leads to, and the whole is shown. */
  begin(home, part) {
    this.home = home;
    const good = !part || this.canShow(part);
    this.plane.box = part && good ? this.around(part) : home;
    this.tell();
    return good;
  }

  /* {min, max} */
  get halfWidths() {
    const full = (this.home[0][1] - this.home[0][0]) / 2;
    return { min: CLOSEST * full, max: WIDEST * full };
  }

  /* Far enough out, a width is lost in the rounding of the coordinates. */
  canShow(part) {
    const { min, max } = this.halfWidths, half = part[2];
    return half >= min * (1 - ROUNDING) && half <= max * (1 + ROUNDING) &&
      this.around(part).every(([lo, hi]) => hi - lo > half);
  }

  around([x, y, half]) { return [[x - half, x + half], [y - half, y + half]]; }

  get part() {
    const [[x0, x1], [y0, y1]] = this.plane.box;
    return this.isHome ? null : [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2];
  }

  get isHome() { return this.plane.box.flat().every((v, i) => v === this.home.flat()[i]); }

  tell() {
    this.back.disabled = this.isHome;
    this.plane.over.classList.toggle("zoomed", !this.isHome);
  }

  /* Shows what another plane shows. */
  follow(box) {
    this.plane.box = box;
    this.tell();
  }

  show(box) {
    this.follow(box);
    this.moved();
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.rested(), REST_MS);
  }

  /* Half widths are multiplied by the factor, and the point stays where it is. */
  by(factor, point) {
    const [[x0, x1], [y0, y1]] = this.plane.box, half = (x1 - x0) / 2;
    const { min, max } = this.halfWidths, scale = Math.max(min, Math.min(max, half * factor)) / half;
    const [px, py] = point ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    this.show([[px + (x0 - px) * scale, px + (x1 - px) * scale], [py + (y0 - py) * scale, py + (y1 - py) * scale]]);
  }

  /* Parts of its width to the right and upwards. */
  shift(right, up) {
    const [[x0, x1], [y0, y1]] = this.plane.box, dx = right * (x1 - x0), dy = up * (y1 - y0);
    this.show([[x0 + dx, x1 + dx], [y0 + dy, y1 + dy]]);
  }

  reset() { this.show(this.home); }

  /* True if the key was one of zooming: + - 0. */
  key(name) {
    const work = { "+": () => this.by(1 / BUTTON), "=": () => this.by(1 / BUTTON), "-": () => this.by(BUTTON), 0: () => this.reset() }[name];
    work?.();
    return Boolean(work);
  }

  down(event) {
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.still = this.fingers.size === 1;
    this.start = { x: event.clientX, y: event.clientY };
  }

  drag(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger)
      return;
    const wide = this.plane.over.clientWidth, dx = event.clientX - finger.x, dy = event.clientY - finger.y;
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (this.still && Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) <= STILL)
      return;
    if (this.still)
      this.plane.over.setPointerCapture(event.pointerId);
    this.still = false;
    if (other) {
      const before = Math.hypot(finger.x - other.x, finger.y - other.y);
      const now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      this.by(before / Math.max(1, now), this.plane.pointAt({ clientX: other.x, clientY: other.y }));
    } else {
      this.shift(-dx / wide, dy / wide);
    }
    Object.assign(finger, { x: event.clientX, y: event.clientY });
  }

  up(event, whole) {
    if (this.fingers.delete(event.pointerId) && this.still && whole)
      this.clicked(this.plane.pointAt(event));
  }

  close() { clearTimeout(this.rest); }
}
