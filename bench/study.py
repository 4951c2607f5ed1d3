#!/usr/bin/python3
"""Trains checkerboards of k cells a side in d dimensions until they are good, to see how the steps grow
with modes and dimension: every square at least half its share, and a KL divergence under 0.1 nats.

    bench/study.py [--advect build/bin/advect] [--folder build/study] [--results FILE]
                   [--networks best,reference] [--boards 4^2,6^2,2^8] [--seeds 1,2,3]
                   [--most-steps 64000] [--threads N] [--quick] [--summary] [--markdown]

A board k^d is trained for 1,000 steps, then anew for 2,000, 4,000 and so on up to --most-steps, each
time with a learning rate that decays to the end, until it is good; the recipes of the networks are in
docs/internals/study. The short trainings of all boards come first, so that what is there is comparable
at any time.

What is done is kept in --results (docs/internals/study/results.json), which is written after every
training, with the program's own figures: the same command goes on where it was stopped, within a
training too. A network whose recipe has changed is trained anew. A part that failed is told, and tried
again by the next call; the others go on. --quick is seed 1 and at most 4,000 steps. --summary trains
nothing and prints the table of what is there, --markdown the same as rows for docs/guide/scaling.md. Ends
with 1 where a part failed.

A row of the table is of the greatest number of steps that the board has had, and of the seeds that had as
many. `good` counts, among the seeds that had as many steps or were good before, those that are good; where
all are, the row ends in the means of the steps, seconds and multiply-adds that they took.
"""
import argparse
import hashlib
import json
import math
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

RECIPES = Path("docs/internals/study")
NUMBERS = ("cells", "dim", "modes", "seed", "steps", "processor_s", "multiply_adds", "kl", "inside",
           "least_share")  # that each run has
QUALITY = {"kl": 0.1, "least_share": 0.5}
FIRST_STEPS = 1000
PLAN = {"most_steps": 64000, "seeds": 3}  # of the whole study
BOARDS = [(k, 2) for k in (4, 6, 8, 10, 12)] + [(2, d) for d in range(2, 9)] + \
         [(4, d) for d in range(3, 6)]
SAMPLES_PER_MODE = 60  # a square of its whole share has fewer than half of them once in a million
LEAST_SAMPLES = 3000
POINTS = 500


def ladder(most_steps):
    steps = FIRST_STEPS
    while steps <= most_steps:
        yield steps
        steps *= 2


def modes_of(cells, dim):
    """Cells of an even sum: half of them, and one more where their number is odd."""
    return (cells ** dim + 1) // 2


def read_recipe(network):
    """What is in the network's file; ends the program where it cannot be used."""
    path = RECIPES / f"{network}.json"
    try:
        recipe = json.loads(path.read_text())
    except OSError as fault:
        sys.exit(f"{path}, the recipe of the network {network}: {fault.strerror}")
    except ValueError as fault:
        sys.exit(f"{path} is no JSON: {fault}")
    for part in ("net", "train"):
        if not isinstance(recipe, dict) or not isinstance(recipe.get(part), dict):
            sys.exit(f"{path} has no object named {part}; a network's recipe needs one")
    return recipe


def recipe_of(network, cells, dim, seed, steps):
    """The network's recipe, with what it says in `where` of boards of this many cells or dimensions."""
    recipe = read_recipe(network)
    board = {"cells": cells, "dim": dim}
    for other in recipe.pop("where", []):
        if all(other[key] == board[key] for key in board.keys() & other.keys()):
            for part in ("net", "train"):
                recipe[part] |= other.get(part, {})
    recipe["name"] = f"{network}-{cells}-{dim}"
    recipe["net"]["dim"] = dim
    recipe["data"] = {"source": {"kind": "density",
                                 "density": {"kind": "checkerboard", "dim": dim, "cells": cells}}}
    recipe["train"] |= {"steps": steps, "seed": seed}
    return recipe


