#!/usr/bin/env python3
"""Training by two ranks of one thread beside one process of two threads.

    bench/ranks.py [--advect BIN] [--ranks 2] [--rounds 5] [RECIPE.json ...]

Builds build/mpi/bin/advect first (make MPI=1), which needs libopenmpi-dev and openmpi-bin. A round
gives each its turn of the same steps of the same recipe; printed are the medians of steps per second
and of the rounds' ratios. Both must leave the same weights, byte for byte, and the script fails
otherwise. Processors that others use disturb ranks more than threads: they wait for each other in
every step, by spinning.
"""
import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(ROOT, "build", "mpi", "bin", "advect")
BOARD = {"source": {"kind": "density",
                    "density": {"kind": "checkerboard", "dim": 2, "cells": 4}}, "held_out": 0}


def mlp(channels, batch, steps):
    return {"name": f"mlp-{channels}x5-batch-{batch}",
            "net": {"kind": "mlp", "dim": 2, "channels": channels, "layers": 5},
            "data": BOARD, "train": {"steps": steps, "batch": batch, "seed": 1}}


RECIPES = [mlp(128, 256, 600), mlp(256, 512, 200), mlp(512, 512, 60), mlp(512, 2048, 20)]


def weights_of(path):
    with open(path, "rb") as file:
        data = file.read()
    return data[8 + struct.unpack("<Q", data[:8])[0]:]


def train(command, threads, recipe, out):
    """Steps per second."""
    path = os.path.join(os.path.dirname(out), "recipe.json")
    with open(path, "w") as file:
        json.dump(recipe, file)
    done = subprocess.run([*command, "train", path, "--restart", "--threads",
                           str(threads), "--out", out], text=True,
                          capture_output=True)
    rates = re.findall(r"([\d.]+) steps/s", done.stderr)
    if done.returncode or not rates:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return float(rates[-1])


def measure(options, recipe, folder):
    flags = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
             "--mca", "mpi_yield_when_idle", "1"]
    ranks = ["mpirun", *flags, "-n", str(options.ranks), "-x", "OPENBLAS_NUM_THREADS=1",
             options.advect]
    by_ranks, by_threads = [], []
    outs = [os.path.join(folder, f"{name}.safetensors") for name in ("ranks", "threads")]
    for _ in range(options.rounds):
        by_ranks.append(train(ranks, 1, recipe, outs[0]))
        by_threads.append(train([options.advect], options.ranks, recipe, outs[1]))
    same = weights_of(outs[0]) == weights_of(outs[1])
    ratio = statistics.median(a / b for a, b in zip(by_ranks, by_threads))
    print(f"{recipe['name']:24} {statistics.median(by_ranks):8.1f} steps/s by {options.ranks} ranks,"
          f" {statistics.median(by_threads):8.1f} by {options.ranks} threads, ratio {ratio:.2f}; "
          f"weights {'the same' if same else 'DIFFER'}", flush=True)
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipes", nargs="*")
    parser.add_argument("--advect", default=BINARY)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.advect == BINARY:
        subprocess.run(["make", "--no-print-directory", "-s", "-C", ROOT, "MPI=1",
                        "BIN=build/mpi/bin", "build/mpi/bin/advect"], check=True)
    recipes = [json.load(open(path)) for path in options.recipes] or RECIPES
    with tempfile.TemporaryDirectory() as folder:
        same = [measure(options, recipe, folder) for recipe in recipes]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
