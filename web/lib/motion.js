/* Points that move: frames of a trajectory as they arrive, and the states between them. */

const FEW = 20; /* frames that are too few to follow */

export class Motion {
  /* times ascending from 0 to 1; n points of dim numbers. */
  constructor(n, times, dim = 2) {
    Object.assign(this, { n, times, dim, frames: [], now: new Float32Array(dim * n) });
  }

  /* Nothing has arrived of what a solver makes, in `most` frames if it does not matter: the daemon ends a
   * step at each frame, and a solver of few steps would be shown better than it is. */
  expect(solver, most) {
    this.times = evenTimes(framesOf(solver, most));
    this.frames = [];
    return this.times.length;
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

/* Frames at ends of steps. */
function framesOf({ steps }, most) {
  if (!steps || steps < most)
    return steps ? steps + 1 : most;
  for (let n = most - 1; n >= FEW; n--)
    if (steps % n === 0)
      return n + 1;
  return most;
}
