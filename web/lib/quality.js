/* What was measured of a model, as sentences and as values with their errors. */
import { count, duration, number, spaced } from "./text.js";

const ERROR = "_standard_error";
const CLOSE_KL = 0.03, FAR_KL = 0.2; /* nats */
const SURE = 2; /* standard errors */

const percent = (v) => `${number(100 * v)} %`;

/* A value with as many decimals as its error has in two digits: "3.516 ± 0.003". */
export function withError(value, error) {
  if (!(error > 0))
    return number(value, 4);
  const decimals = Math.max(0, Math.min(8, -Math.floor(Math.log10(error))));
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`.replaceAll("-", "−");
}

/* Every sentence is a function of the card, null where it has not what it needs. [short answer, sentence] */
const SENTENCES = [
  ({ kl, kl_standard_error: error }) => kl !== undefined && [
    kl < CLOSE_KL ? "Yes: very close to the true density." : kl < FAR_KL ? "Fairly: near the true density, with visible faults." : "Not very: far from the true density.",
    `Its density is ${withError(kl, error)} nats from the true one (KL divergence, of which 0 is perfect).`],
  ({ judge_accuracy: share, judge_frechet: frechet, samples }) => share !== undefined && [
    share > 0.97 ? "Yes: its samples are read as what was asked for." : "In part: some samples are not what was asked for.",
    `A classifier reads ${withError(100 * share, 100 * Math.sqrt(share * (1 - share) / samples))} % of ${count(samples)} samples as the class asked for${frechet === undefined ? "" : `; their Fréchet distance from real images is ${number(frechet)}`}.`],
  ({ bits_per_dim: bits, bits_per_dim_standard_error: error, points }) => bits !== undefined && [
    `It tells held-out images in ${number(bits)} bits/dim.`,
    `An image that training did not see takes ${withError(bits, error)} bits/dim, averaged over ${count(points)}; without any model it takes 8.`],
  ({ inside, samples }) => inside !== undefined && [null,
    `${percent(inside)} of ${count(samples)} samples lie where the true density is not zero.`],
  ({ modes, mode_share_min: least, mode_share_max: most, mode_p: p }) => modes !== undefined && [null,
    `${least > 0 ? `All ${modes} modes are found` : `Not all ${modes} modes are found`}, with between ${percent(least)} and ${percent(most)} of their true shares${
      p === undefined ? "" : p > 0.01 ? "; chance alone gives as much" : "; more than chance gives"}.`],
  ({ sliced_wasserstein: far, sliced_wasserstein_of_data: own }) => far !== undefined && own !== undefined && [
    far <= 1.5 * own ? "Yes: samples are as near to the data as data are." : null,
    `Samples are ${number(far)} from the data (sliced Wasserstein distance); other data are ${number(own)} from them.`],
  ({ integral, integral_standard_error: error }) => integral !== undefined && [null,
    `The density integrates to ${withError(integral, error)}${error > 0 && Math.abs(integral - 1) > SURE * error ? ", a little off 1" : "; 1 is right"}.`],
  ({ kl, bits_per_dim: bits, nll, nll_standard_error: error, points }) => nll !== undefined && kl === undefined && bits === undefined && [
    "How good it is shows beside other models of the same data.",
    `A held-out row has a log-density of ${withError(-nll, error)} nats, averaged over ${count(points)}.`],
];

/* {answer, sentences} to whether the model is good; null where nothing was measured that says so. */
export function verdict(card) {
  const told = SENTENCES.map((sentence) => sentence(card ?? {})).filter(Boolean);
  return told.length ? { answer: told.find(([answer]) => answer)?.[0], sentences: told.map(([, words]) => words) } : null;
}

/* Values by what they are called; [words, how they are printed]. */
const WORDS = {
  train_loss: ["training loss"], held_out_loss: ["loss on held-out examples"],
  samples: ["samples drawn", count], sample_nfe: ["velocity evaluations per sample", count],
  points: ["points of the log-densities", count], modes: ["modes of the true density", count],
  mode_share_min: ["rarest mode, relative to its true share"], mode_share_max: ["commonest mode, relative to its true share"],
  mode_kl: ["KL divergence between true and sampled shares of modes, nats"], mode_p: ["p-value of the modes' shares"],
  inside: ["samples inside the support", percent], integral: ["integral of the density"],
  integration_error: ["median error of the integration, nats"],
  error_bar_coverage: ["errors below the one told", percent], error_bar_ratio: ["median of the errors told, over that of the real"],
  error_bar_points: ["points of these errors", count],
  sliced_wasserstein: ["sliced Wasserstein distance from the data (of tables in standard deviations)"], sliced_wasserstein_of_data: ["the same of other data"],
  energy_distance: ["energy distance from the data (likewise)"], energy_distance_of_data: ["the same of other data"],
  kl: ["KL divergence from the true density, nats"], entropy: ["entropy of the true density, nats"],
  nll: ["negative log-likelihood, nats"], nll_probe_error: ["of its error, from the probes, nats"],
  bits_per_dim: ["bits/dim"], bits_per_dim_probe_error: ["of its error, from the probes, bits/dim"],
  bits_per_dim_with_label: ["bits/dim, those of the label included"],
  judge_accuracy: ["samples read as asked by a classifier", percent], judge_frechet: ["Fréchet distance from real images"],
};
const ELSEWHERE = ["parameters", "train_steps", "train_seconds"]; /* told on other cards of the page */

/* [words, value with its error] for each value of a card. */
export function values(card) {
  return Object.entries(card).filter(([name]) => !ELSEWHERE.includes(name) && !(name.endsWith(ERROR) && name.slice(0, -ERROR.length) in card))
    .map(([name, value]) => {
      const [words, print] = WORDS[name] ?? [spaced(name)];
      return [words, typeof value !== "number" ? String(value) : print ? print(value) : withError(value, card[name + ERROR])];
    });
}

/* [words, value] of how it was trained. */
export function trainingFacts(card, train) {
  const about = train?.recipe?.train, steps = train?.steps ?? card?.train_steps, seconds = train?.seconds ?? card?.train_seconds;
  return [
    ...steps ? [["steps", count(steps)]] : [], ...seconds ? [["time", duration(seconds)]] : [],
    ...about ? [["batch", count(about.batch)], ["learning rate", number(about.learning_rate, 4)]] : [],
  ];
}
