/* Colours of what canvases show: by direction for points, by value for densities, and of a mark. */
import { isDark, rgb } from "./theme.js";

const HUES = 24;

/* The frame around the chosen one of many images, on black and on white. */
export const CHOSEN = "#ff5a3c";

/* Colours around the circle, of one lightness and strength. */
export function wheel() {
  const [light, strength] = isDark() ? [0.78, 0.13] : [0.56, 0.16];
  return Array.from({ length: HUES }, (_, i) => `oklch(${light} ${strength} ${i * 360 / HUES + 20})`);
}

/* The index in the wheel of every point's direction from their common middle. */
export function directions(points) {
  const n = points.length / 2, turn = new Uint8Array(n);
  let mx = 0, my = 0;
  for (let i = 0; i < n; i++) {
    mx += points[2 * i] / n;
    my += points[2 * i + 1] / n;
  }
  for (let i = 0; i < n; i++) {
    const angle = Math.atan2(points[2 * i + 1] - my, points[2 * i] - mx);
    turn[i] = Math.floor((angle / (2 * Math.PI) + 1) * HUES) % HUES;
  }
  return turn;
}

/* From the background to what stands out most, in perceptually even steps. */
const STOPS = {
  dark: [[32, 44, 92], [38, 84, 132], [32, 129, 136], [66, 170, 118], [158, 205, 82], [250, 230, 90]],
  light: [[222, 238, 236], [168, 217, 214], [100, 184, 200], [48, 137, 184], [36, 88, 156], [34, 44, 104]],
};

/* [256][r, g, b] flat. */
export function ramp() {
  const stops = [rgb("--canvas"), ...STOPS[isDark() ? "dark" : "light"]];
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = i / 255 * (stops.length - 1), k = Math.min(stops.length - 2, Math.floor(at));
    for (let c = 0; c < 3; c++)
      table[3 * i + c] = stops[k][c] + (at - k) * (stops[k + 1][c] - stops[k][c]);
  }
  return table;
}
