/* Which models are of images, and in which order the views of images prefer them. */

export function isImageModel(model) {
  return model.shape.length === 3 && [1, 3].includes(model.shape[0]) && !model.context;
}

/* The lower, the sooner such a model is shown: class-conditional ones first, then convolutional ones, then those
 * that no other one learned to imitate. */
export function kindRank(model) {
  return (model.classes ? 0 : 8) + (model.net === "mlp" ? 4 : 0) + (model.flow_map ? 2 : 0);
}
