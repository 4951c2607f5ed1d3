#!/usr/bin/python3
"""Trains variants of a recipe with several seeds and prints, of each, the Kullback-Leibler divergence
of the truth from the model and the share of samples inside the truth's support.

    bench/ablate.py [--advect build/bin/advect] [--folder DIR] [--seeds 1,2,3] [--points 3000]
                    RECIPE.json VARIANT...

A VARIANT is NAME or NAME:PATH=VALUE,PATH=VALUE, members of the recipe as `advect train --set` takes
them, such as "shift 16:train.time_shift=16". Each runs on one thread; the processor's seconds stand
beside it, so that variants can be given steps of equal cost. Models and figures are kept in DIR, and
what is there is not done again: an interrupted run goes on. The +- is the standard deviation over
seeds, which is what a difference of variants has to exceed.
"""
import argparse
import json
import os
import re
import resource
import statistics
import subprocess


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(options, recipe, name, members, seed):
    """The figures of one training, from the folder if they are there."""
    board = os.path.splitext(os.path.basename(recipe))[0]
    stem = os.path.join(options.folder, re.sub(r"[^\w.=-]+", "_", f"{board}-{name}-{seed}"))
    asked = {"recipe": recipe, "members": members, "seed": seed, "points": options.points}
    if os.path.exists(stem + ".figures.json"):
        with open(stem + ".figures.json", encoding="utf-8") as kept:
            figures = json.load(kept)
        if figures["asked"] != asked:
            raise SystemExit(f"{stem}.figures.json is of {figures['asked']}; name another --folder")
        return figures
    train = [options.advect, "train", recipe, "--restart", "--quiet", "--threads", "1"]
    for member in members + [f"train.seed={seed}"]:
        train += ["--set", member]
    began = children_s()
    subprocess.run(train + ["--out", stem + ".safetensors"], check=True, stdout=subprocess.DEVNULL)
    seconds = children_s() - began
    evaluate = [options.advect, "eval", stem + ".safetensors", "--json", "--quiet", "--threads", "1"]
    evaluate += ["--points", str(options.points), "--density-solver", "rk4:25", "--grid", "0"]
    out = subprocess.run(evaluate, check=True, capture_output=True, text=True).stdout
    figures = {"asked": asked, "seconds": seconds, **json.loads(out)}
    with open(stem + ".figures.json", "w", encoding="utf-8") as kept:
        json.dump(figures, kept, indent=1)
    return figures


def spread(values, digits):
    text = f"{statistics.mean(values):.{digits}f}"
    return text + (f" +- {statistics.stdev(values):.{digits}f}" if len(values) > 1 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect")
    parser.add_argument("--folder", default="/tmp/advect-ablate")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--points", type=int, default=3000)
    parser.add_argument("recipe")
    parser.add_argument("variants", nargs="+", metavar="VARIANT")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    print("| variant | KL, nats | inside | CPU s | seeds |\n|---|---|---|---|---|")
    for variant in options.variants:
        name, _, members = variant.partition(":")
        runs = [measure(options, options.recipe, name, [m for m in members.split(",") if m], seed)
                for seed in map(int, options.seeds.split(","))]
        print(f"| {name} | {spread([r['kl'] for r in runs], 4)} | "
              f"{spread([r['inside'] for r in runs], 4)} | "
              f"{statistics.mean(r['seconds'] for r in runs):.0f} | {len(runs)} |", flush=True)


if __name__ == "__main__":
    main()
