/* The recipe that the page makes of points, without the page. */
import { boxOf, densityOf, transformOf, unitsOf } from "../../playground/page/make/target.js";

export function recipeFor(points) {
  const units = unitsOf(points);
  return { name: "your-network",
    net: { kind: "mlp", dim: 2, channels: 64, layers: 3, input_frequencies: 3, time_frequencies: 8, activation: "silu", residual: true },
    data: { source: { kind: "density", density: densityOf({ points, units, blur: 0.1 }) }, transform: transformOf(units), box: boxOf(units) },
    path: "condot",
    train: { steps: 1000, batch: 256, learning_rate: 0.004, min_learning_rate: 1e-4, warmup_steps: 50, ema_decay: 0.99, held_out_every: 50, seed: 1 } };
}