def digest_of(recipe):
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def fault_of(runs):
    """What is wrong with the runs of a file of results, or None."""
    if not isinstance(runs, list):
        return "it has no list named runs"
    for i, run in enumerate(runs):
        if not isinstance(run, dict):
            return f"runs[{i}] is no object"
        for name in ("network", "recipe"):
            if not isinstance(run.get(name), str):
                return f"runs[{i}].{name} must be a text"
        for name in NUMBERS:
            if not is_number(run.get(name)):
                return f"runs[{i}].{name} must be a number"
    return None


class Results:
    """The trainings that have ended, in a file that is written after each."""

    def __init__(self, path):
        self.path = path
        self.runs = []
        if not path.exists():
            return
        try:
            file = json.loads(path.read_text())
            self.runs = file.get("runs") if isinstance(file, dict) else None
            fault = fault_of(self.runs)
        except (OSError, ValueError) as error:
            fault = error
        if fault:
            sys.exit(f"{path} is not a file of this study: {fault}; move it away to start anew, or name "
                     "another with --results")

    def check_networks(self):
        """Without its recipe a network's results cannot be told from those of another recipe."""
        for network in sorted({run["network"] for run in self.runs}):
            if not (RECIPES / f"{network}.json").is_file():
                sys.exit(f"{self.path} has results of the network {network}, but its recipe, "
                         f"{RECIPES}/{network}.json, is missing; bring it back, or name another file "
                         "with --results")

    def find(self, recipe):
        digest = digest_of(recipe)
        return next((run for run in self.runs if run["recipe"] == digest), None)

    def add(self, run):
        """In place of one of the same name by an older recipe, if there is one."""
        self.runs = [other for other in self.runs if any(
            other[key] != run[key] for key in ("network", "cells", "dim", "seed", "steps"))]
        self.runs.append(run)
        self.save()

    def drop_stale(self):
        """Leaves out what recipes that have changed since had made."""
        current = [run for run in self.runs if run["recipe"] == digest_of(recipe_of(
            run["network"], run["cells"], run["dim"], run["seed"], run["steps"]))]
        if len(current) < len(self.runs):
            print(f"{len(self.runs) - len(current)} trainings are of recipes that have changed; they "
                  "are left out and run anew", file=sys.stderr, flush=True)
        self.runs = current

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        runs = sorted(self.runs, key=lambda run: (run["network"], run["dim"], run["cells"],
                                                  run["seed"], run["steps"]))
        lines = ",\n".join("  " + json.dumps(run | {"good": is_good(run)}) for run in runs)
        part.write_text(f'{{"quality": {json.dumps(QUALITY)},\n "plan": {json.dumps(PLAN)},\n'
                        f' "runs": [\n{lines}\n]}}\n')
        part.replace(self.path)


