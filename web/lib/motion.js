/* Points that move: frames of a trajectory as they arrive, and the states between them. */

export class Motion {
  /* times ascending from 0 to 1; n points of dim numbers. */
  constructor(n, times, dim = 2) {
    Object.assign(this, { n, times, dim, frames: [], now: new Float32Array(dim * n) });
  }

  add(states) {
    const frame = new Float32Array(this.dim * this.n);
    states.forEach((point, i) => frame.set(point, this.dim * i));
    this.frames.push(frame);
  }

  get complete() { return this.frames.length === this.times.length; }

  /* The latest time that can be shown. */
  get reach() { return this.frames.length ? this.times[this.frames.length - 1] : 0; }

  /* The points at t, number after number, straight between frames; the array is reused. null: nothing yet. */
  at(t) {
    const last = this.frames.length - 1;
    if (last < 0)
      return null;
    let k = this.times.findIndex((time) => time > t) - 1;
    if (k < 0 || k >= last)
      return this.frames[k < 0 ? (t <= this.times[0] ? 0 : last) : last];
    const a = this.frames[k], b = this.frames[k + 1], now = this.now;
    const w = (t - this.times[k]) / (this.times[k + 1] - this.times[k]);
    for (let i = 0; i < now.length; i++)
      now[i] = a[i] + w * (b[i] - a[i]);
    return now;
  }
}

export function evenTimes(n) {
  return Array.from({ length: n }, (_, i) => i / (n - 1));
}
