/* One image on its way to the drawing pad, from another view or out of a picture: {row}, numbers of the
 * model's data, or {strokes} as sketch.js has them. */
import { textOf } from "../lib/png-text.js";

export const DRAWING = "Advect-Drawing"; /* keyword of such an image in a picture, as JSON with its model's name */

const DAMAGED = {}; /* in place of what is no image of a drawing */

let held = null;

export function put(model, image) {
  held = { name: model.name, ...image };
}

/* Of this model, or an object without an image if the picture's cannot be read; null where none is held. */
export function take(model) {
  const image = held === DAMAGED || held?.name === model.name ? held : null;
  held = null;
  return image;
}

export function textOfImage(model, image) {
  return JSON.stringify({ name: model.name, ...image });
}

function parse(text) {
  try {
    return JSON.parse(text) ?? DAMAGED;
  } catch {
    return DAMAGED;
  }
}

/* What a picture holds, if it holds one. It may be anybody's: whoever takes it looks at it closely. */
export async function carryFrom(file) {
  const text = await textOf(file, DRAWING);
  held = text === null ? null : parse(text);
}
