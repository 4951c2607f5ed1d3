/* Classic densities, as points: 800 of each, the same every time. */

const N = 800;

/* Mulberry32 (Tommy Ettinger): small, and good enough to place points by. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

/* Standard normals, by Box and Muller. */
export function normals(seed) {
  const uniform = random(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const circle = (turn, r) => [r * Math.cos(2 * Math.PI * turn), r * Math.sin(2 * Math.PI * turn)];

/* Each makes a point of its number, a uniform u() and a normal z(). */
const PRESETS = {
  "two moons": (i, u, z) => {
    const [x, y] = circle(u() / 2, 2), upper = i % 2;
    return [(upper ? x - 1 : 1 - x) + 0.1 * z(), (upper ? y - 0.5 : 0.5 - y) + 0.1 * z()];
  },
  "eight Gaussians": (i, u, z) => circle((i % 8) / 8, 2.6).map((c) => c + 0.2 * z()),
  "checkerboard": (i, u) => {
    const row = Math.floor(4 * u()), column = 2 * Math.floor(2 * u()) + (row % 2);
    return [1.5 * (column + u()) - 3, 1.5 * (row + u()) - 3];
  },
  "rings": (i, u, z) => circle(u(), [0.8, 1.8, 2.8][i % 6 < 1 ? 0 : i % 6 < 3 ? 1 : 2] + 0.07 * z()),
  "spiral": (i, u, z) => {
    const s = Math.sqrt(u());
    return circle(1.75 * s, 3 * s).map((c) => c + 0.07 * z());
  },
  "pinwheel": (i, u, z) => {
    const r = 1.7 + 0.65 * z();
    return circle((i % 5) / 5 + 0.05 * z() + 0.09 * r, Math.max(0.1, r));
  },
  "a face": (i, u, z) => {
    const part = i % 10;
    if (part < 4)
      return circle(u(), 2.8 + 0.05 * z());
    if (part < 7)
      return circle(0.58 + 0.34 * u(), 1.7).map((c) => c + 0.06 * z());
    return [(part === 8 ? 1 : part === 7 ? -1 : 2 * (i % 20 > 9) - 1) + 0.14 * z(), 0.9 + 0.2 * z()];
  },
};

export const presetNames = Object.keys(PRESETS);

export function presetPoints(name) {
  const u = random(1), z = normals(2);
  return Array.from({ length: N }, (_, i) => PRESETS[name](i, u, z));
}
