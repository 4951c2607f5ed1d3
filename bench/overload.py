#!/usr/bin/env python3
"""Goodput and latency of the daemon under more and more clients, beside an older one's, as a figure.

    bench/overload.py [COMMIT] [--seconds 8] [--clients 1,2,4,8,16,32,64,128] [--models DIR]
                      [--data FILE.json] [--figure FILE.svg] [--draw]

COMMIT, 8c745fd if absent: the last one that gave all queries equal turns; it is built into
build/compare/COMMIT. The two daemons take turns at each number of clients, so that both see the same
neighbours. What was measured goes to --data, the figure to --figure; --draw draws it anew from the
data. bench/server_load.py says what the clients ask. Takes about three and a half minutes, on a
machine that does nothing else.
"""
import argparse
import json
import os
import platform
import subprocess
import sys

import overload_figure
import server_load

ROOT = server_load.ROOT
DATA = os.path.join(ROOT, "bench", "overload.json")
FIGURE = os.path.join(ROOT, "docs", "figures", "overload.svg")


def run(*command, **options):
    return subprocess.run(command, check=True, cwd=ROOT, text=True, **options)


def build(commit):
    """The daemon of a commit, in build/compare as scripts/compare-answers.sh has it."""
    found = run("git", "rev-parse", "--short=7", "--verify", commit + "^{commit}",
                stdout=subprocess.PIPE).stdout.strip()
    tree = os.path.join(ROOT, "build", "compare", found)
    if not os.path.exists(os.path.join(tree, "Makefile")):
        os.makedirs(tree, exist_ok=True)
        run("sh", "-c", f"git archive {found} | tar -x -C {tree}")
    run("make", "--no-print-directory", "-C", tree, f"-j{os.cpu_count()}", "build/bin/advectd",
        stdout=sys.stderr)
    return found, os.path.join(tree, "build", "bin", "advectd")


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else platform.machine()}"


def row(n_clients, measured):
    quantile = server_load.quantile
    answered = bool(measured["latencies"])
    return {"clients": n_clients, "answers_per_s": round(measured["rate"], 3),
            "p50_s": round(quantile(measured["latencies"], 0.5), 4) if answered else None,
            "p99_s": round(quantile(measured["latencies"], 0.99), 4) if answered else None,
            "refused": measured["refused"], "late": measured["late"],
            "answers_per_cpu_s": round(measured["per_cpu_s"], 3)}


def measure(options, daemons):
    rows = {name: [] for name in daemons}
    print(f"{'clients':>7} {'daemon':>8} {'good/s':>7} {'p50 s':>7} {'p99 s':>7} {'refused':>8} "
          f"{'late':>5}")
    for n_clients in map(int, options.clients.split(",")):
        for name, daemon in daemons.items():
            options.daemon = daemon
            one = row(n_clients, server_load.measure(options, n_clients))
            rows[name].append(one)
            p50, p99 = (f"{one[key]:.2f}" if one[key] else "-" for key in ("p50_s", "p99_s"))
            print(f"{n_clients:>7} {name:>8} {one['answers_per_s']:>7.2f} {p50:>7} {p99:>7} "
                  f"{one['refused']:>8} {one['late']:>5}", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("commit", nargs="?", default="8c745fd")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", default="1,2,4,8,16,32,64,128")
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    parser.add_argument("--data", default=DATA)
    parser.add_argument("--figure", default=FIGURE)
    parser.add_argument("--draw", action="store_true")
    options = parser.parse_args()
    if not options.draw:
        commit, old = build(options.commit)
        daemons = {"before": old, "after": os.path.join(ROOT, "build", "bin", "advectd")}
        data = {"commit_before": commit, "machine": processor(), "seconds": options.seconds,
                "timeout_s": server_load.TIMEOUT_MS / 1000, **measure(options, daemons)}
        with open(options.data, "w") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
    with open(options.data) as file:
        data = json.load(file)
    with open(options.figure, "w") as file:
        file.write(overload_figure.svg(data))
    print(f"{options.figure} is drawn from {options.data}")


if __name__ == "__main__":
    main()
