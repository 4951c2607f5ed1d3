/* What a model says of a point at a time: its log-density, where it comes from, and its score. */
import { askJson, modelPath } from "./api.js";
import { number, usual } from "./text.js";

const WAYS = {
  path: "by the path’s relation of score and velocity",
  difference: "by differences of the log-density",
};

/* The gradient of log p_t: by the path before t = 1, where there is such a relation, and else by
 * differences; null where the server has no scores. A refusal is told in place of the numbers. */
async function askScore(model, body, options) {
  const ask = async (method) => {
    const { score: [values], score_error: error, failed } = await askJson(modelPath(model, "score"), { ...options, body: { ...body, method } });
    return { method, values, error: error?.[0] ?? null, failed: failed?.[0]?.reason ?? null };
  };
  try {
    return await ask(body.t < 1 ? "path" : "difference");
  } catch (error) {
    if (error.status === 404)
      return null;
    if (error.status !== 422)
      throw error;
    return error.field === "method" && body.t < 1 ? ask("difference") : { values: null, failed: error.message };
  }
}

export async function askPoint(model, condition, point, t, options) {
  const body = { points: [point], t, ...condition };
  const found = await askJson(modelPath(model, "log-density"), { ...options, body });
  return { logDensity: found.log_density[0], error: found.log_density_error?.[0] ?? null,
    warnings: found.warnings ?? [], latent: found.latents[0], typicality: found.typicality?.[0] ?? null,
    extrapolated: Boolean(found.extrapolated), score: await askScore(model, body, options) };
}

/* "(0.5, −1.25)": between the commas, none of thousands, so that it can be pasted */
export function vector(values) {
  return `(${values.map((v) => number(v).replaceAll(",", "")).join(", ")})`;
}

function scoreWords({ method, values, error, failed }) {
  if (!values)
    return failed ?? "not known here";
  return `${vector(values)}${error === null ? "" : ` ± ${number(error, 1)}`}, ${WAYS[method]}`;
}

/* [[term, value], ...] */
export function factsOf({ logDensity, error = null, warnings = [], latent, typicality, extrapolated, score }) {
  return [
    ["log-density", `${number(logDensity, 4)}${error === null ? "" : ` ± ${number(error, 1)}`} nats`],
    ["density", number(logDensity === null ? null : Math.exp(logDensity))],
    ...typicality === null ? [] : [["typicality", usual(typicality)]],
    ["latent", vector(latent) + (extrapolated ? ", beyond the base: an extrapolation" : "")],
    ...score ? [["score", scoreWords(score)]] : [],
    ...warnings.map((words) => ["warning", words]),
  ];
}
