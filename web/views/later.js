/* Views that few open, or few models have: their code is fetched when one is first opened. */
import { isImageModel, kindRank } from "../images/models.js";
import { later } from "../lib/later.js";
import { Tasks } from "../lib/tasks.js";

/* load: gives the view's class. */
function openLater(load) {
  return (root, context) => {
    const tasks = new Tasks();
    let view = null;
    root.append(tasks.element);
    tasks.start("code", "Loading the view", async ({ signal }) => {
      const View = await later(load);
      if (signal.aborted)
        return;
      tasks.element.remove();
      view = new View(root, context);
    });
    return { close() { tasks.close(); view?.close(); } };
  };
}

export const pointsView = {
  name: "points",
  title: "Points",
  ofModel: ["at"],
  suits: (model) => model.shape.length === 1 && model.dim !== 2 && model.pictures && !model.context,
  open: openLater(async () => (await import("./points.js")).PointsView),
};

export const posteriorView = {
  name: "posterior",
  title: "Posterior",
  ofModel: ["context"],
  suits: (model) => Boolean(model.context),
  open: openLater(async () => (await import("./posterior.js")).PosteriorView),
};

const UNKNOWN_BITS = 8; /* per dimension, as of noise */

/* The fewer bits its images take, the more a model's densities say. */
function drawRank(model) {
  return kindRank(model) + (model.card?.bits_per_dim ?? UNKNOWN_BITS) / UNKNOWN_BITS;
}

export const drawView = {
  name: "draw",
  title: "Draw",
  suits: isImageModel,
  rank: drawRank,
  open: openLater(async () => (await import("./draw.js")).DrawView),
};
