#!/usr/bin/python3
"""Fits tables drawn from mixtures of Gaussians by `advect fit` and prints the Kullback-Leibler
divergence of the truth from the model, in nats, at points that are drawn independently.

    bench/mixtures.py [--advect build/bin/advect] [--folder DIR] [--dims 2,4,8,16] [--rows 50000]
                      [--seeds 1,2,3] [--points 4000] [-- FLAG ...]

A truth is a mixture of 8 Gaussians of its own for each dimension and seed: means normal with
standard deviation 1.5, axes a random rotation, standard deviations along them from 0.2 to 1, shares
in proportion to 1, 2, ..., 8. FLAGs after -- are passed on to `advect fit`, which has its defaults
otherwise. Each fit runs on one thread; the processor's seconds stand beside it. Figures are kept in
DIR, and what is there is not done again: an interrupted run goes on. Tables and models are removed.

The goal is at most 0.01 nats for each dimension, on the mean over seeds; ends with 1 where it is
missed. The +- is the standard error of the KL over points, of all seeds together.

Needs python3-numpy.
"""
import argparse
import hashlib
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import numpy as np

COMPONENTS = 8
MEAN_SD, SD_LEAST, SD_MOST = 1.5, 0.2, 1.0
GOAL_PER_DIMENSION = 0.01


class Mixture:
    """A truth: what it draws and its log-density, in double."""

    def __init__(self, dim, seed):
        rng = np.random.default_rng([seed, dim])
        self.shares = np.arange(1, COMPONENTS + 1) / sum(range(1, COMPONENTS + 1))
        self.means = rng.normal(0, MEAN_SD, (COMPONENTS, dim))
        rotations = [np.linalg.qr(rng.normal(size=(dim, dim)))[0] for _ in range(COMPONENTS)]
        self.sds = rng.uniform(SD_LEAST, SD_MOST, (COMPONENTS, dim))
        self.axes = np.array(rotations)  # an axis is a column
        self.rng = rng

    def draw(self, n):
        """n rows as they are stored, in float32."""
        kinds = self.rng.choice(COMPONENTS, n, p=self.shares)
        along = self.rng.normal(size=(n, self.means.shape[1])) * self.sds[kinds]
        return (self.means[kinds] + np.einsum("nij,nj->ni", self.axes[kinds], along)).astype("f4")

    def log_density(self, rows):
        parts = []
        for share, mean, axes, sds in zip(self.shares, self.means, self.axes, self.sds):
            z = (rows.astype("f8") - mean) @ axes / sds
            constant = math.log(share) - np.log(sds).sum() - len(sds) / 2 * math.log(2 * math.pi)
            parts.append(constant - (z * z).sum(axis=1) / 2)
        return np.logaddexp.reduce(parts, axis=0)


def fit(options, folder, rows):
    """Seconds, and the number of Gaussians that the model began with."""
    np.save(os.path.join(folder, "rows.npy"), rows)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [options.advect, "fit", "--quiet", "--no-report", "--threads", "1", "--out", folder,
               "--name", "model", os.path.join(folder, "rows.npy"), *options.flags]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run([options.advect, "inspect", os.path.join(folder, "model.safetensors"),
                            "--json"], check=True, capture_output=True, text=True).stdout
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(shown))


def gaps(options, folder, truth):
    """log p_true - log p_model at fresh points."""
    points = truth.draw(options.points)
    np.save(os.path.join(folder, "points.npy"), points)
    out = os.path.join(folder, "logp.npy")
    subprocess.run([options.advect, "logp", os.path.join(folder, "model.safetensors"), "--quiet",
                    "--points", os.path.join(folder, "points.npy"), "--threads", "1", "-o", out],
                   check=True)
    return truth.log_density(points) - np.load(out).reshape(options.points)


def measure(options, dim, seed):
    """The figures of one table, from the folder if they are there."""
    asked = {"dim": dim, "seed": seed, "rows": options.rows, "points": options.points,
             "flags": options.flags}
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    path = os.path.join(options.folder, key + ".json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as kept:
            return json.load(kept)
    truth = Mixture(dim, seed)
    with tempfile.TemporaryDirectory() as folder:
        seconds, model = fit(options, folder, truth.draw(options.rows))
        off = gaps(options, folder, truth)
    figures = {"asked": asked, "kl": float(off.mean()), "seconds": seconds,
               "error": float(off.std() / math.sqrt(len(off))),
               "mixture": model["net"].get("mixture", 0)}
    with open(path, "w", encoding="utf-8") as kept:
        json.dump(figures, kept, indent=1)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--folder", default="/tmp/advect-mixtures")
    parser.add_argument("--dims", default="2,4,8,16")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--points", type=int, default=4000)
    parser.add_argument("flags", nargs="*", metavar="FLAG")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    print("| d | Gaussians at the start | KL, nats | of each seed | KL / d | CPU s |")
    print("|---|---|---|---|---|---|")
    met = True
    for dim in map(int, options.dims.split(",")):
        runs = [measure(options, dim, int(seed)) for seed in options.seeds.split(",")]
        kl = statistics.mean(run["kl"] for run in runs)
        error = math.sqrt(sum(run["error"] ** 2 for run in runs)) / len(runs)
        met = met and kl <= GOAL_PER_DIMENSION * dim
        begun = ", ".join(str(run["mixture"]) for run in runs)
        each = ", ".join(f"{run['kl']:.4f}" for run in runs)
        print(f"| {dim} | {begun} | {kl:.4f} +- {error:.4f} | {each} | {kl / dim:.4f} | "
              f"{statistics.mean(run['seconds'] for run in runs):.0f} |", flush=True)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
