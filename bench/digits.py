#!/usr/bin/env python3
"""Digits a second as PNG from advectd: of a model, and of its student of few steps.

    bench/digits.py [--models DIR] [--teacher mnist] [--student mnist-fast] [--steps 1,2,4]
                    [--digits 40] [--rounds 3]

One daemon, one client, one picture of so many digits after the other: in each round one of the
teacher by its default solver and guidance, and one of the student by each number of steps. Printed:
the median over rounds of digits a second, what that is of the teacher's, and the size of a picture.
How good the digits are says advect eval (docs/guide/digits.md).
"""
import argparse
import os
import statistics
import subprocess
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def start(models):
    process = subprocess.Popen(
        [os.path.join(ROOT, "build", "bin", "advectd"), "--listen", "127.0.0.1:0", "--models", models,
         "--access-log", "off"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"digits: the daemon did not start: {process.stderr.read().strip()}")
    return process, f"http://127.0.0.1:{line.rsplit(':', 1)[1].strip()}"


def picture(url, model, options, solver, seed):
    """Digits a second, and bytes, of one picture; each seed's is another one, which no cache has."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"{url}/v1/models/{model}/samples.png?n={options.digits}"
                                    f"&seed={seed}{solver}") as reply:
            size = len(reply.read())
    except urllib.error.HTTPError as error:
        raise SystemExit(f"digits: {model}: {error.read().decode()}") from None
    return options.digits / (time.monotonic() - began), size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    parser.add_argument("--teacher", default="mnist")
    parser.add_argument("--student", default="mnist-fast")
    parser.add_argument("--steps", default="1,2,4")
    parser.add_argument("--digits", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ways = {f"{options.teacher}, as by default": (options.teacher, "")}
    for steps in options.steps.split(","):
        ways[f"{options.student}, {steps} step{'' if steps == '1' else 's'}"] = (options.student, f"&solver=flow_map&steps={steps}")
    rates, sizes = {name: [] for name in ways}, {}
    process, url = start(options.models)
    try:
        for seed in range(options.rounds):
            for name, (model, solver) in ways.items():
                rate, sizes[name] = picture(url, model, options, solver, seed)
                rates[name].append(rate)
    finally:
        process.terminate()
        process.wait()
    first = statistics.median(next(iter(rates.values())))
    print(f"pictures of {options.digits} digits, {options.rounds} rounds\n{'':28} digits/s  ratio   bytes")
    for name in ways:
        rate = statistics.median(rates[name])
        print(f"{name:28} {rate:8.1f} {rate / first:6.1f} {sizes[name]:7d}")


if __name__ == "__main__":
    main()
