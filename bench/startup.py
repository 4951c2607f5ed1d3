#!/usr/bin/env python3
"""From exec to ready: how long advectd with the shipped models takes until /health/ready answers
200, beside what `import torch` takes, the least that a server on PyTorch would wait for.

    bench/startup.py [--rounds 9] [--models DIR]

The two take turns; medians. PyTorch is looked for as bench.py does.
"""
import argparse
import os
import socket
import statistics
import subprocess
import time
import urllib.parse

from bench import ROOT, Torch

ADVECTD = os.path.join(ROOT, "build", "bin", "advectd")
PAUSE_S = 0.0005  # between looks


def is_ready(address):
    """Whether /health/ready answers 200."""
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
        return connection.recv(4096).split(b" ", 2)[1] == b"200"


def until_ready(models):
    began = time.perf_counter()
    daemon = subprocess.Popen([ADVECTD, "--listen", "127.0.0.1:0", "--models", models],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = next(line for line in daemon.stdout if "listening on " in line)
        url = urllib.parse.urlsplit(line.split("listening on ")[1].split()[0])
        while not is_ready((url.hostname, url.port)):
            time.sleep(PAUSE_S)
        return time.perf_counter() - began
    finally:
        daemon.terminate()
        daemon.wait()


def importing(python):
    began = time.perf_counter()
    subprocess.run([python, "-c", "import torch"], check=True)
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--models", default=os.path.join(ROOT, "models"))
    options = parser.parse_args()
    torch = Torch()
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(until_ready(options.models))
        if torch.found():
            theirs.append(importing(torch.python))
    print(f"advectd, from exec to ready: {1e3 * statistics.median(ours):.1f} ms "
          f"(median of {len(ours)}; {1e3 * min(ours):.1f} to {1e3 * max(ours):.1f})")
    if not theirs:
        print("PyTorch was not found: nothing to set beside it.")
        return
    print(f"{torch.python} -c 'import torch': {1e3 * statistics.median(theirs):.1f} ms "
          f"({1e3 * min(theirs):.1f} to {1e3 * max(theirs):.1f})")
    print(f"ratio: {statistics.median(theirs) / statistics.median(ours):.1f}")


if __name__ == "__main__":
    main()
