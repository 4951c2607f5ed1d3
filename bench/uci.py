#!/usr/bin/python3
"""Fits small public tables by the protocol of Uria, Murray and Larochelle (RNADE, NIPS 2013), and
prints the mean log-density of test rows, in nats a row.

    bench/uci.py [--advect build/bin/advect] [--folder DIR] [--tables boston,ionosphere]
                 [--folds 10] [-- FLAG ...]

The protocol: columns of discrete values are left out, and one of each pair of columns that
correlate by more than 0.98 (Pearson; none here). Rows are divided into ten folds at random. Each
fold is the test once: the others are the training, by whose means and standard deviations all rows
are standardised. `advect fit` holds out rows of the training itself, to choose the weights and when
to end, and never sees the test.

    table       Debian package  rows  columns left out
    boston      r-cran-mass     506   chas, rad and tax, which are whole numbers, and zn, which is
                                      mostly 0 and else one of 25 steps: 10 are left
    ionosphere  r-cran-mlbench  351   V1 (0 or 1) and V2 (always 0): 32 are left

FLAGs after -- are passed on to `advect fit`, which has its defaults otherwise. A Gaussian with the
training's mean and covariance is fitted to the same folds. The +- is the standard error over rows.
Each fit runs on one thread; the processor's seconds are of all folds. Figures of a fold are kept in
DIR, and what is there is not done again: an interrupted run goes on.

Needs r-base-core and python3-numpy.
"""
import argparse
import hashlib
import json
import math
import os
import resource
import subprocess
import tempfile

import numpy as np

SEED = 1  # of the folds
CORRELATION_MOST = 0.98

TABLES = {
    "boston": ("MASS", "Boston", ["chas", "rad", "tax", "zn"]),
    "ionosphere": ("mlbench", "Ionosphere", ["V1", "V2", "Class"]),
}


def read(name, folder):
    package, data, without = TABLES[name]
    path = os.path.join(folder, name + ".csv")
    left_out = ", ".join(f"'{column}'" for column in without)
    code = (f"data({data}, package = '{package}'); "
            f"write.csv({data}[, !names({data}) %in% c({left_out})], '{path}', row.names = FALSE)")
    subprocess.run(["Rscript", "-e", code], check=True, stdout=subprocess.DEVNULL)
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    correlations = np.abs(np.corrcoef(rows.T) - np.eye(rows.shape[1]))
    if correlations.max() > CORRELATION_MOST:
        raise SystemExit(f"{name}: two columns correlate by {correlations.max():.3f}")
    return rows


def gaussian(train, test):
    factor = np.linalg.cholesky(np.cov(train.T, bias=True))
    z = np.linalg.solve(factor, (test - train.mean(axis=0)).T)
    constant = np.log(np.diag(factor)).sum() + len(factor) / 2 * math.log(2 * math.pi)
    return -(z * z).sum(axis=0) / 2 - constant


def fit(options, train, test, seed):
    """Log-densities of the test rows, and the seconds of the fit."""
    with tempfile.TemporaryDirectory() as folder:
        at = {name: os.path.join(folder, name) for name in ("train.npy", "test.npy", "logp.npy")}
        np.save(at["train.npy"], train.astype("f4"))
        np.save(at["test.npy"], test.astype("f4"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([options.advect, "fit", "--quiet", "--no-report", "--threads", "1", "--seed",
                        str(seed), "--out", folder, "--name", "model", at["train.npy"],
                        *options.flags], check=True, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([options.advect, "logp", os.path.join(folder, "model.safetensors"),
                        "--quiet", "--points", at["test.npy"], "--divergence", "exact",
                        "--threads", "1", "-o", at["logp.npy"]], check=True)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return np.load(at["logp.npy"]).reshape(len(test)), seconds


def measure(options, name, rows, fold):
    """The figures of one fold, from the folder if they are there."""
    asked = {"table": name, "folds": options.folds, "fold": fold, "flags": options.flags}
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    path = os.path.join(options.folder, key + ".json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as kept:
            return json.load(kept)
    of_test = np.arange(len(rows)) % options.folds == fold
    train, test = rows[~of_test], rows[of_test]
    mean, sd = train.mean(axis=0), train.std(axis=0)
    train, test = (train - mean) / sd, (test - mean) / sd
    model, seconds = fit(options, train, test, fold)
    figures = {"asked": asked, "seconds": seconds, "gaussian": gaussian(train, test).tolist(),
               "model": model.astype("f8").tolist()}
    with open(path, "w", encoding="utf-8") as kept:
        json.dump(figures, kept, indent=1)
    return figures


def mean_with_error(folds, which):
    values = np.concatenate([fold[which] for fold in folds])
    return f"{values.mean():.2f} +- {values.std() / math.sqrt(len(values)):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--folder", default="/tmp/advect-uci")
    parser.add_argument("--tables", default="boston,ionosphere")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("flags", nargs="*", metavar="FLAG")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    print("| table | rows | columns | Gaussian | model | CPU s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.tables.split(","):
            rows = np.random.default_rng(SEED).permutation(read(name, folder))
            folds = [measure(options, name, rows, fold) for fold in range(options.folds)]
            seconds = sum(fold["seconds"] for fold in folds)
            print(f"| {name} | {len(rows)} | {rows.shape[1]} | "
                  f"{mean_with_error(folds, 'gaussian')} | {mean_with_error(folds, 'model')} | "
                  f"{seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
