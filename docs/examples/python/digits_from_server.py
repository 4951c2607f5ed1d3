#!/usr/bin/env python3
"""Digits from a daemon: drawn by class, watched as they form, and weighed.

    digits_from_server.py [URL [KEY]]      http://127.0.0.1:8080 if absent, as `make serve` has it

Needs advect and NumPy, no libadvect.
"""
import sys

import advect
import numpy as np

SHADES = " .:-=+*#%@"


def show(images):
    """Images [n, 28, 28] of intensities in [0, 1], side by side, every other row."""
    levels = np.clip(images[:, ::2], 0, 1) * (len(SHADES) - 1)
    for row in levels.round().astype(int).transpose(1, 0, 2):
        print("  ".join("".join(SHADES[level] for level in image) for image in row))


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    with advect.connect(url, key=sys.argv[2] if len(sys.argv) > 2 else None) as client:
        digits = client.model("mnist-mlp")
        x = digits.sample(seed=5, label=["3", "8"], guidance=2)
        show(x.reshape(-1, 28, 28))

        print("as they form:")
        for frame in digits.frames(1, seed=5, label="3", guidance=2, frames=4):
            away = np.abs(frame.states - x[:1]).mean()
            print(f"  t = {frame.time:.2f}: {away:.3f} from the end, in the mean over pixels")

        print("how much likelier each label makes the first one, in nats:")
        rows = np.repeat(np.clip(x[:1], 0, 1), 2, axis=0)
        probes = {"method": "hutchinson", "probes": 8, "seed": 1}
        solver = {"method": "rk4", "steps": 10}
        three, eight = digits.log_prob(rows, label=["3", "8"], divergence=probes, solver=solver)
        print(f"  3 over 8: {three - eight:.1f}")

        try:
            digits.sample(10**6)
        except advect.ProblemError as refused:
            print(f"refused, as it should be: field {refused.field}, limit {refused.limit}")


if __name__ == "__main__":
    main()
