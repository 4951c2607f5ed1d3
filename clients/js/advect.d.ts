/** Types of advect.js. Fields of queries have the names and meanings of api.md. */

/** Numbers in C order. */
export interface NdArray<Data = Float32Array> {
  shape: number[];
  data: Data;
  /** a warning about the whole answer, such as too few solver steps */
  warning?: string;
}

/** An array whose query began with base samples, and their seed. */
export interface Drawn extends NdArray {
  seed: number;
}

/** The states of all samples at one time. */
export interface Frame extends Drawn {
  frame: number;
  /** from 0, the base, to 1, the data */
  t: number;
}

type Row = ArrayLike<number>;

/** Rows of numbers; one point; or numbers with their shape, of uint8 if they are pixels. */
export type Points = readonly Row[] | readonly number[] | Float32Array | Float64Array
  | { shape: readonly number[]; data: ArrayLike<number> };

export type FixedMethod = "euler" | "midpoint" | "heun" | "rk4";
export type Solver = { method: FixedMethod; steps?: number }
  | { method: "sde"; steps?: number; noise?: number }
  | { method: "dopri5"; rtol?: number; atol?: number }
  | { method: "flow_map"; steps?: 1 | 2 | 4 | 8 };

export interface Divergence {
  method?: "auto" | "exact" | "hutchinson";
  probes?: number;
  seed?: number;
  /** fresh probes at each evaluation, for fixed-step solvers */
  renew?: boolean;
}

/** Numbers that all rows are conditioned on; or several rows of them. */
export type Context = number | Points;

export interface CommonFields {
  /** class of all rows, or of each, by number or by name; -1 is none */
  label?: number | string | readonly (number | string)[];
  /** of models that take one: of all rows, or one of each; without points, n samples of each */
  context?: Context;
  guidance?: number;
  space?: "data" | "flow";
  timeout_ms?: number;
  priority?: "low" | "normal" | "high";
}

export interface SampleFields extends CommonFields {
  seed?: number;
  first?: number;
  /** starts in base units, in place of random ones */
  x0?: Points;
  solver?: Solver;
}

export interface TrajectoryFields extends SampleFields {
  frames?: number;
  times?: readonly number[];
}

export interface LatentFields extends CommonFields {
  t?: number;
  solver?: Solver;
}

export interface DensityFields extends LatentFields {
  divergence?: Divergence;
}

export interface ScoreFields extends CommonFields {
  /** path: from the velocity, at t < 1; difference: of log-densities, with an error */
  method?: "path" | "difference";
  /** of differences */
  solver?: Solver;
}

export interface Abortable {
  signal?: AbortSignal;
}

/** What throws is one of these; aborts throw the signal's reason. */
export class AdvectError extends Error {
  /** the same may be answered later */
  readonly passing: boolean;
  field?: string;
}

/** Points that are empty, ragged or not finite: nothing was sent. */
export class InvalidInput extends AdvectError {
  constructor(field: string, message: string);
  field: string;
}

/** A problem document; its detail, which names the value and what is allowed, is the message. */
export class Refusal extends AdvectError {
  constructor(status: number, problem?: object, retryAfter?: number);
  status: number;
  /** the type without "urn:advect:": "invalid-field", "queue-full" */
  kind: string;
  requestId?: string;
  /** seconds */
  retryAfter?: number;
}

/** No answer, or half of one. */
export class Unreachable extends AdvectError {}

export interface ConnectOptions {
  key?: string | (() => string | null | undefined);
  /** how often is asked again: 2 */
  retries?: number;
  /** longest time in seconds that Retry-After may ask for: 30 */
  longestWait?: number;
  fetch?: typeof fetch;
}

export interface AskOptions extends Abortable {
  method?: string;
  /** an object, unless the type is another than JSON */
  body?: unknown;
  type?: string;
  accept?: string;
  retries?: number;
}

export interface Limits {
  rows: number;
  steps: number;
  nfe: number;
  frames: number;
  probes: number;
  numbers: number;
  body_bytes: number;
  cost: number | null;
  min_tolerance: number;
}

export interface ModelSummary {
  name: string;
  shape: number[];
  dim: number;
  classes: number;
  labels: string[] | null;
  null_class: boolean;
  guidance: number;
  net: string;
  parameters: number;
  multiply_adds: number;
  digest: string;
  range: [number, number] | null;
  levels: number | null;
  pictures: boolean;
  limits: Limits;
  card: Record<string, unknown> | null;
  columns?: string[];
  /** of models that take one: how many numbers, their names, the largest distance in the training, and
   * whether it may be left out */
  context?: { size: number; columns: string[] | null; reach: number | null; null: boolean };
  /** of models of few steps: the most, and how far log-densities of so many are from the teacher's */
  flow_map?: Record<string, unknown>;
}

export interface ModelInfo extends ModelSummary {
  config: Record<string, unknown>;
}

export interface Models {
  models: ModelSummary[];
  refused: { file: string; reason: string }[];
}

export interface Model {
  readonly name: string;
  path(what?: string, fields?: object): string;
  info(options?: AskOptions): Promise<ModelInfo>;
  /** any query, with its whole answer as JSON */
  ask<Answer = any>(what: string, fields?: object & Abortable): Promise<Answer>;
  sample(n?: number, fields?: SampleFields & Abortable): Promise<Drawn>;
  logProb(points: Points, fields?: DensityFields & Abortable): Promise<NdArray>;
  encode(points: Points, fields?: LatentFields & Abortable): Promise<NdArray>;
  velocity(points: Points, t?: number, fields?: CommonFields & Abortable): Promise<NdArray>;
  score(points: Points, t?: number, fields?: ScoreFields & Abortable): Promise<NdArray>;
  trajectory(n?: number, fields?: TrajectoryFields & Abortable): AsyncGenerator<Frame, void, undefined>;
}

export interface Advect {
  readonly url: string;
  models(options?: AskOptions): Promise<Models>;
  ready(options?: AskOptions): Promise<{ status: "ready"; models: number }>;
  model(name: string): Model;
  ask<Result = Response>(path: string, options?: AskOptions,
    read?: (reply: Response) => Result | Promise<Result>): Promise<Result>;
  json<Answer = any>(path: string, options?: AskOptions): Promise<Answer>;
  npy(path: string, options?: AskOptions): Promise<NdArray & { seed?: number }>;
  blob(path: string, options?: AskOptions): Promise<Blob>;
  lines<Line = any>(path: string, options?: AskOptions): AsyncGenerator<Line, void, undefined>;
}

export function connect(url?: string, options?: ConnectOptions): Advect;
export function parseNpy(buffer: ArrayBuffer): NdArray;
export function writeNpy(array: NdArray<Float32Array | Uint8Array | Uint8ClampedArray>): Uint8Array;
export function toArray(points: Points, field?: string): NdArray<Float32Array | Uint8Array | Uint8ClampedArray>;
export function toQuery(fields?: object): string;
