/* What a view may ask for unasked: as much as about two cores do in a second or two. */

const FIRST_ANSWER = 2e11; /* multiply-adds */

/* How many rows of so many velocities each, from 1 to `most`. */
export function affordable(model, velocities, most) {
  const rows = Math.floor(FIRST_ANSWER / (model.multiply_adds * velocities));
  return Math.max(1, Math.min(most, rows));
}
