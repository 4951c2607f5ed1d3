#!/usr/bin/env python3
"""How fast networks are evaluated and trained here, beside ONNX Runtime and PyTorch where they are
found: docs/internals/performance.md says how it is measured and what the columns mean.

Reference networks have the weights of ../shared (or $ADVECT_SHARED) where that folder is; else
random ones of the same shapes, made by the recipes beside this file. ONNX Runtime is looked for in
$ADVECT_ORT/node_modules (npm install --ignore-scripts onnxruntime-node, in that folder); PyTorch in
$ADVECT_PYTHON, python3 and /usr/bin/python3 (Debian's package python3-torch, and for its best rates
libopenblas0-openmp).
"""
import argparse
import csv
import glob
import json
import os
import random
import shutil
import statistics
import subprocess
import sys

from model_file import config_of

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, "build", "bench")
ADVECT = os.path.join(ROOT, "build", "bin", "advect")
SHARED = os.environ.get("ADVECT_SHARED", os.path.join(ROOT, "..", "shared"))

# A reference network's weights, configuration, known answer and ONNX file, in SHARED.
REFERENCES = {
    "unet-torchcfm-mnist": {
        "weights": "fixtures/unet-torchcfm-mnist/model.safetensors",
        "config": "fixtures/unet-torchcfm-mnist/config.json",
        "case": "fixtures/unet-torchcfm-mnist/case.safetensors",
        "onnx": "peers/unet-torchcfm-mnist.onnx",
    },
    "mlp-512x5": {
        "weights": "peers/mlp-512x5.safetensors",
        "config": "peers/mlp-512x5.json",
        "case": "peers/mlp-512x5-case.safetensors",
        "onnx": "peers/mlp-512x5.onnx",
    },
}

WORKS = ["velocity", "probe", "divergence", "train"]
IMAGES, POINTS = [1, 8, 32, 128], [1, 32, 256, 1024, 10000]
# The batches of each work; an image's exact divergence is 785 forwards.
TABLE = {
    "unet-torchcfm-mnist": {"velocity": IMAGES, "probe": IMAGES, "divergence": [1], "train": IMAGES},
    "mlp-512x5": {work: POINTS for work in WORKS},
    "image": {"velocity": [1, 32], "probe": [32], "train": [32]},
    "point": {"velocity": [1, 1024], "divergence": [1024], "train": [256]},
}
QUICK = {
    "unet-torchcfm-mnist": {"velocity": [1, 32], "probe": [32], "train": [32]},
    "mlp-512x5": {"velocity": [1, 1024], "divergence": [1024], "train": [256]},
    "image": {"velocity": [32]},
    "point": {"velocity": [1024]},
}
OPS_SHARE_LEAST = 1.0  # per cent: ops below it are summed up
# PyTorch would take minutes for each of these.
TOO_LONG_FOR_PEERS = {("unet-torchcfm-mnist", "divergence")}


def output_of(command, **more):
    """What a command prints; None where it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, **more)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def advect(*arguments):
    done = subprocess.run([ADVECT, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: advect {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


# ---------------------------------------------------------------- the networks


class Net:
    def __init__(self, name, path, case=None, onnx=None):
        self.name, self.path, self.case, self.onnx = name, path, case, onnx
        config = config_of(path)
        kind = "image" if len(config["data"]["shape"]) == 3 else "point"
        self.key = name if name in TABLE else kind
        self.kind = config["net"]["kind"]


def write_noise(path):
    """Examples of a reference recipe that needs some: 16 random images and their labels."""
    values = random.Random(0)
    with open(path, "w", newline="") as file:
        for i in range(16):
            csv.writer(file).writerow([f"{values.gauss(0, 1):.3f}" for _ in range(784)] + [i % 10])


def reference(name):
    files = {role: os.path.join(SHARED, file) for role, file in REFERENCES[name].items()}
    path = os.path.join(BUILD, f"{name}.safetensors")
    if os.path.exists(files["weights"]):
        advect("import", files["weights"], "--config", files["config"], "-o", path)
        known = {role: files[role] for role in ("case", "onnx") if os.path.exists(files[role])}
        return Net(name, path, **known)
    print(f"{name}: its reference weights are not here; random ones of the same shapes are used.")
    write_noise(os.path.join(BUILD, "noise.csv"))
    recipe = os.path.join(HERE, f"{name}.json")
    data = ["--data", BUILD] if name.startswith("unet") else []
    advect("train", recipe, "--steps", "1", "--out", path, "--quiet", *data)
    return Net(name, path)


def shipped():
    files = sorted(glob.glob(os.path.join(ROOT, "models", "*.safetensors")))
    return [Net(os.path.basename(file).removesuffix(".safetensors"), file) for file in files]


def networks(wanted):
    every = {name: lambda name=name: reference(name) for name in REFERENCES}
    every.update((net.name, lambda net=net: net) for net in shipped())
    unknown = set(wanted or []) - set(every)
    if unknown:
        sys.exit(f"bench: no network is called {', '.join(unknown)}; there are {', '.join(every)}")
    return [make() for name, make in every.items() if not wanted or name in wanted]


# ---------------------------------------------------------------- the peers


class Session:
    """A peer's process for one kind of work: it measures when it is told for how long."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, **(environment or {})},
        )
        self.process.stdout.readline()  # it is warm and waits

    def measure(self, seconds):
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    name = "PyTorch"
    driver = os.path.join(HERE, "torch_bench.py")

    def __init__(self):
        for python in filter(None, [os.environ.get("ADVECT_PYTHON"), "python3", "/usr/bin/python3"]):
            self.version = output_of([python, "-c", "import torch; print(torch.__version__)"])
            if self.version:
                self.python = python
                return

    def found(self):
        return f"{self.version.strip()} ({self.python})" if self.version else None

    def prepare(self, net):
        """Whether it can do the network's work, having given the known answer where there is one."""
        asked = ["--check", net.case] if net.case else ["--export", os.devnull]
        return output_of([self.python, self.driver, net.path, *asked]) is not None

    def export(self, net, path):
        return output_of([self.python, self.driver, net.path, "--export", path]) is not None

    def start(self, net, work, batch, threads, own_times):
        command = [self.python, self.driver, net.path, "--work", work, "--batch", str(batch),
                   "--threads", str(threads)] + (["--own-times"] if own_times else [])
        return Session(command)


