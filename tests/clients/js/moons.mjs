/* A model that takes a context, trained in a second: two moons given the point that was seen. Of as many
 * held-out rows, and work, that it knows how typical a density is. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/* Writes folder/NAME.safetensors by the offline tool, the environment's ADVECT. */
export function trainMoons(folder, name) {
  const file = (ending) => join(folder, `${name}.${ending}`), advect = (...flags) => execFileSync(process.env.ADVECT, flags);
  advect("simulate", "two_moons", "-n", "1500", "-o", file("csv"));
  writeFileSync(file("json"), JSON.stringify({ name,
    data: { source: { kind: "csv", file: `${name}.csv`, columns: ["theta1", "theta2"], context: ["x1", "x2"] }, held_out: 150 },
    net: { kind: "mlp", dim: 2, channels: 8, layers: 1, null_context: true },
    train: { steps: 280, batch: 2048, context_dropout: 0.1, seed: 1 } }));
  advect("train", file("json"), "--out", file("safetensors"), "--quiet");
}
