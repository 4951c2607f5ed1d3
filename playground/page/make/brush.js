/* Painting points on a plane: a spray while the pointer is down, an eraser while Shift is held. */
import { MOST_POINTS } from "./target.js";
import { normals } from "./presets.js";

const DROPS = 8; /* points per movement */

export class Brush {
  /* plane; now(): {points, units} to change; changed(ended): after a movement, and at the end. */
  constructor(plane, now, changed) {
    Object.assign(this, { plane, now, changed, down: false, on: false, z: normals(7) });
    const over = plane.over;
    over.addEventListener("pointerdown", (event) => this.begin(event));
    over.addEventListener("pointermove", (event) => this.down && this.move(event));
    for (const name of ["pointerup", "pointercancel"])
      over.addEventListener(name, () => this.end());
  }

  begin(event) {
    if (!this.on)
      return;
    this.down = true;
    this.plane.over.setPointerCapture(event.pointerId);
    this.move(event);
    event.preventDefault();
  }

  move(event) {
    const { points, units } = this.now(), [x, y] = this.plane.pointAt(event), r = 0.14 * units.scale;
    if (event.shiftKey) {
      const kept = points.filter((p) => Math.hypot(p[0] - x, p[1] - y) > 3 * r);
      points.splice(0, points.length, ...kept);
    } else {
      for (let i = 0; i < DROPS && points.length < MOST_POINTS; i++)
        points.push([x + r * this.z(), y + r * this.z()]);
    }
    this.changed(false);
  }

  end() {
    if (!this.down)
      return;
    this.down = false;
    this.changed(true);
  }
}
