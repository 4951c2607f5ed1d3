#!/usr/bin/env python3
"""What supports of columns are worth: small models of distributions with closed forms, trained as
docs/reference/recipe.md has it, against the truth.

    bench/supports.py [--advect build/bin/advect] [--only NAME] [--plain]

trains each model in some 10 seconds of two cores, and prints the KL divergence of the truth from it
in nats, with its standard error, over fresh points; the share of 100,000 samples outside of the
support; and for angles the jump of the log-density where they wrap. --plain trains without supports.
Ends with 1 where a KL divergence is above 0.01 nats by more than twice its standard error, where a
sample is outside, or where there is a jump.
Needs nothing but Python.
"""
import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS, POINTS, SAMPLES = 20000, 4000, 100000
KL_MAX = 0.01
CONCENTRATION = 4


def bessel_0(x):
    return sum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(40))


def angle(r):
    """Von Mises around pi, in [-pi, pi): the seam is where most of it lies."""
    return (r.vonmisesvariate(math.pi, CONCENTRATION) + math.pi) % (2 * math.pi) - math.pi


def log_angle(x):
    return CONCENTRATION * math.cos(x - math.pi) - math.log(2 * math.pi * bessel_0(CONCENTRATION))


def student(r):
    """Two dimensions, three degrees of freedom."""
    scale = math.sqrt(3 / r.gammavariate(1.5, 2))
    return r.gauss(0, 1) * scale, r.gauss(0, 1) * scale


def poisson(r, mean=3):
    k, left = 0, r.random() - math.exp(-mean)
    term = math.exp(-mean)
    while left > 0:
        k += 1
        term *= mean / k
        left -= term
    return k


def count_and_normal(r):
    k = poisson(r)
    return k, k + r.gauss(0, 1)


def two_counts(r):
    k = poisson(r)
    return k, poisson(r, 1 + k)


def log_poisson(k, mean):
    return k * math.log(mean) - mean - math.lgamma(k + 1)


def log_normal(z):
    return -0.5 * z * z - 0.5 * math.log(2 * math.pi)


CIRCLE = {"periodic": [-math.pi, math.pi]}

# name: (a draw, its log-density, supports, whether a sample is within)
TRUTHS = {
    "square": (
        lambda r: (r.random(), r.random()),
        lambda x, y: 0.0,
        [[0, 1], [0, 1]],
        lambda x, y: 0 <= x <= 1 and 0 <= y <= 1,
    ),
    "exponential": (
        lambda r: (r.expovariate(1), r.expovariate(0.2)),
        lambda x, y: -x - y / 5 - math.log(5),
        [[0, None], [0, None]],
        lambda x, y: x >= 0 and y >= 0,
    ),
    "angles": (
        lambda r: (angle(r), angle(r)),
        lambda x, y: log_angle(x) + log_angle(y),
        [CIRCLE, CIRCLE],
        lambda x, y: -math.pi <= x < math.pi and -math.pi <= y < math.pi,
    ),
    "student": (
        student,
        lambda x, y: -math.log(2 * math.pi) - 2.5 * math.log1p((x * x + y * y) / 3),
        ["heavy", "heavy"],
        lambda x, y: True,
    ),
    "counts": (
        count_and_normal,
        lambda k, y: log_poisson(k, 3) + log_normal(y - k),
        [{"integer": [0, None]}, None],
        lambda k, y: k >= 0 and k == int(k),
    ),
    "two-counts": (
        two_counts,
        lambda k, j: log_poisson(k, 3) + log_poisson(j, 1 + k),
        [{"integer": [0, None]}, {"integer": [0, None]}],
        lambda k, j: k >= 0 and k == int(k) and j >= 0 and j == int(j),
    ),
}


def recipe_of(name, plain):
    recipe = {
        "name": name,
        "net": {"kind": "mlp", "dim": 2, "channels": 64, "layers": 3, "activation": "silu"},
        "data": {"source": {"kind": "csv", "file": "train.csv"}},
        "train": {"steps": 4000, "batch": 512, "learning_rate": 0.003},
    }
    if not plain:
        recipe["data"]["support"] = TRUTHS[name][2]
    return recipe


def write_rows(path, rows):
    path.write_text("x,y\n" + "".join(f"{x:.9g},{y:.9g}\n" for x, y in rows))


def read_rows(path):
    lines = path.read_text().split()
    return [tuple(map(float, line.split(","))) for line in lines[1:]]


class Model:
    def __init__(self, advect, folder, name, plain):
        self.advect, self.folder, self.name = advect, folder, name
        write_rows(folder / "train.csv", (TRUTHS[name][0](random.Random(1 + i)) for i in range(ROWS)))
        (folder / "recipe.json").write_text(json.dumps(recipe_of(name, plain)))
        self.call("train", "recipe.json", "--quiet", "--out", "model.safetensors")

    def call(self, command, *arguments):
        outcome = subprocess.run([self.advect, command, *arguments], cwd=self.folder,
                                 stderr=subprocess.PIPE, text=True, check=False)
        if outcome.returncode:
            sys.exit(f"advect {command}: {outcome.stderr}")

    def log_densities(self, points):
        write_rows(self.folder / "points.csv", points)
        self.call("logp", "model.safetensors", "--points", "points.csv", "-o", "logp.csv", "-q")
        return [row[0] for row in read_rows(self.folder / "logp.csv")]

    def samples(self):
        self.call("sample", "model.safetensors", "-n", str(SAMPLES), "--seed", "1", "-q",
                  "-o", "samples.csv")
        return read_rows(self.folder / "samples.csv")


def measure(model, plain):
    draw, truth, _, within = TRUTHS[model.name]
    points = [draw(random.Random(-1 - i)) for i in range(POINTS)]
    kept = [tuple(float(f"{v:.9g}") for v in point) for point in points]
    gaps = [truth(*point) - log_p for point, log_p in zip(kept, model.log_densities(kept))]
    kl = sum(gaps) / POINTS
    error = math.sqrt(sum((gap - kl) ** 2 for gap in gaps) / POINTS / POINTS)
    outside = sum(not within(*sample) for sample in model.samples())
    figures = f"{model.name:12} {kl:8.4f} {error:8.4f} {outside / SAMPLES:9.5f}"
    good = kl - 2 * error <= KL_MAX and outside == 0
    if model.name == "angles":
        ends = [(side * math.pi, 0.7 * i) for i in range(-4, 5) for side in (-1, 1)]
        at = model.log_densities(ends)
        jump = max(abs(at[2 * i] - at[2 * i + 1]) for i in range(9))
        figures += f" {jump:9.5f}"
        good = good and jump < 1e-3
    print(figures + ("" if good or plain else "   too much"), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--only", choices=list(TRUTHS))
    parser.add_argument("--plain", action="store_true", help="train without supports")
    options = parser.parse_args()
    advect = str(Path(options.advect).resolve())
    print(f"{'truth':12} {'KL':>8} {'error':>8} {'outside':>9} {'jump':>9}")
    good = True
    for name in [options.only] if options.only else TRUTHS:
        with tempfile.TemporaryDirectory() as folder:
            model = Model(advect, Path(folder), name, options.plain)
            good = measure(model, options.plain) and good
    sys.exit(0 if good or options.plain else 1)


if __name__ == "__main__":
    main()
