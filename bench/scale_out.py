#!/usr/bin/env python3
"""What several machines are worth: the arithmetic, and a simulation of the chain of gradients.

    bench/scale_out.py [--gflops 90] [--cores 8] [--gbits 10] [--latency-us 30] [--overlap]
    bench/scale_out.py --serving DAEMON [--models DIR]      requests a second of one worker

Ranks are machines of --cores, each of which computes --gflops; between them is a network of --gbits
in each direction, whose messages take --latency-us. docs/internals/scale-out.md explains the terms.

The simulation follows every message of a step: rank r adds block i once it is there, once it has
added block i - 1, and once its own gradients are complete, and sends it on over a line that carries
one block at a time; the last rank sends the sums back. Ranks complete their gradients at times that
differ by --jitter of the mean, as machines do. An all-reduce over a ring is computed by its formula,
which waits for the latest, too.

With --overlap, beside the chain as it is stands one in which a block is passed on as soon as the
backward sweeps of a rank's last shards have left its layer, at best: sums and messages then take
nothing from the processors that compute.
"""
import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time

BLOCK_PIECES = 2
PIECE = 16384 * 4  # bytes; blocks are of so many, BLOCK_PIECES of core/train/ranks/chain.c
ADD_BYTES_PER_S = 4e9  # of adding what came, one core, reading and writing
UPDATE_BYTES = 36  # read and written per weight by AdamW and the average
MEMORY_BYTES_PER_S = 10e9
RANKS = (1, 2, 4, 8, 16, 32, 64)
# Weights, batch, multiply-adds of a row forward, rows of a shard (core/train/shards.c).
NETS = [("mlp-512x5", 1_907_000, 4096, 1_900_000, 256),
        ("mlp-512x5", 1_907_000, 65536, 1_900_000, 512),
        ("mnist", 1_192_641, 256, 189_941_248, 8), ("mnist", 1_192_641, 4096, 189_941_248, 8),
        ("40 M U-Net", 40_000_000, 2048, 8_000_000_000, 1)]
BACKWARD = 2 / 3  # of a shard's time


def compute_s(options, batch, multiply_adds):
    """A forward sweep and two as much backward, two operations each."""
    return 6.0 * batch * multiply_adds / (options.gflops * 1e9 * options.cores)


