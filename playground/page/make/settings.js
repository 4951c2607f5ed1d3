/* The settings of the view: rows for the form, and why each of the network's matters. */
import { el } from "../lib/dom.js";
import { Player } from "../lib/player.js";
import { secondSolverSpecs, seedSpec, solverSpecs } from "../lib/request-settings.js";
import { presetNames } from "./presets.js";

export const OWN = "your own"; /* density, which is none of the presets */
export const OVERLAYS = [
  { name: "points", label: "Points", fallback: true, help: "samples on their way from the Gaussian at t = 0 to the data at t = 1, coloured by where they start" },
  { name: "density", label: "Density", fallback: true, help: "probability density at time t" },
  { name: "field", label: "Velocity", fallback: false, help: "velocity at time t, as arrows" },
  { name: "grid", label: "Deforming grid", fallback: false, help: "square grid at t = 0 that the flow carries along and deforms" },
];
export const NAMES = Object.fromEntries(OVERLAYS.map(({ name, label }) => [name, label]));
export const NETWORK = [
  { name: "width", kind: "choice", label: "Width", fallback: 64, choices: [16, 32, 64, 128].map((value) => ({ value })), help: "channels of every layer" },
  { name: "depth", kind: "choice", label: "Layers", fallback: 3, choices: [1, 2, 3, 4, 5].map((value) => ({ value })), help: "number of hidden layers" },
  { name: "frequencies", kind: "choice", label: "Fourier features", fallback: 3, choices: [0, 1, 2, 3, 4].map((value) => ({ value, label: value ? String(value) : "none" })), help: "frequencies of the sines and cosines of a point that the network sees: more make sharper edges" },
  { name: "path", kind: "choice", label: "Path", fallback: "condot", choices: [{ value: "condot", label: "straight" }, { value: "cosine" }, { value: "vp", label: "variance preserving" }], help: "how noise and data are mixed at time t; the exact flow is that of the straight path" },
  { name: "coupling", kind: "choice", label: "Coupling", fallback: "independent", choices: [{ value: "independent" }, { value: "optimal_transport", label: "optimal transport" }], help: "which noise goes with which point of the data, in each batch of the training" },
  { name: "train_steps", kind: "int", label: "Training steps", min: 10, max: 100000, fallback: 2000, help: "batches of 256 points" },
  { name: "rate", kind: "real", label: "Learning rate", min: 1e-5, max: 0.1, fallback: 0.004, help: "of AdamW, falling to a thirtieth" },
];

/* What is side by side: both flows by one solver, or one of them by two. */
export const BOTH = "both", EXACTLY = "exact", LEARNT = "learned";
const PLANES = [{ value: BOTH, label: "exact and learned" }, { value: EXACTLY, label: "exact, by two solvers" }, { value: LEARNT, label: "learned, by two solvers" }];

export const hasTwoSolvers = ({ planes }) => planes !== BOTH;

/* What to try, and what one sees. */
const WHY = [
  ["Width and layers", "One layer of 16 channels cannot bend enough for two moons: its KL stops falling early. Larger networks learn more in each step, and each step takes longer."],
  ["Fourier features", "They hand the network sines and cosines of a point, so that it need not make sharp edges itself. Train on the checkerboard with none, then with 4."],
  ["Path", "How noise is mixed with data while t runs: along straight lines, or along curves like those of diffusion models. All lead to the same density, by different ways: train with each, then choose euler with 4 steps."],
  ["Coupling", "Independent: any noise goes with any point, paths cross, and where they cross the field can only be their average. Optimal transport pairs each batch by the shortest paths in all, which hardly cross: points then walk nearly straight, and 4 steps of euler arrive. A training step takes several times as long, its loss is lower without the density being closer, and the flow is not the exact one on the left, although it leads to the same density: watch the grid."],
  ["Solver and steps", "Points follow the velocity in steps. Put the learned flow side by side with itself, by midpoint with 20 steps and by euler with 4: the network is the same, but 4 steps of euler follow its velocity less exactly. The KL divergence does not depend on this choice."],
];

export function specsFor(model) {
  return [...OVERLAYS.map((row) => ({ ...row, kind: "switch" })),
    { name: "preset", kind: "choice", label: "Start from", choices: [...presetNames, OWN].map((value) => ({ value })), fallback: presetNames[0] },
    { name: "blur", kind: "real", label: "Width of a point", range: true, min: 0.03, max: 0.5, step: 0.01, fallback: 0.1, help: "standard deviation of the Gaussian that each point stands for" },
    seedSpec(), ...solverSpecs(model, "midpoint", 20), ...NETWORK,
    { name: "planes", kind: "choice", label: "Side by side", fallback: BOTH, choices: PLANES, help: "two flows from the same noise, on one clock" },
    ...secondSolverSpecs(model, "euler", 4, hasTwoSolvers),
    { name: "t", kind: "real", min: 0, max: 1, fallback: 0 },
    { name: "speed", kind: "choice", choices: Player.speeds.map((value) => ({ value })), fallback: 1 }];
}

export function whyEach() {
  return el("details", { class: "why" }, el("summary", {}, "Why each setting of the network matters"),
    el("dl", {}, WHY.flatMap(([name, words]) => [el("dt", {}, name), el("dd", {}, words)])));
}