class Ort:
    name = "ONNX Runtime"
    driver = os.path.join(HERE, "ort_bench.js")

    def __init__(self, torch):
        self.torch = torch
        self.modules = os.path.join(os.environ.get("ADVECT_ORT", ROOT), "node_modules")
        self.environment = {"NODE_PATH": self.modules}

    def found(self):
        package = os.path.join(self.modules, "onnxruntime-node", "package.json")
        if not shutil.which("node") or not os.path.exists(package):
            return None
        with open(package) as file:
            return f"{json.load(file)['version']} ({self.modules})"

    def prepare(self, net):
        """It needs the network as an ONNX file, which PyTorch can write."""
        if not net.onnx:
            net.onnx = os.path.join(BUILD, f"{net.name}.onnx")
            if not self.torch.found() or not self.torch.export(net, net.onnx):
                return False
        if not net.case:
            return True
        command = ["node", self.driver, net.onnx, "--check", net.case]
        return output_of(command, env={**os.environ, **self.environment}) is not None

    def start(self, net, work, batch, threads, own_times):
        if work != "velocity":
            return None
        return Session(["node", self.driver, net.onnx, str(batch), str(threads)], self.environment)


def find_peers(wanted):
    torch = Torch()
    peers = []
    for peer, how in [
        (Ort(torch), "set ADVECT_ORT to a folder with node_modules/onnxruntime-node"),
        (torch, "install python3-torch, or set ADVECT_PYTHON to a Python that has it"),
    ]:
        if not wanted:
            continue
        found = peer.found()
        print(f"{peer.name}: {found or f'not found ({how})'}")
        if found:
            peers.append(peer)
    return peers


# ---------------------------------------------------------------- measurements


def ours(net, work, batch, threads, options):
    same = [] if options.own_times or work == "train" else ["--same-time"]
    line = advect("bench", net.path, "--work", work, "--batch", str(batch), "--threads",
                  str(threads), "--seconds", str(options.seconds), *same)
    return json.loads(line)


def measure(net, work, batch, threads, peers, options):
    """A row of the table: rounds in which everyone has a turn."""
    sessions = {peer.name: peer.start(net, work, batch, threads, options.own_times) for peer in peers}
    sessions = {name: session for name, session in sessions.items() if session}
    lines = {name: [] for name in ["Advect", *sessions]}
    for _ in range(options.rounds):
        lines["Advect"].append(ours(net, work, batch, threads, options))
        for name, session in sessions.items():
            lines[name].append(session.measure(options.seconds))
    for session in sessions.values():
        session.close()
    median = lambda name, key: statistics.median(line[key] for line in lines[name])
    row = {"net": net.name, "work": work, "batch": batch, "threads": threads}
    row.update((key, median("Advect", key)) for key in ("rows_per_s", "gflops", "peak_gflops"))
    row["fraction"] = row["gflops"] / row["peak_gflops"]
    row["peers"] = {name: median(name, "rows_per_s") for name in sessions if all(lines[name])}
    row["failed"] = [name for name in sessions if name not in row["peers"]]
    row["way"] = next((line["way"] for name in row["peers"] for line in lines[name] if "way" in line), "")
    if row["peers"]:
        row["ratio"] = row["rows_per_s"] / max(row["peers"].values())
    return row


HEADINGS = ["work", "batch", "threads", "rows/s", "GFLOP/s", "FMA peak", "share"]
WIDTHS = [10, 6, 8, 10, 9, 9, 6]


