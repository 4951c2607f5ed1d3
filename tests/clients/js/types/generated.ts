/* A program against the types that openapi-typescript makes of /openapi.json. */
import type { components, operations, paths } from "./api.js";

type Schemas = components["schemas"];

export async function drawTwo(url: string): Promise<number[][]> {
  const body: Schemas["samples_request"] = { n: 2, seed: 1, solver: { method: "rk4", steps: 20 } };
  const reply = await fetch(`${url}/v1/models/checkerboard-4x4/samples`, { method: "POST", body: JSON.stringify(body) });
  if (!reply.ok) {
    const problem = (await reply.json()) as Schemas["problem"];
    if (problem.type === "urn:advect:invalid-field")
      throw new Error(`${problem.field}: ${problem.detail}`);
    throw new Error(problem.title);
  }
  const answer = (await reply.json()) as Schemas["samples_answer"];
  const labels: number[] | null = answer.labels;
  return labels === null ? answer.samples : [];
}

export function meanOf(answer: Schemas["log_density_answer"]): number {
  const known = answer.log_density.filter((one): one is number => one !== null);
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}

export function lastFrame(lines: (Schemas["frame"] | Schemas["problem"])[]): number[][] | string {
  const last = lines[lines.length - 1];
  return "states" in last ? last.states : last.detail;
}

export function largest(models: Schemas["models"]): Schemas["model_summary"] {
  return models.models.reduce((a, b) => (a.parameters > b.parameters ? a : b));
}

export function isOver(job: Schemas["job"]): boolean {
  return job.state === "done" || job.state === "failed";
}

export type Trajectories =
  paths["/v1/models/{model}/trajectories"]["post"]["responses"][200]["content"]["application/json"]["trajectories"];
export const states: Trajectories = [[[1, 2]]];

export type DensityQuery = operations["get_v1_models_model_log_density"]["parameters"]["query"];
export const query: DensityQuery = { points: "0.5,0.5;1,2", solver: "dopri5", rtol: 1e-6 };
