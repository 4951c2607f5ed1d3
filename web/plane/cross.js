/* Keys on a plane: arrows move a cross, Enter asks about the point under it. */

export class Cross {
  /* moved() whenever there is something to draw; the rest as of FlowPane. */
  constructor(plane, zoom, { clicked, toggle, moved }) {
    Object.assign(this, { plane, zoom, clicked, toggle, moved, at: null });
    plane.over.addEventListener("keydown", (event) => this.key(event));
    plane.over.addEventListener("blur", () => { this.at = null; moved(); });
  }

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const [[x0, x1], [y0, y1]] = this.plane.box;
    const at = this.at ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    if (moves[event.key]) {
      const step = (x1 - x0) * (event.shiftKey ? 0.1 : 0.01), [dx, dy] = moves[event.key];
      this.at = [at[0] + dx * step, at[1] + dy * step];
    } else if (event.key === "Enter") {
      this.clicked(at);
    } else if (event.key === " ") {
      this.toggle();
    } else if (!this.zoom.key(event.key)) {
      return;
    }
    event.preventDefault();
    this.moved();
  }

  draw(context) {
    if (!this.at)
      return;
    const { scale: { ax, bx, ay, by }, over, ratio } = this.plane, [x, y] = this.at;
    const px = x * ax + bx, py = y * ay + by, arm = 12 * ratio;
    context.strokeStyle = getComputedStyle(over).color;
    context.lineWidth = 1.5 * ratio;
    this.plane.line(context, px - arm, py, px + arm, py);
    this.plane.line(context, px, py - arm, px, py + arm);
  }
}
