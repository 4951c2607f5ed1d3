/* One image on its way to the drawing pad, from another view or out of a picture: {row}, numbers of the
 * model's data, or {strokes} as sketch.js has them. */
import { textOf } from "../lib/png-text.js";

export const DRAWING = "Advect-Drawing"; /* keyword of such an image in a picture, as JSON with its model's name */

let held = null;

export function put(model, image) {
  held = { name: model.name, ...image };
}

export function take(model) {
  const image = held?.name === model.name ? held : null;
  held = null;
  return image;
}

export function textOfImage(model, image) {
  return JSON.stringify({ name: model.name, ...image });
}

/* What a picture holds, if it holds one. It may be anybody's: whoever takes it looks at it closely. */
export async function carryFrom(file) {
  try {
    held = JSON.parse(await textOf(file, DRAWING));
  } catch {
    held = null;
  }
}