def chain_s(options, ready, weights, tail=0.0):
    """When the last rank has the last sum, in seconds since the step began; ready: when each rank's
    own gradients are complete. tail: how long before that those of the last layer are, and so on
    evenly to the first."""
    line = options.gbits * 1e9 / 8
    block = PIECE * options.block_pieces
    blocks = [block] * (4 * weights // block) + [4 * weights % block]
    latency = options.latency_us * 1e-6
    arrived = [0.0] * len(blocks)
    for rank, start in enumerate(ready):
        done, sent = 0.0, 0.0
        for i, size in enumerate(blocks):
            own = start - tail * (1 - (i + 1) / len(blocks))
            done = max(done, arrived[i], own) + size / ADD_BYTES_PER_S
            sent = max(sent, done) + (size / line if rank + 1 < len(ready) else 0)
            arrived[i] = sent + (latency if rank + 1 < len(ready) else 0)
    for _ in ready[1:]:
        sent = 0.0
        for i, size in enumerate(blocks):
            sent = max(sent, arrived[i]) + size / line
            arrived[i] = sent + latency
    return arrived[-1] + 2 * (len(ready) - 1) * latency  # the errors of the shards


def ring_s(options, ready, weights, tail=0.0):
    del tail
    n = len(ready)
    if n == 1:
        return ready[0]
    each = 4 * weights / n / (options.gbits * 1e9 / 8) + options.latency_us * 1e-6
    return max(ready) + 2 * (n - 1) * each + 4 * weights / ADD_BYTES_PER_S


def step_s(options, reduce, n, weights, batch, multiply_adds, shard_rows, overlaps=False):
    """Mean of 20 steps. A machine's cores add and update together, by memory's rate."""
    source = random.Random(1)
    update = UPDATE_BYTES * weights / MEMORY_BYTES_PER_S
    own = compute_s(options, batch, multiply_adds) / n
    shards_in_turn = max(1, batch / shard_rows / n / options.cores)
    tail = BACKWARD * own / shards_in_turn if overlaps else 0.0
    total = 0.0
    for _ in range(20):
        ready = [own * (1 + options.jitter * abs(source.gauss(0, 1))) for _ in range(n)]
        total += reduce(options, ready, weights, tail) + update
    return total / 20


def print_training(options):
    print(f"ranks of {options.cores} cores of {options.gflops:g} GFLOP/s, {options.gbits:g} Gbit/s, "
          f"{options.latency_us:g} us; efficiency by the chain, and by "
          f"{'one that overlaps' if options.overlap else 'a ring of all-reduce'}")
    print(f"| {'network':10} | batch | MB a step | one rank | " +
          " | ".join(f"{n:>9}" for n in RANKS[1:]) + " |")
    print("|---|---|---|---|" + "---|" * len(RANKS[1:]))
    for name, *work in NETS:
        weights, batch = work[:2]
        alone = step_s(options, chain_s, 1, *work)
        cells = []
        for n in RANKS[1:]:
            chain = step_s(options, chain_s, n, *work)
            other = (step_s(options, chain_s, n, *work, overlaps=True) if options.overlap
                     else step_s(options, ring_s, n, *work))
            cells.append(f"{alone / n / chain:.2f}, {alone / n / other:.2f}")
        print(f"| {name:10} | {batch} | {8 * weights / 1e6:.1f} | {1e3 * alone:.0f} ms | " +
              " | ".join(cells) + " |")


# ---------------------------------------------------------------- serving

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SERVED = [("velocity of a row", "velocity", {"points": [[0.1, 0.2]], "t": 0.5}),
          ("a row, 8 steps of heun", "samples", {"n": 1, "solver": {"method": "heun", "steps": 8}}),
          ("16 samples by dopri5", "samples", {"n": 16}),
          ("1000 samples, 20 of rk4", "samples", {"n": 1000, "solver": {"method": "rk4", "steps": 20}})]


def print_serving(options):
    daemon = subprocess.Popen([options.serving, "--listen", "127.0.0.1:0", "--models",
                               options.models, "--workers", "1", "--access-log", "off"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        host = daemon.stdout.readline().split("//")[1].strip()
        connection = http.client.HTTPConnection(host)
        print("| query of checkerboard-4x4 | CPU ms | a second and core | kB/s answered |")
        print("|---|---|---|---|")
        for name, query, fields in SERVED:
            cpu, n, size, end = cpu_seconds(daemon.pid), 0, 0, time.monotonic() + options.seconds
            while time.monotonic() < end:
                connection.request("POST", f"/v1/models/checkerboard-4x4/{query}",
                                   json.dumps({**fields}), {"Content-Type": "application/json"})
                size += len(connection.getresponse().read())
                n += 1
            each = (cpu_seconds(daemon.pid) - cpu) / n
            print(f"| {name} | {1e3 * each:.2f} | {1 / each:.0f} | {size / n / each / 1e3:.0f} |")
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag, value in (("gflops", 90), ("gbits", 10), ("latency-us", 30), ("jitter", 0.02),
                        ("seconds", 4)):
        parser.add_argument(f"--{flag}", type=float, default=value)
    parser.add_argument("--cores", type=int, default=8)
    parser.add_argument("--block-pieces", type=int, default=BLOCK_PIECES)
    parser.add_argument("--overlap", action="store_true")
    parser.add_argument("--serving")
    parser.add_argument("--models", default="models")
    options = parser.parse_args()
    if options.serving:
        print_serving(options)
    else:
        print_training(options)


if __name__ == "__main__":
    sys.exit(main())