def run_program(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                           f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(options, recipe, model):
    """The processor's seconds, of all attempts. What was trained but not measured is not trained anew."""
    file, spent, ended = (model.with_suffix(f".{name}") for name in ("json", "seconds", "ended"))
    text = json.dumps(recipe, indent=2)
    is_same = file.exists() and file.read_text() == text
    if not is_same:
        file.write_text(text)
        spent.unlink(missing_ok=True)
        ended.unlink(missing_ok=True)
    seconds = float(spent.read_text()) if spent.exists() else 0.0
    if ended.exists():
        return seconds
    # Nothing is there to resume where the training was stopped before its first checkpoint.
    attempts = (["--resume"], ["--restart"]) if is_same else (["--restart"],)
    command = [options.advect, "train", file, "--out", model, "--quiet", "--threads", options.threads]
    for attempt in attempts:
        before = processor_seconds()
        try:
            run_program(command + attempt)
            ended.touch()
            return seconds + processor_seconds() - before
        except RuntimeError:
            if attempt is attempts[-1]:
                raise
        finally:
            spent.write_text(f"{seconds + processor_seconds() - before:.3f}\n")
    raise AssertionError("the last attempt returns or raises")


def multiply_adds(options, recipe, model):
    """Of the whole training: a step is three forward passes of its rows, each with a time of its own."""
    said = run_program([options.advect, "inspect", model])
    found = re.search(r"program, (\d+) multiply-adds per row and (\d+) per distinct", said)
    if not found:
        raise RuntimeError(f"{options.advect} inspect {model} tells no multiply-adds")
    per_row = int(found.group(1)) + int(found.group(2))
    return 3 * per_row * recipe["train"]["batch"] * recipe["train"]["steps"]


def measure(options, cells, dim, model):
    samples = max(LEAST_SAMPLES, SAMPLES_PER_MODE * modes_of(cells, dim))
    said = run_program([
        options.advect, "eval", model, "--json", "--quiet", "--grid", 0, "-n", samples, "--points", POINTS,
        "--density-solver", "rk4:25", "--threads", options.threads])
    try:
        told = json.loads(said)
    except ValueError as fault:
        raise RuntimeError(f"{options.advect} eval {model} does not print JSON: {fault}") from fault
    names = {"kl": "kl", "kl_error": "kl_standard_error", "inside": "inside", "least_share": "mode_share_min"}
    for name in names.values():
        if not is_number(told.get(name)):
            raise RuntimeError(f"{options.advect} eval {model} tells no number named {name}")
    return {ours: told[name] for ours, name in names.items()}


def is_good(run):
    return run["kl"] < QUALITY["kl"] and run["least_share"] >= QUALITY["least_share"]


def run_part(options, results, network, cells, dim, seed, steps):
    recipe = recipe_of(network, cells, dim, seed, steps)
    if results.find(recipe):
        return
    print(f"{recipe['name']}, seed {seed}, {steps} steps", file=sys.stderr, flush=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    model = options.folder / f"{network}-{cells}-{dim}-{seed}.safetensors"
    seconds = train(options, recipe, model)
    run = {"network": network, "cells": cells, "dim": dim, "modes": modes_of(cells, dim), "seed": seed,
           "steps": steps, "recipe": digest_of(recipe), "processor_s": round(seconds, 2),
           "multiply_adds": multiply_adds(options, recipe, model)}
    results.add(run | measure(options, cells, dim, model))


def is_done_before(results, network, board, seed, steps):
    """Whether a shorter training was good already."""
    return any(is_good(run) for run in results.runs
               if (run["network"], run["cells"], run["dim"], run["seed"]) == (network, *board, seed)
               and run["steps"] < steps)


def run_study(options, results):
    failed = 0
    for steps in ladder(options.most_steps):
        for seed in options.seeds:
            for network in options.networks:
                for board in options.boards:
                    if is_done_before(results, network, board, seed, steps):
                        continue
                    try:
                        run_part(options, results, network, *board, seed, steps)
                    except RuntimeError as fault:
                        failed += 1
                        print(fault, file=sys.stderr, flush=True)
    return failed


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


HEADER = ("network", "k", "d", "modes", "steps", "seeds", "KL, nats", "+-", "inside", "least share", "good",
          "good after", "CPU s", "multiply-adds")


def first_good(runs):
    """Of each seed that is good, the shortest training that was."""
    shortest = {}
    for run in sorted(runs, key=lambda run: run["steps"]):
        if is_good(run):
            shortest.setdefault(run["seed"], run)
    return shortest


def scientific(number):
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def row_of(runs, network, cells, dim):
    """What HEADER names, as texts, of a board that has been trained; else None."""
    mine = [run for run in runs if (run["network"], run["cells"], run["dim"]) == (network, cells, dim)]
    if not mine:
        return None
    most = max(run["steps"] for run in mine)
    longest = [run for run in mine if run["steps"] == most]
    good = first_good(mine)
    known = len(good.keys() | {run["seed"] for run in longest})
    kl, error = mean_and_error([run["kl"] for run in longest])
    row = [network, str(cells), str(dim), str(mine[0]["modes"]), f"{most:,}", str(len(longest)), f"{kl:.3f}",
           "-" if math.isnan(error) else f"{error:.3f}",
           f"{statistics.mean(run['inside'] for run in longest):.3f}",
           f"{min(run['least_share'] for run in longest):.2f}", f"{len(good)} of {known}"]
    if len(good) < known:
        return row + [f"> {most:,}", "-", "-"]
    means = {name: statistics.mean(run[name] for run in good.values())
             for name in ("steps", "processor_s", "multiply_adds")}
    return row + [f"{means['steps']:,.0f}", f"{means['processor_s']:,.0f}",
                  scientific(means["multiply_adds"])]


def print_plain(rows):
    widths = [max(map(len, column)) for column in zip(HEADER, *rows)]
    for row in (HEADER, *rows):
        print("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))))


def print_markdown(rows):
    for row in (HEADER, ["---"] * len(HEADER), *rows):
        print("|" + "|".join("---" if text == "---" else f" {text} " for text in row) + "|")


def print_summary(results, options):
    boards = [(network, *board) for network in options.networks for board in options.boards]
    rows = [row for row in (row_of(results.runs, *board) for board in boards) if row]
    if options.markdown:
        print_markdown(rows)
        return
    print_plain(rows)
    wanted = len(boards) * len(options.seeds)
    ended = sum(is_done_before(results, network, board, seed, math.inf) or any(
        (run["network"], run["cells"], run["dim"], run["seed"]) == (network, *board, seed)
        and run["steps"] >= max(ladder(options.most_steps)) for run in results.runs)
        for network in options.networks for board in options.boards for seed in options.seeds)
    print(f"{ended} of {wanted} boards and seeds are good or have had {options.most_steps} steps")


def board(text):
    found = re.fullmatch(r"(\d+)\^(\d+)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not a board; write k^d, as 4^2")
    cells, dim = map(int, found.groups())
    if not (2 <= cells <= 12 and 2 <= dim <= 8):
        raise argparse.ArgumentTypeError(f"{text}: boards have 2 to 12 cells a side and 2 to 8 dimensions")
    return cells, dim


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect", help="the program")
    parser.add_argument("--folder", type=Path, default=Path("build/study"), help="where models are kept")
    parser.add_argument("--results", type=Path, default=RECIPES / "results.json", help="file of results")
    parser.add_argument("--networks", type=lambda text: text.split(","), default=["best", "reference"],
                        help="recipes of docs/internals/study, with commas between them")
    parser.add_argument("--boards", type=lambda text: [board(word) for word in text.split(",")],
                        default=BOARDS, help="boards k^d, with commas between them")
    parser.add_argument("--seeds", type=lambda text: [int(word) for word in text.split(",")],
                        default=list(range(1, PLAN["seeds"] + 1)),
                        help="seeds of training, with commas between them")
    parser.add_argument("--most-steps", type=int, default=PLAN["most_steps"],
                        help="where a board is given up")
    parser.add_argument("--threads", type=int, default=1, help="threads of each training")
    parser.add_argument("--quick", action="store_true", help="seed 1 and at most 4,000 steps")
    parser.add_argument("--summary", action="store_true", help="print what is there, train nothing")
    parser.add_argument("--markdown", action="store_true",
                        help="print it as a table in Markdown, train nothing")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.most_steps = [1], 4000
    if not options.summary and not options.markdown and shutil.which(options.advect) is None:
        parser.error(f"{options.advect} is no program; build it with make, or name one with --advect")
    if options.most_steps < FIRST_STEPS:
        parser.error(f"--most-steps is {options.most_steps}; it must be at least {FIRST_STEPS}")
    for network in options.networks:
        if not (RECIPES / f"{network}.json").is_file():
            parser.error(f"{RECIPES}/{network}.json is not here; networks are the recipes there, and "
                         "this is to be called from the repository's root")
    return options


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = read_options()
    results = Results(options.results)
    results.check_networks()
    results.drop_stale()
    failed = 0 if options.summary or options.markdown else run_study(options, results)
    print_summary(results, options)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
