#!/usr/bin/python3
"""How long a training of images takes until a judge reads its samples as asked: trainings of the same
recipe, each twice as long as the one before and with a learning rate that decays to its end.

    bench/time_to_quality.py RECIPE.json --data DIR --judge PROGRAM [--steps 400,800,1600,3200]
        [--set PATH=VALUE]... [--guidance 1.25,1.5] [--solver midpoint:5] [--accuracy 0.985]
        [--threads 2] [--folder DIR] [--figure FILE.svg]

PROGRAM is a scorer as advect eval runs it (docs/guide/digits.md). A line is printed for each training:
its steps, seconds by the clock and of the processors, and for each guidance weight the accuracy and
the Frechet distance of 1,000 samples. It ends at the first training that has --accuracy with one of
the weights; what is in --folder is not done again. --figure draws the accuracies against the length.
"""
import argparse
import json
import os
import resource
import subprocess
import time

import panels

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ADVECT = os.path.join(ROOT, "build", "bin", "advect")
COLOURS = (panels.BLUE, panels.RED)


def processor_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(options, steps, model):
    command = [ADVECT, "train", options.recipe, "--data", options.data, "--steps", str(steps), "--restart",
               "--quiet", "--threads", str(options.threads), "--out", model]
    for change in options.set:
        command += ["--set", change]
    began, used = time.monotonic(), processor_s()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"seconds": time.monotonic() - began, "processor_s": processor_s() - used}


def score(options, model, guidance):
    samples = os.path.join(options.folder, "samples.npy")
    command = [ADVECT, "eval", model, "--data", options.data, "--samples", samples, "--judge", options.judge,
               "--guidance", guidance, "--solver", options.solver, "--json", "--quiet",
               "--threads", str(options.threads)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name: said[f"judge_{name}"] for name in ("accuracy", "frechet")}


def keep(row, path):
    with open(path, "w", encoding="utf-8") as kept:
        json.dump(row, kept, indent=1)


def run(options, steps):
    """A training with what it was scored; as far as the folder has it, from there."""
    with open(options.recipe, encoding="utf-8") as file:
        recipe = json.load(file)
    stem = os.path.join(options.folder, f"{recipe['name']}-{steps}")
    asked = {"recipe": recipe, "data": os.path.abspath(options.data), "set": options.set,
             "threads": options.threads, "solver": options.solver, "judge": os.path.abspath(options.judge)}
    row = {"asked": asked, "steps": steps, "scores": {}}
    if os.path.exists(stem + ".figures.json"):
        with open(stem + ".figures.json", encoding="utf-8") as kept:
            row = json.load(kept)
        if row["asked"] != asked:
            raise SystemExit(f"{stem}.figures.json is of {row['asked']}; name another --folder")
    if "seconds" not in row:
        row |= train(options, steps, stem + ".safetensors")
        keep(row, stem + ".figures.json")
    for guidance in options.guidance.split(","):
        if guidance not in row["scores"]:
            row["scores"][guidance] = score(options, stem + ".safetensors", guidance)
            keep(row, stem + ".figures.json")
    return row


def draw(options, rows):
    panel = panels.Panel(panels.LEFT, "share of samples read as asked", [row["steps"] for row in rows],
                         [0.8, 0.85, 0.9, 0.95, 1], False, "optimiser steps, and minutes of the processors")
    panel.mark(options.accuracy, f"{options.accuracy:g}")
    parts = [panels.text(panel.x(row["steps"]), panels.TOP + panels.PANEL_H - 8,
                         f"{row['processor_s'] / 60:.1f} min", 11, panels.DIM) for row in rows]
    for i, guidance in enumerate(options.guidance.split(",")):
        colour = COLOURS[i % len(COLOURS)]
        panel.curve([(row["steps"], max(row["scores"][guidance]["accuracy"], 0.8)) for row in rows], colour)
        parts.append(panels.text(panels.LEFT + 110 * i, 18, f"guidance {guidance}", 12, colour, "start"))
    with open(options.figure, "w", encoding="utf-8") as file:
        file.write(panels.page("Time to quality", panel.parts + parts, panels.LEFT + panels.PANEL_W + 30))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", metavar="RECIPE.json")
    parser.add_argument("--data", required=True)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--steps", default="400,800,1600,3200")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--guidance", default="1.25,1.5")
    parser.add_argument("--solver", default="midpoint:5")
    parser.add_argument("--accuracy", type=float, default=0.985)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", default=os.path.join(ROOT, "build", "time-to-quality"))
    parser.add_argument("--figure", metavar="FILE.svg")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    rows = []
    print(f"{'':24}" + "".join(f"  guidance {w:>7}" for w in options.guidance.split(",")))
    print(f"{'steps':>6} {'seconds':>8} {'CPU s':>8}" + "  accuracy frechet" * len(options.guidance.split(",")))
    for steps in map(int, options.steps.split(",")):
        row = run(options, steps)
        rows.append(row)
        scores = [row["scores"][guidance] for guidance in options.guidance.split(",")]
        print(f"{steps:6d} {row['seconds']:8.0f} {row['processor_s']:8.0f}"
              + "".join(f"{score['accuracy']:10.3f} {score['frechet']:7.2f}" for score in scores), flush=True)
        if max(score["accuracy"] for score in scores) >= options.accuracy:
            break
    if options.figure:
        draw(options, rows)


if __name__ == "__main__":
    main()
