/* One image on its way from one view to another. */
let held = null;

export function put(model, row) {
  held = { name: model.name, row };
}

export function take(model) {
  const row = held?.name === model.name ? held.row : null;
  held = null;
  return row;
}
