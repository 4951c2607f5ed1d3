/* What a model says of one image: log-densities by class, latents, and the nearest that its flow
 * makes of it. All by the daemon's ordinary queries. */
import { askJson, modelPath } from "../lib/api.js";
import { takesGuidance } from "../lib/request-settings.js";

const NEAREST = { method: "midpoint", steps: 16 };
const TONE = [-3, 3]; /* of states whose scale is not known: base units */

/* Passes from quick to precise. `cost` counts velocities and tangents of one row, about. */
function passes(settings) {
  return settings.map(({ velocities, probes, renew, ...solver }) =>
    ({ solver, probes, renew, cost: velocities * (1 + probes) }));
}

/* Equal steps miss how steep the velocity is near data that lie in narrow cells, and then densities
 * mean nothing. Where the transform has widened the cells they do, and other probes at each leave far
 * less of their error. */
const STEEP = passes([
  { method: "dopri5", rtol: 0.1, atol: 0.1, velocities: 31, probes: 1, renew: false },
  { method: "dopri5", rtol: 0.1, atol: 0.1, velocities: 31, probes: 4, renew: false },
  { method: "dopri5", rtol: 0.01, atol: 0.01, velocities: 37, probes: 6, renew: false },
]);
const SMOOTH = passes([
  { method: "rk4", steps: 4, velocities: 16, probes: 1, renew: true },
  { method: "rk4", steps: 8, velocities: 32, probes: 2, renew: true },
  { method: "rk4", steps: 12, velocities: 48, probes: 4, renew: true },
]);

/* The brightness of states in flow units near t = 1. */
function toneOfStates(transform, range) {
  if (transform?.kind === "gaussianise")
    return [transform.groups[0].mean, transform.groups.at(-1).mean];
  const { shift = 0, scale = 1 } = transform ?? {};
  const known = range && [shift, scale].every(Number.isFinite) && ["affine", "identity", undefined].includes(transform?.kind);
  return known ? range.map((v) => (v - shift) / scale) : TONE;
}

/* What the Draw view needs of a model's configuration: the passes that weigh an image, whether the
 * path mixes noise and data in straight lines as `nearest` does, the brightness of its states, and how
 * held-out log-densities spread, {rows, log_density: rising quantiles}, null where that is not known. */
export async function readFlow(model, options) {
  const { config } = await askJson(modelPath(model), options);
  const steps = [config.data?.transform ?? []].flat();
  return {
    passes: steps.some(({ kind }) => kind === "gaussianise") ? SMOOTH : STEEP,
    usual: config.typicality?.log_density ? config.typicality : null,
    straight: (config.path?.kind ?? "condot") === "condot",
    tone: steps.length > 1 ? TONE : toneOfStates(steps[0], model.range),
  };
}

/* log sum exp */
export function logSum(values) {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/* Every class's log-density of the image, and its average under equal odds; the same probes serve
 * every class, so differences are surer than each number. */
export async function classDensities(model, row, pass, options) {
  const classes = Math.max(1, model.classes);
  const body = { points: Array(classes).fill(row), solver: pass.solver,
    divergence: { method: "hutchinson", probes: pass.probes, seed: 1, renew: pass.renew } };
  if (model.classes)
    body.label = Array.from({ length: classes }, (_, i) => i);
  const answer = await askJson(modelPath(model, "log-density"), { ...options, body });
  const log = answer.log_density, all = logSum(log);
  const best = log.indexOf(Math.max(...log));
  return {
    log, best, latent: answer.latents[best], bestBits: answer.bits_per_dim?.[best] ?? null, error: answer.standard_error?.[best] ?? null,
    logDensity: all - Math.log(classes),
    bits: answer.bits_per_dim ? answer.bits_per_dim[best] + (log[best] - all + Math.log(classes)) / model.dim / Math.LN2 : null,
  };
}

/* Noise and an image mixed as the straight path mixes them at time s, in flow units, and carried
 * on to t = 1 from there: the latents of the states at s lead through them. The image is the one that
 * `found` was said of, which its latent leads to. n images from n rows of noise. */
export async function nearest(model, found, { s, n, seed, label, guidance }, options) {
  const ask = (what, body) => askJson(modelPath(model, what), { ...options, body });
  const of = (c) => model.classes ? { label: c } : {};
  const condition = guidance === undefined ? of(label) : { ...of(label), guidance };
  const ends = { times: [0, 1], space: "flow" };
  const noise = await ask("trajectories", { n, seed, ...ends, ...of(label), solver: { method: "euler", steps: 1 } });
  const image = await ask("trajectories", { x0: [found.latent], ...ends, ...of(found.best), ...takesGuidance(model) ? { guidance: 1 } : {}, solver: NEAREST });
  const [there] = image.trajectories[1];
  const mixed = noise.trajectories[0].map((base) => base.map((e, i) => (1 - s) * e + s * there[i]));
  const { latents } = await ask("latents", { points: mixed, t: s, space: "flow", ...condition, solver: NEAREST });
  const { samples } = await ask("samples", { x0: latents, ...condition, solver: NEAREST });
  return { mixed, samples };
}
