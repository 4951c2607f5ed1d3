/* What a model says of one image: log-densities by class, latents, and the nearest that its flow
 * makes of it. All by the daemon's ordinary queries. */
import { askJson, modelPath } from "./api.js";

/* From quick to precise, with steps that adapt: equal steps miss how steep the velocity is near the
 * data, and then densities mean nothing. `cost` counts velocities and tangents of one row, about. */
export const PASSES = [
  { tolerance: 0.1, probes: 2, velocities: 31 },
  { tolerance: 0.01, probes: 6, velocities: 37 },
].map(({ tolerance, probes, velocities }) => ({ probes, cost: velocities * (1 + probes),
  solver: { method: "dopri5", rtol: tolerance, atol: tolerance } }));

const NEAREST = { method: "midpoint", steps: 16 };

/* log sum exp */
export function logSum(values) {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/* Every class's log-density of the image, with the posterior under equal odds; the same probes serve
 * every class, so differences are surer than each number. */
export async function judge(model, row, pass, options) {
  const classes = Math.max(1, model.classes);
  const body = { points: Array(classes).fill(row), solver: pass.solver,
    divergence: { method: "hutchinson", probes: pass.probes, seed: 1 } };
  if (model.classes)
    body.label = Array.from({ length: classes }, (_, i) => i);
  const answer = await askJson(modelPath(model, "log-density"), { ...options, body });
  const log = answer.log_density, all = logSum(log);
  const best = log.indexOf(Math.max(...log));
  return {
    log, best, latent: answer.latents[best], error: answer.standard_error?.[best] ?? null,
    posterior: log.map((v) => Math.exp(v - all)),
    logDensity: all - Math.log(classes),
    bits: answer.bits_per_dim ? answer.bits_per_dim[best] + (log[best] - all + Math.log(classes)) / model.dim / Math.LN2 : null,
  };
}

/* Whether the model's path mixes noise and data in straight lines, as `nearest` does: straight in the
 * network's units, and so in the data's if the transform between them is affine. */
export async function isStraight(model, options) {
  const { config } = await askJson(modelPath(model, "").slice(0, -1), options);
  const steps = [config.data?.transform ?? []].flat();
  return (config.path?.kind ?? "condot") === "condot" &&
    steps.every(({ kind }) => ["identity", "affine"].includes(kind));
}

/* Noise and the image mixed as the straight path mixes them at time s, carried on to t = 1 from there:
 * the latents of the states at s lead through them. n images from n rows of noise. */
export async function nearest(model, row, { s, n, seed, label, guidance }, options) {
  const ask = (what, body) => askJson(modelPath(model, what), { ...options, body });
  const condition = model.classes ? { label } : {};
  if (guidance !== undefined)
    condition.guidance = guidance;
  const noise = await ask("trajectories", { n, seed, times: [0, 1], ...model.classes ? { label } : {},
    solver: { method: "euler", steps: 1 } });
  const mixed = noise.trajectories[0].map((base) => base.map((e, i) => (1 - s) * e + s * row[i]));
  const { latents } = await ask("latents", { points: mixed, t: s, ...condition, solver: NEAREST });
  const { samples } = await ask("samples", { x0: latents, ...condition, solver: NEAREST });
  return { mixed, samples };
}
