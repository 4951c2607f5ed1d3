/* What a request says about classes and guidance, and the settings for it. */
import { className, count, number } from "./text.js";

export const ANY = -1; /* no label */
export const TIME = { name: "the time", min: 0, max: 1 }; /* of a point in a link: a column of settings.js */
const TOLERANCE = 1e-5, TOLERANCES = [1e-2, 1e-3, 1e-4, TOLERANCE, 1e-6, 1e-7, 1e-8];

/* A model of few steps has that of its teacher in it, and takes no other. */
export const takesGuidance = (model) => model.null_class && !model.flow_map;

/* Rows of settings for one class (none for unconditional models). */
export function conditionSpecs(model) {
  if (!model.classes)
    return [];
  const choices = Array.from({ length: model.classes }, (_, i) => ({ value: i, label: className(model, i) }));
  if (model.null_class)
    choices.unshift({ value: ANY, label: "no class" });
  const specs = [{ name: "label", kind: "choice", label: "Class", choices, fallback: choices[0].value,
    help: "class of the data that the model is asked for" }];
  if (takesGuidance(model))
    specs.push(guidanceSpec(model));
  return specs;
}

export const guidanceSpec = (model) => ({
  name: "guidance", kind: "real", label: "Guidance", range: true, min: 0, max: 8, step: 0.05, fallback: model.guidance,
  help: "weight w in v = v without class + w × (v of the class − v without class); 1 is plain conditioning",
});

export function conditionOf(model, values) {
  if (!model.classes)
    return {};
  const condition = { label: values.label };
  if (takesGuidance(model) && values.label !== ANY)
    condition.guidance = values.guidance;
  return condition;
}

/* Of another model than the one whose settings they are: as far as it knows the class. */
export function conditionOfOther(other, { label, guidance = other.guidance }) {
  const known = label < other.classes && (label !== ANY || other.null_class);
  return conditionOf(other, { label: known ? label : other.null_class ? ANY : 0, guidance });
}

const isAdaptive = (values) => values.method === "dopri5";
const FEW_STEPS = 4;

/* Rows of settings for a solver: of fixed steps, or with a tolerance. Of a model of few steps its flow
 * map comes first. */
export function solverSpecs(model, method, steps) {
  const most = model.flow_map?.steps;
  const few = most ? ["flow_map"] : [];
  const usual = most ? Math.min(most, FEW_STEPS) : steps;
  return [
    { name: "method", kind: "choice", label: "Solver", field: "solver.method",
      fallback: most ? "flow_map" : method,
      help: "method that integrates the velocity from t = 0 to t = 1",
      choices: [...few, "euler", "midpoint", "heun", "rk4", "dopri5"].map((value) => ({ value })) },
    { name: "steps", kind: "int", label: "Steps", field: "solver.steps", min: 1,
      max: model.limits.steps, fallback: Math.min(usual, model.limits.steps),
      help: "number of equal steps from t = 0 to t = 1", shown: (values) => !isAdaptive(values) },
    { name: "tolerance", kind: "choice", label: "Tolerance", field: "solver.rtol", fallback: TOLERANCE,
      help: "error that a step may have, relative and absolute; dopri5 chooses its steps by it",
      choices: TOLERANCES.filter((value) => value >= model.limits.min_tolerance || value === TOLERANCE).map((value) => ({ value })),
      shown: isAdaptive },
  ];
}

export function solverOf(values) {
  return isAdaptive(values) ? { method: values.method, rtol: values.tolerance, atol: values.tolerance }
    : { method: values.method, steps: values.steps };
}

/* Rows of settings for the solver of a second plane, whose names end in 2, where when(values) says that there is
 * one; and what a refusal's field is called of that solver. */
const SECOND = { method: "Second solver", steps: "Its steps", tolerance: "Its tolerance" };

export const secondField = (field) => (field?.startsWith("solver.") ? `second ${field}` : field);

export function secondSolverSpecs(model, method, steps, when = () => true) {
  return solverSpecs(model, method, steps).map((spec) => ({ ...spec, name: `${spec.name}2`, field: secondField(spec.field),
    label: SECOND[spec.name], shown: (values) => when(values) && (spec.shown?.({ method: values.method2 }) ?? true) }));
}

export function secondSolverOf({ method2, steps2, tolerance2 }) {
  return solverOf({ method: method2, steps: steps2, tolerance: tolerance2 });
}

/* "midpoint, 30 steps" */
export function solverWords({ method, steps, rtol }) {
  return steps === undefined ? `${method}, tolerance ${number(rtol)}` : `${method}, ${count(steps)} step${steps > 1 ? "s" : ""}`;
}

/* The same as fields of a URL. */
export function solverQuery({ method, ...settings }) {
  return { solver: method, ...settings };
}

export function seedSpec() {
  return { name: "seed", kind: "int", label: "Seed", min: 0, max: 2 ** 53 - 1, fallback: 1,
    help: "seed of the random noise: the same seed gives the same samples" };
}
