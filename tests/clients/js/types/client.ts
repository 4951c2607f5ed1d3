/* A program against the client's own types. */
import { AdvectError, connect, InvalidInput, Refusal, type Frame, type NdArray } from "../../../../clients/js/advect.js";

export async function main(): Promise<number> {
  const advect = connect("http://127.0.0.1:8080", { key: () => null, retries: 1 });
  const { models } = await advect.models({ signal: AbortSignal.timeout(1000) });
  const model = advect.model(models[0].name);
  const drawn = await model.sample(10, { label: [0, 1], solver: { method: "dopri5", rtol: 1e-6 } });
  const seed: number = drawn.seed;
  const array: NdArray = await model.logProb(drawn, { divergence: { method: "hutchinson", probes: 8 } });
  await model.encode([[1, 2], new Float32Array([1, 2])]);
  await model.velocity(new Float64Array([1, 2]), 0.5);
  const size = models[0].context?.size ?? 0;
  await model.sample(2, { context: [[0.5, 1], new Float64Array([1, 2])] });
  await model.logProb([[1, 2]], { context: new Float32Array(size) });
  let last: Frame | undefined;
  for await (const frame of model.trajectory(3, { times: [0, 1] }))
    last = frame;
  return array.data[0] + seed + (last?.t ?? 0);
}

export function words(error: unknown): string {
  if (error instanceof Refusal)
    return `${error.status} ${error.kind} ${error.field} ${error.retryAfter}`;
  return error instanceof InvalidInput || error instanceof AdvectError ? `${error.field} ${error.passing}` : "";
}
