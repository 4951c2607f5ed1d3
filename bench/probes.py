#!/usr/bin/env python3
"""How often the intervals of Hutchinson's probes hold, of rows and of a mean over rows.

    bench/probes.py [--advect FILE] [--rows N] [--seeds N] [--probes 2,4,16] [--model FILE]

Trains a small model of a mixture of Gaussians in 20 dimensions (seconds), kept in the FILE of
--model if one is named and not trained anew if it is there, and compares log-densities by probes
with exact ones, by the same rk4 with 8 steps. Of 2, 4 and 16 probes, the same at all evaluations
and fresh ones: the share of rows whose exact value lies within interval_factor standard errors
(goal: 93 to 97 %), the RMS error, and the share of seeds for which the mean over rows lies within
its own standard error, sqrt(sum s^2) / n (goal: 68 % +- 5 %, as far as so many seeds can tell).
Figures: docs/adr/0023-error-bars.md.
"""

import argparse
import json
import math
import os
import random
import subprocess
import tempfile

DIM, MODES = 20, 6


def recipe():
    random.seed(1)
    means = [[round(random.gauss(0, 1.2), 2) for _ in range(DIM)] for _ in range(MODES)]
    return {
        "name": "mixture-20d",
        "net": {"kind": "mlp", "dim": DIM, "channels": 64, "layers": 3, "activation": "silu"},
        "data": {"source": {"kind": "density", "density": {
            "kind": "gaussian_mixture", "means": means, "deviations": 0.5}}},
        "train": {"steps": 2000, "batch": 256, "learning_rate": 0.003, "warmup_steps": 100,
                  "ema_decay": 0.998, "seed": 1},
    }


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Model:
    def __init__(self, advect, path, rows, folder):
        self.advect, self.path = advect, path
        self.points = os.path.join(folder, "points.npy")
        run([advect, "sample", path, "-n", str(rows), "--seed", "7", "--quiet", "-o", self.points])

    def log_densities(self, *flags):
        return json.loads(run([self.advect, "logp", self.path, "--points", self.points, "--quiet",
                               "--format", "json", "--solver", "rk4", "--steps", "8", *flags]))


def measure(model, exact, probes, renew, seeds):
    n, covered, means, square = len(exact), 0, 0, 0
    for seed in range(seeds):
        answer = model.log_densities("--divergence", "hutchinson", "--probes", str(probes),
                                     "--probe-seed", str(seed), f"--renew-probes={renew}")
        errors = [a - b for a, b in zip(answer["log_density"], exact)]
        told = answer["standard_error"]
        factor = answer["divergence"]["interval_factor"]
        covered += sum(abs(e) <= factor * s for e, s in zip(errors, told))
        square += sum(e * e for e in errors)
        means += abs(sum(errors)) <= math.sqrt(sum(s * s for s in told))
    return covered / n / seeds, math.sqrt(square / n / seeds), means / seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--probes", default="2,4,16")
    parser.add_argument("--model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or os.path.join(folder, "mixture-20d.safetensors")
        if not os.path.exists(path):
            with open(os.path.join(folder, "recipe.json"), "w") as file:
                json.dump(recipe(), file)
            run([options.advect, "train", file.name, "--out", path, "--quiet"])
        model = Model(options.advect, path, options.rows, folder)
        exact = model.log_densities("--divergence", "exact")["log_density"]
        print("probes  fresh  rows covered  RMS error, nats  means covered")
        for probes in map(int, options.probes.split(",")):
            for renew in ("false", "true"):
                rows, rms, means = measure(model, exact, probes, renew, options.seeds)
                print(f"{probes:6}  {renew:5}  {rows:12.3f}  {rms:15.4f}  {means:13.2f}", flush=True)


if __name__ == "__main__":
    main()
