/* Images from the flat rows of numbers that the daemon answers with. */
import { toLevels } from "./levels.js";

/* Draws an image of levels (planes of channels) at a place of a canvas, in its own pixels. */
export function paint(context, model, levels, left, top) {
  const [channels, height, width] = model.shape, area = height * width;
  const image = context.createImageData(width, height);
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 4; c++)
      image.data[4 * i + c] = c === 3 ? 255 : levels[i + (channels >= 3 ? c * area : 0)];
  context.putImageData(image, left, top);
}

/* A canvas of one image. */
export function paintAlone(canvas, model, row, tone) {
  const [, height, width] = model.shape;
  canvas.width = width;
  canvas.height = height;
  paint(canvas.getContext("2d"), model, toLevels(row, tone), 0, 0);
}
