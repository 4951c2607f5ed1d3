#!/usr/bin/env python3
"""How often the errors that log-densities come with are large enough, how much too large they are,
and what they cost.

    bench/error_bars.py [--advect FILE] [--models FOLDER] [--points N] [--solvers LIST]
                        [--truth SOLVER] [NAME ...]
    bench/error_bars.py --scores [--models FOLDER] [--points N] [NAME ...]

For each shipped model of the plane: N points, half of them samples and half uniform over the
model's box, are answered by each solver with errors, and once by dopri5 at 1e-9, which stands for
the truth (--truth; networks of relu and selu need rk4:4000). Of each: the share of points whose real error is below the reported one (goal: 95 %), that of
their latents, the medians of both, their ratio (goal: 20 at most), and the CPU time against that
without errors. With --scores the errors of scores by difference, at t = 1, 0.9 and 0.5 of N samples,
against differences of fourth order with step 0.01 of log-densities by dopri5 at 1e-8; and how far the
path's scores are from these, as a share of their root mean square.
"""

import argparse
import json
import math
import os
import random
import resource
import statistics
import subprocess
import tempfile

SOLVERS = "dopri5:1e-3 dopri5:1e-4 dopri5:1e-5 dopri5:1e-6 dopri5:1e-7 " \
          "rk4:10 rk4:25 rk4:50 rk4:100 midpoint:16 midpoint:50 heun:50 euler:100"


def solver_flags(text):
    method, value = text.split(":")
    if method == "dopri5":
        return ["--solver", method, "--rtol", value, "--atol", value]
    return ["--solver", method, "--steps", value]


def run(command):
    """The answer, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(out), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Model:
    def __init__(self, advect, path, n_points, folder):
        self.advect, self.path = advect, path
        self.points = os.path.join(folder, "points.csv")
        inspected = json.loads(subprocess.run([advect, "inspect", "--json", path], check=True,
                                              capture_output=True, text=True).stdout)
        self.data = inspected.get("config", inspected)["data"]
        if self.data["shape"] == [2]:
            self.write_points(n_points)

    def write_points(self, n):
        rows = self.sample(n // 2)
        box = self.data.get("box", [[-4, 4], [-4, 4]])
        random.seed(7)
        rows += [[random.uniform(*side) for side in box] for _ in range(n - n // 2)]
        self.write_rows(rows)

    def sample(self, n):
        return run([self.advect, "sample", self.path, "-n", str(n), "--seed", "7", "--quiet",
                    "--format", "json"])[0]["samples"]

    def write_rows(self, rows):
        with open(self.points, "w") as file:
            for row in rows:
                file.write(",".join(map(repr, row)) + "\n")

    def log_densities(self, solver, errors):
        return run([self.advect, "logp", self.path, "--points", self.points, "--threads", "1",
                    "--quiet", "--format", "json", *solver_flags(solver),
                    "--errors" if errors else "--errors=false"])


def scores(model, samples, t):
    """Shares and medians of the errors of scores by difference at samples."""
    step, weights = 0.01, {1: 8, -1: -8, 2: -1, -2: 1}
    around = [row[:k] + [row[k] + offset * step] + row[k + 1:]
              for row in samples for k in range(len(row)) for offset in weights]
    ask = [model.path, "--points", model.points, "--t", t, "--quiet", "--format", "json"]
    model.write_rows(samples)
    answer, _ = run([model.advect, "score", *ask, "--method", "difference"])
    model.write_rows(around)
    found, _ = run([model.advect, "logp", *ask, "--errors=false", *solver_flags("dopri5:1e-8")])
    left = iter(found["log_density"])
    truth = [[sum(weight * next(left) for weight in weights.values()) / (12 * step) for _ in row]
             for row in samples]
    real = [math.dist(a, b) for a, b in zip(answer["score"], truth)]
    told = answer["score_error"]
    return share(real, told), statistics.median(real), statistics.median(told), truth


def path_apart(model, samples, t, truth):
    """Root mean square of the path's scores minus the truth, as a share of that of the truth."""
    model.write_rows(samples)
    answer, _ = run([model.advect, "score", model.path, "--points", model.points, "--t", t, "--quiet",
                     "--format", "json", "--method", "path"])
    apart = sum(math.dist(a, b) ** 2 for a, b in zip(answer["score"], truth))
    return math.sqrt(apart / sum(math.hypot(*row) ** 2 for row in truth))


def share(real, told):
    return sum(r <= t for r, t in zip(real, told)) / len(real)


def measure(model, solver, truth):
    answer, with_errors = model.log_densities(solver, True)
    _, without = model.log_densities(solver, False)
    real = [abs(a - b) for a, b in zip(answer["log_density"], truth["log_density"])]
    told = answer["log_density_error"]
    latents = share([math.dist(a, b) for a, b in zip(answer["latents"], truth["latents"])],
                    answer["latent_error"])
    ratio = statistics.median(told) / statistics.median(real)
    return (share(real, told), latents, statistics.median(real), statistics.median(told), ratio,
            with_errors / without)


def models_of_the_plane(options, names, folder):
    for name in names:
        path = os.path.join(options.models, name + ".safetensors")
        model = Model(options.advect, path, options.points, folder)
        if model.data["shape"] == [2]:
            yield name, model


def print_densities(options, names):
    print(f"{'model':20} {'solver':12} covered  latents  median real  median told  ratio  CPU")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models_of_the_plane(options, names, folder):
            truth = model.log_densities(options.truth, False)[0]
            for solver in options.solvers.split():
                covered, latents, real, told, ratio, cost = measure(model, solver, truth)
                print(f"{name:20} {solver:12} {covered:7.3f}  {latents:7.3f}  {real:11.2g}  {told:11.2g}  "
                      f"{ratio:5.1f}  {cost:4.2f}", flush=True)


def print_scores(options, names):
    print(f"{'model':20}    t covered  median real  median told  ratio  path apart")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models_of_the_plane(options, names, folder):
            samples = model.sample(options.points)
            for t in ("1", "0.9", "0.5"):
                covered, real, told, truth = scores(model, samples, t)
                apart = f"{path_apart(model, samples, t, truth):10.3f}" if t != "1" else ""
                print(f"{name:20} {t:>4} {covered:7.3f}  {real:11.2g}  {told:11.2g}  {told / real:5.1f}"
                      f"  {apart}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--models", default="models")
    parser.add_argument("--points", type=int, default=400)
    parser.add_argument("--solvers", default=SOLVERS)
    parser.add_argument("--truth", default="dopri5:1e-9")
    parser.add_argument("--scores", action="store_true")
    parser.add_argument("names", nargs="*", help="of models; all of the plane if absent")
    options = parser.parse_args()
    names = options.names or sorted(name[:-len(".safetensors")]
                                    for name in os.listdir(options.models)
                                    if name.endswith(".safetensors"))
    print_scores(options, names) if options.scores else print_densities(options, names)


if __name__ == "__main__":
    main()
