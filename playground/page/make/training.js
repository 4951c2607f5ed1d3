/* What is asked of the core for the making of a model: the exact one, a training, files. */
import { askBlob, askJson, askLines } from "../lib/api.js";
import { densityOf, transformOf } from "./target.js";

export const EXACT = "your-points", LEARNED = "your-network";

/* The model whose flow is that of the points, exactly. */
export function makeExact(target, box, { signal }, name = EXACT) {
  const { points, units, blur } = target;
  return askJson("playground/exact", { signal, silent: true, body: {
    name, points, bandwidth: blur, transform: transformOf(units), box } });
}

/* A recipe as `advect train` takes it. */
export function recipeOf(target, box, { width, depth, frequencies, path, coupling, train_steps: steps, rate }) {
  return {
    name: LEARNED,
    net: { kind: "mlp", dim: 2, channels: width, layers: depth, input_frequencies: frequencies,
      time_frequencies: frequencies ? 8 : 0, activation: "silu", residual: true },
    data: { source: { kind: "density", density: densityOf(target) }, transform: transformOf(target.units), box },
    path,
    train: { steps, batch: 256, learning_rate: rate, min_learning_rate: rate / 30, warmup_steps: Math.min(50, steps), coupling,
      ema_decay: 0.99, held_out_every: Math.max(20, Math.round(steps / 40)), seed: 1 },
  };
}

/* Trains; onLine for every line of progress. Aborting the signal ends it; the model so far stays. */
export function train(recipe, { signal }, onLine) {
  return askLines("playground/training", { signal, silent: true, body: recipe }, (line) => onLine(line));
}

export function modelFile(name) {
  return askBlob(`playground/models/${encodeURIComponent(name)}`, { silent: true });
}

/* {name} */
export function openModel(file) {
  return askJson(`playground/models?file=${encodeURIComponent(file.name)}`,
    { method: "PUT", silent: true, body: file, type: "application/octet-stream" });
}
