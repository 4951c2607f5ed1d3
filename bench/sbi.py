#!/usr/bin/python3
"""Trains posteriors of the built-in simulators and holds their samples against the benchmark's: of each
task and number of simulations, the C2ST of five observations (0.5: not to be told from the reference
posterior) and the minutes of training; then whether the posteriors are calibrated, by advect eval
--calibration, and of gaussian_linear how far its log-densities are from the closed form.

    bench/sbi.py [--advect build/bin/advect] [--folder build/sbi] [--shared ../shared]
                 [--tasks two_moons,slcp] [--budgets 10000,100000] [--threads N] [--calibration N] [--set PATH=VALUE]...

What is done is kept in the folder, which has one of its own for each task and number: the same command
goes on where it was stopped, trainings included, and prints the table of all that is there, and two
commands of different tasks or numbers may run beside each other. --set changes members of every
recipe, as advect train does; give such trials a folder of their own, since what was trained by another
recipe is trained anew. Ends with 1 where a part failed.

Needs the observations of ../shared/data/sbi, ../shared/eval/c2st.py and the Debian packages
python3-numpy and python3-sklearn.
"""
import argparse
import json
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SAMPLES = 10000
OBSERVATIONS = range(1, 6)

# Most C2ST at 10,000 and 100,000 simulations, and that of neural posterior estimation (Lueckmann et
# al. 2021, means over ten observations); None: to be reported only.
FIGURES = {
    "two_moons": ((0.55, 0.525), (0.606, 0.542)),
    "gaussian_mixture": ((0.56, 0.52), (0.661, 0.555)),
    "gaussian_linear": ((0.54, 0.505), (0.552, 0.506)),
    "gaussian_linear_uniform": ((0.545, 0.51), (0.553, 0.509)),
    "slcp": ((0.75, 0.62), (0.901, 0.831)),
    "bernoulli_glm": ((0.61, 0.55), (0.678, 0.559)),
    "sir": ((0.64, 0.56), (0.680, 0.585)),
    "lotka_volterra": ((None, None), (0.997, 0.981)),
}
BUDGETS = (10000, 100000)

# Of log-densities that are only ranked: on average 0.002 nats from those of the default 1e-5 for
# gaussian_linear, whose own spread is 2, in half the time.
RANKING_SOLVER = "dopri5:1e-3"


def network_of(parameters, data, large):
    """Attention between parameters and data where each may show in few of the data; else an mlp."""
    sizes = {"dim": parameters, "context": data, "layers": 4, "time_frequencies": 8}
    if parameters > 2:
        return {"kind": "transformer", **sizes, "channels": 48, "mixture": 1}
    return {"kind": "mlp", **sizes, "channels": 160 if large else 128, "activation": "silu", "residual": True,
            "conditioning": "scale_shift", "context_mean": True, "mixture": 2}


def training_of(kind, large):
    shared = {"learning_rate": 0.002, "warmup_steps": 200, "time_shift": 4, "keep": "best", "patience": 6,
              "seed": 1}
    if kind == "transformer":
        return {**shared, "steps": 40000 if large else 24000, "batch": 128, "ema_decay": 0.999, "beta2": 0.99,
                "weight_decay": 0.1 if large else 0.3, "held_out_every": 2000}
    return {**shared, "steps": 40000 if large else 10000, "batch": 256, "ema_decay": 0.999 if large else 0.998,
            "weight_decay": 0.01, "held_out_every": 2000 if large else 500}


def recipe_of(task, simulations, parameters, data):
    """The one recipe of all tasks: only numbers of parameters, of data and of simulations decide."""
    large = simulations >= 50000
    net = network_of(parameters, data, large)
    return {
        "name": f"{task}-{simulations}",
        "net": net,
        "data": {
            "source": {"kind": "simulator", "name": task, "n": simulations, "seed": 1},
            "transform": "auto", "context": {"transform": "auto"},
            "held_out": 0.05 if large else 0.1,
        },
        "path": "condot",
        "train": training_of(net["kind"], large),
    }


