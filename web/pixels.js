/* Images from the flat rows of numbers that the daemon answers with. */

/* How numbers become brightness: of the model's range, or of what the values span. */
export function toneOf(model, values) {
  if (model.range)
    return model.range;
  let lo = Infinity, hi = -Infinity;
  for (const v of values) {
    lo = Math.min(lo, v);
    hi = Math.max(hi, v);
  }
  return [lo, hi > lo ? hi : lo + 1];
}

/* A row of numbers as 8-bit ones: what is kept of frames. */
export function toBytes(row, [lo, hi]) {
  return Uint8ClampedArray.from(row, (v) => (v - lo) / (hi - lo) * 255);
}

/* Draws an image of bytes (planes of channels) at a place of a canvas, in its own pixels. */
export function paint(context, model, bytes, left, top) {
  const [channels, height, width] = model.shape, area = height * width;
  const image = context.createImageData(width, height);
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 4; c++)
      image.data[4 * i + c] = c === 3 ? 255 : bytes[i + (channels >= 3 ? c * area : 0)];
  context.putImageData(image, left, top);
}

/* A canvas of one image. */
export function paintAlone(canvas, model, row, tone) {
  const [, height, width] = model.shape;
  canvas.width = width;
  canvas.height = height;
  paint(canvas.getContext("2d"), model, toBytes(row, tone), 0, 0);
}
