/* The exact density at t: on the path x_t = (1 - t) x_0 + t x_1 a Gaussian of width s around x_1
 * becomes one of width sqrt((1 - t)^2 + t^2 s^2) around t x_1. It is a product of two factors, one for
 * each axis, so a point costs two rows of exponentials and sums of products. */
import { Density } from "../plane/density.js";

const SIDE = 64;

export class ExactDensity extends Density {
  constructor(box, { points, units, blur }) {
    super(box);
    Object.assign(this, { box, points1: points, units, blur });
  }

  factors(coordinates, mean, width) {
    return coordinates.map((x) => Math.exp(-0.5 * ((x - mean) / width) ** 2));
  }

  slice(t) {
    const { units: { shift, scale }, points1, blur, box } = this;
    const width = Math.hypot(1 - t, t * blur), p = new Float32Array(SIDE * SIDE);
    const along = (c, down) => Array.from({ length: SIDE }, (_, i) => {
      const part = (i + 0.5) / SIDE, [lo, hi] = box[c];
      return ((down ? hi - part * (hi - lo) : lo + part * (hi - lo)) - shift[c]) / scale;
    });
    const xs = along(0, false), ys = along(1, true);
    const peak = 1 / (2 * Math.PI * width * width * points1.length * scale * scale);
    for (const [x, y] of points1) {
      const fx = this.factors(xs, t * (x - shift[0]) / scale, width);
      const fy = this.factors(ys, t * (y - shift[1]) / scale, width);
      for (let i = 0; i < SIDE; i++)
        if (fy[i] > 1e-6)
          for (let j = 0; j < SIDE; j++)
            p[i * SIDE + j] += peak * fy[i] * fx[j];
    }
    return p;
  }

  async load(model, condition, { signal, progress, now, arrived }) {
    while (!this.complete) {
      signal.throwIfAborted();
      progress(this.slices.size, this.times.length);
      const k = this.next(now()), p = this.slice(this.times[k]), sorted = p.slice().sort();
      this.slices.set(k, { p, top: sorted[Math.floor(0.995 * sorted.length)] || 1 });
      arrived();
      await new Promise((done) => setTimeout(done));
    }
  }
}