def print_line(cells):
    widths = WIDTHS + [13] * (len(cells) - len(WIDTHS))
    print("".join(f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}" for i, (cell, w) in
                  enumerate(zip(cells, widths))), flush=True)


def rate(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def print_row(row, peers):
    cells = [row["work"], row["batch"], row["threads"], rate(row["rows_per_s"]),
             f"{row['gflops']:.1f}", f"{row['peak_gflops']:.1f}", f"{100 * row['fraction']:.0f}%"]
    for peer in peers:
        missing = "failed" if peer.name in row["failed"] else "-"
        cells.append(rate(row["peers"][peer.name]) if peer.name in row["peers"] else missing)
    if peers:
        cells += [f"{row['ratio']:.2f}" if "ratio" in row else "-"]
    print_line([str(cell) for cell in cells] + ([f"   {row['way']}"] if row["way"] else []))


def print_ops(net, work, batch, options):
    """Where the time goes: the ops that take a share worth naming."""
    same = [] if options.own_times or work == "train" else ["--same-time"]
    text = advect("bench", net.path, "--work", work, "--batch", str(batch), "--seconds",
                  str(options.seconds), "--ops", *same)
    heading, *lines = text.splitlines()[1:]
    share = lambda line: float(line[51:57])
    print(f"\n{net.name}, {work}, batch {batch}, 1 thread: time by op\n{heading}")
    for line in lines:
        if share(line) >= OPS_SHARE_LEAST:
            print(line)
    rest = [share(line) for line in lines if share(line) < OPS_SHARE_LEAST]
    print(f"{f'{len(rest)} others':<44} {'':>5} {sum(rest):6.1f}%", flush=True)


def rows_of(net, options):
    works = (QUICK if options.quick else TABLE)[net.key]
    for work in WORKS:
        if work not in works or (options.works and work not in options.works):
            continue
        for threads in options.threads:
            for batch in options.batches or works[work]:
                yield work, batch, threads


def bench_net(net, peers, options, results):
    rows = list(rows_of(net, options))
    if not rows:
        return
    able = [peer for peer in peers if peer.prepare(net)]
    print(f"\n{net.name} ({net.kind})")
    for peer in peers:
        if peer not in able:
            print(f"{peer.name} has no such network.")
    print_line(HEADINGS + [peer.name for peer in able] + (["ratio"] if able else []))
    for work, batch, threads in rows:
        present = [] if (net.name, work) in TOO_LONG_FOR_PEERS else able
        row = measure(net, work, batch, threads, present, options)
        print_row(row, able)
        results.append(row)
    if options.ops:
        for work in dict.fromkeys(work for work, _, _ in rows):
            print_ops(net, work, max(batch for w, batch, _ in rows if w == work), options)


def positive(number):
    """A reader of positive numbers, for argparse."""

    def read(text):
        try:
            value = number(text)
        except ValueError:
            value = 0
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text!r} is not a positive {number.__name__}")
        return value

    return read


def counts(text):
    return [positive(int)(part) for part in text.split(",")]


def read_options():
    words = lambda text: text.split(",")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: bench/bench.py --nets mlp-512x5 --works velocity,train --batches 256 --rounds 5")
    parser.add_argument("--nets", type=words, help="networks, by name; all if left out")
    parser.add_argument("--works", type=words, help=f"of {', '.join(WORKS)}; all if left out")
    parser.add_argument("--batches", type=counts, help="rows; each net's own if left out")
    parser.add_argument("--threads", type=counts, default=[1, 2], help="1,2")
    parser.add_argument("--seconds", type=positive(float), default=None, help="of one measurement (1)")
    parser.add_argument("--rounds", type=positive(int), default=None, help="of which the medians are taken (3)")
    parser.add_argument("--quick", action="store_true", help="few rows, 2 rounds of 0.4 s")
    parser.add_argument("--own-times", action="store_true", help="each row at a time t of its own")
    parser.add_argument("--no-peers", action="store_true", help="our own rates alone")
    parser.add_argument("--ops", action="store_true", help="also time by op, at each work's largest batch")
    parser.add_argument("--json", metavar="FILE", help="also write the rows there, a line each")
    options = parser.parse_args()
    options.seconds = options.seconds or (0.4 if options.quick else 1)
    options.rounds = options.rounds or (2 if options.quick else 3)
    for work in options.works or []:
        if work not in WORKS:
            parser.error(f"no work is called {work}; there are {', '.join(WORKS)}")
    return options


def main():
    options = read_options()
    os.makedirs(BUILD, exist_ok=True)
    if not os.path.exists(ADVECT):
        sys.exit("bench: build/bin/advect is not built; make builds it")
    print(f"{options.rounds} rounds of {options.seconds:g} s each; medians.")
    peers = find_peers(not options.no_peers)
    results = []
    for net in networks(options.nets):
        bench_net(net, peers, options, results)
    if options.json:
        with open(options.json, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in results)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
