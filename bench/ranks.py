#!/usr/bin/env python3
"""Training by two ranks of one thread beside one process of two threads.

    bench/ranks.py [--advect BIN] [--ranks 2] [--rounds 5] [RECIPE.json ...]

Builds build/mpi/bin/advect first (make MPI=1), which needs libopenmpi-dev and openmpi-bin. A round
gives each its turn of the same steps of the same recipe; printed are the medians of steps per second,
of the CPU time of a step, and of the rounds' ratios, which are below 1 where ranks are slower. Both
must leave the same weights, byte for byte, and the script fails otherwise. Where others use the
processors, ranks are late more often, as each waits for all others twice a step; the ratio of CPU
times then says more, though it holds against ranks that they wait by asking again and again.
"""
import argparse
import json
import os
import re
import resource
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


RECIPES = [mlp(128, 256, 600), mlp(256, 512, 150), mlp(512, 512, 50), mlp(512, 2048, 15)]


def weights_of(path):
    with open(path, "rb") as file:
        data = file.read()
    return data[8 + struct.unpack("<Q", data[:8])[0]:]


def train(command, threads, recipe, steps, out):
    """Steps per second, and CPU seconds of all processes, those of starting included."""
    path = os.path.join(os.path.dirname(out), "recipe.json")
    with open(path, "w") as file:
        json.dump(recipe, file)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, "train", path, "--restart", "--threads", str(threads),
                           "--steps", str(steps), "--out", out], text=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rates = re.findall(r"([\d.]+) steps/s", done.stderr)
    if done.returncode or not rates:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(rates[-1]), cpu


class Way:
    def __init__(self, command, threads, out):
        self.command, self.threads, self.out = command, threads, out
        self.rates, self.cpu = [], []

    def turn(self, recipe):
        """CPU seconds of a step: what the steps after the first take."""
        steps = recipe["train"]["steps"]
        _, start = train(self.command, self.threads, recipe, 1, self.out)
        rate, whole = train(self.command, self.threads, recipe, steps, self.out)
        self.rates.append(rate)
        self.cpu.append((whole - start) / (steps - 1))


def measure(options, recipe, folder):
    flags = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
             "--mca", "mpi_yield_when_idle", "1"]
    mpirun = ["mpirun", *flags, "-n", str(options.ranks), "-x", "OPENBLAS_NUM_THREADS=1"]
    ranks = Way([*mpirun, options.advect], 1, os.path.join(folder, "ranks.safetensors"))
    threads = Way([options.advect], options.ranks, os.path.join(folder, "threads.safetensors"))
    for _ in range(options.rounds):
        ranks.turn(recipe)
        threads.turn(recipe)
    same = weights_of(ranks.out) == weights_of(threads.out)
    rate = statistics.median(a / b for a, b in zip(ranks.rates, threads.rates))
    cpu = statistics.median(b / a for a, b in zip(ranks.cpu, threads.cpu))
    n = options.ranks
    print(f"{recipe['name']:22} {statistics.median(ranks.rates):7.1f} steps/s by {n} ranks, "
          f"{statistics.median(threads.rates):7.1f} by {n} threads: {rate:.2f}; CPU "
          f"{1e3 * statistics.median(ranks.cpu):.1f} and {1e3 * statistics.median(threads.cpu):.1f} "
          f"ms a step: {cpu:.2f}; weights {'the same' if same else 'DIFFER'}", flush=True)
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