class Results:
    """What is known of each task and budget, in a file of its folder that is written after every step."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, name):
        """What is known under this name; None where nothing is."""
        file = self.folder / name / "results.json"
        return json.loads(file.read_text()) if file.exists() else None

    def entry(self, name, recipe):
        """What is known of this recipe; an empty entry where that is of another."""
        found = self.find(name)
        if found and found["recipe"] == recipe:
            return found
        return {"recipe": recipe, "wall_s": 0.0, "processor_s": 0.0, "c2st": {}}

    def save(self, entry):
        file = self.folder / entry["recipe"]["name"] / "results.json"
        part = file.with_suffix(".part")
        part.write_text(json.dumps(entry, indent=1))
        part.replace(file)


def run(command):
    command = [str(word) for word in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said, complaint = process.communicate()
        except BaseException:
            process.terminate()  # a training then leaves a checkpoint
            raise
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}\n{(complaint or said).strip()}")
    return said


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(options, folder, entry, results):
    """Seconds add up over the attempts of a training, whether or not they came to its end."""
    file, model = folder / "recipe.json", folder / "model.safetensors"
    text = json.dumps(entry["recipe"], indent=2)
    is_same = file.exists() and file.read_text() == text
    file.write_text(text)
    goes_on = is_same and model.with_suffix(".checkpoint").exists()
    if not goes_on:
        entry["wall_s"] = entry["processor_s"] = 0.0
    started, used = time.monotonic(), processor_seconds()
    command = [options.advect, "train", file, "--out", model, "--quiet",
               "--resume" if goes_on else "--restart"]
    try:
        run(command + (["--threads", options.threads] if options.threads else []))
        entry["trained"] = True
    finally:
        entry["wall_s"] += time.monotonic() - started
        entry["processor_s"] += processor_seconds() - used
        results.save(entry)


def measure(options, folder, task, number):
    """C2ST of the model's samples, given one observation."""
    source = options.shared / "data/sbi" / task
    observation, samples = folder / f"observation-{number}.npy", folder / f"samples-{number}.npy"
    np.save(observation, np.load(source / f"observation-{number}.npy").reshape(1, -1))
    run([options.advect, "sample", folder / "model.safetensors", "--context", observation,
         "-n", SAMPLES, "--seed", number, "--quiet", "-o", samples])
    said = run([sys.executable, options.shared / "eval/c2st.py",
                source / f"posterior-{number}.npy", samples, SAMPLES])
    found = re.search(r"c2st: ([0-9.]+)", said)
    if not found:
        raise RuntimeError(f"{options.shared}/eval/c2st.py said no c2st: {said.strip()}")
    return float(found.group(1))


def calibrate(options, folder):
    """Verdicts of each rank statistic and the coverage of 90 % highest-density regions."""
    said = json.loads(run([options.advect, "eval", folder / "model.safetensors", "--calibration",
                           options.calibration, "--density-solver", RANKING_SOLVER, "--calibration-plot",
                           folder / "calibration.png", "--quiet", "--json"]))["calibration"]
    return {"pairs": options.calibration,
            "bands": {rank["of"]: rank["band"] for rank in said["ranks"]},
            "chi_square_p": {rank["of"]: rank["p_value"] for rank in said["ranks"]},
            "coverage_90": next(row["highest_density"] for row in said["coverage"]
                                if row["level"] == 0.9)}


def linear_density_error(options, folder, number):
    """Mean of log p(theta | x) by the closed form, less the model's, over samples of the posterior."""
    source = options.shared / "data/sbi/gaussian_linear"
    theta = np.load(source / f"posterior-{number}.npy")[:2000]
    mean = np.load(source / f"observation-{number}.npy").reshape(-1) / 2
    exact = -0.5 * np.sum((theta - mean) ** 2 / 0.05 + np.log(2 * np.pi * 0.05), axis=1)
    points, answer = folder / "points.npy", folder / "log-densities.npy"
    np.save(points, theta.astype(np.float32))
    run([options.advect, "logp", folder / "model.safetensors", "--points", points, "--context",
         folder / f"observation-{number}.npy", "--quiet", "-o", answer])
    return float(np.mean(exact - np.load(answer).reshape(-1)))


def set_member(recipe, setting):
    """PATH=VALUE, as advect train --set has it."""
    path, _, text = setting.partition("=")
    *folders, last = path.split(".")
    for name in folders:
        recipe = recipe.setdefault(name, {})
    try:
        recipe[last] = json.loads(text)
    except json.JSONDecodeError:
        recipe[last] = text


def run_part(options, results, task, simulations):
    source = options.shared / "data/sbi" / task
    recipe = recipe_of(task, simulations, np.load(source / "posterior-1.npy").shape[1],
                       np.load(source / "observation-1.npy").size)
    for setting in options.set:
        set_member(recipe, setting)
    folder = options.folder / recipe["name"]
    folder.mkdir(parents=True, exist_ok=True)
    entry = results.entry(recipe["name"], recipe)
    if not entry.get("trained"):
        train(options, folder, entry, results)
    for number in OBSERVATIONS:
        if str(number) not in entry["c2st"]:
            entry["c2st"][str(number)] = measure(options, folder, task, number)
            results.save(entry)
    if task == "gaussian_linear" and "density_error" not in entry:
        entry["density_error"] = [linear_density_error(options, folder, n) for n in OBSERVATIONS]
        results.save(entry)
    if options.calibration and entry.get("calibration", {}).get("pairs") != options.calibration:
        entry["calibration"] = calibrate(options, folder)
        results.save(entry)


