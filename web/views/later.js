/* Views that few models have: their code is fetched when one is first opened. */
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