def figure(value):
    return f"{value:10.3f}" if value is not None else f"{'-':>10}"


def print_line(results, task, simulations):
    entry = results.find(f"{task}-{simulations}")
    if not entry or not entry["c2st"]:
        return
    measured = [entry["c2st"].get(str(number)) for number in OBSERVATIONS]
    known = [value for value in measured if value is not None]
    most, published = (None, None)
    if simulations in BUDGETS:
        most, published = (row[BUDGETS.index(simulations)] for row in FIGURES[task])
    print(f"{task:24}{simulations:>8}{figure(sum(known) / len(known))}{figure(most)}"
          f"{figure(published)}  " + " ".join("  -  " if v is None else f"{v:.3f}" for v in measured) +
          f"{entry['wall_s'] / 60:9.1f}{entry['processor_s'] / 60:9.1f}", flush=True)


def print_table(results, budgets):
    print(f"{'task':24}{'n':>8}{'C2ST':>10}{'wanted':>10}{'NPE':>10}  "
          f"{'of each observation':29}{'minutes':>9}{'CPU min':>9}")
    for simulations in budgets:
        for task in FIGURES:
            print_line(results, task, simulations)


def print_calibration(results, budgets):
    print(f"\n{'task':24}{'n':>8}{'pairs':>8}{'inside band':>14}{'least p':>10}{'90 % cover':>12}")
    for simulations in budgets:
        for task in FIGURES:
            found = (results.find(f"{task}-{simulations}") or {}).get("calibration")
            if found:
                bands = list(found["bands"].values())
                inside = f"{bands.count('inside')} of {len(bands)}"
                print(f"{task:24}{simulations:>8}{found['pairs']:>8}{inside:>14}"
                      f"{min(found['chi_square_p'].values()):10.4f}{found['coverage_90']:12.3f}")


def print_density_error(results, budgets):
    for simulations in budgets:
        errors = (results.find(f"gaussian_linear-{simulations}") or {}).get("density_error")
        if errors:
            print(f"gaussian_linear, {simulations} simulations: closed form less log p(theta | x), nats, "
                  f"mean {sum(errors) / len(errors):.3f}; of each observation "
                  + " ".join(f"{error:.3f}" for error in errors))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advect", default="build/bin/advect", help="the program")
    parser.add_argument("--folder", type=Path, default=Path("build/sbi"), help="where results are kept")
    parser.add_argument("--shared", type=Path, default=Path("../shared"),
                        help="folder of the benchmark's data and of c2st.py")
    parser.add_argument("--tasks", default=",".join(FIGURES), help="tasks, with commas between them")
    parser.add_argument("--budgets", default=",".join(map(str, BUDGETS)),
                        help="numbers of simulations, with commas between them")
    parser.add_argument("--threads", type=int, help="threads of trainings; one per processor if absent")
    parser.add_argument("--calibration", type=int, default=500, metavar="N",
                        help="pairs that calibration is tested on; 0 leaves it out (default 500)")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE",
                        help="member of the recipes to change, as train.steps=500")
    options = parser.parse_args()
    options.tasks = options.tasks.split(",")
    options.budgets = [int(budget) for budget in options.budgets.split(",")]
    unknown = [task for task in options.tasks if task not in FIGURES]
    if unknown:
        parser.error(f"unknown task {unknown[0]}; the tasks are {', '.join(FIGURES)}")
    if not (options.shared / "data/sbi").is_dir():
        parser.error(f"{options.shared}/data/sbi is not here; say where it is with --shared")
    return options


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the time so far is kept
    options = read_options()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = Results(options.folder)
    failed = 0
    for simulations in options.budgets:
        for task in options.tasks:
            print(f"{task}, {simulations} simulations", file=sys.stderr, flush=True)
            try:
                run_part(options, results, task, simulations)
            except (RuntimeError, OSError, ValueError) as fault:
                failed += 1
                print(f"{task}, {simulations} simulations: {fault}", file=sys.stderr, flush=True)
    print_table(results, options.budgets)
    print_calibration(results, options.budgets)
    print()
    print_density_error(results, options.budgets)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
