#!/usr/bin/env python3
"""A posterior learned from simulations: two moons, at any observation, and whether it is calibrated.

    amortised_posterior.py [STEPS]
    advect simulate two_moons -n 4000 | amortised_posterior.py STEPS -

With - the simulations are read from standard input, in place of those drawn here. Needs advect and
NumPy.
"""
import sys

import advect
import numpy as np

OBSERVED = [0.0, 0.0]
PRIOR = {"theta1": [-1, 1], "theta2": [-1, 1]}  # no sample is outside


def simulate(n, seed):
    """theta [n, 2] from the prior, and x [n, 2]: points of a crescent whose place depends on it."""
    random = np.random.default_rng(seed)
    theta = random.uniform(-1, 1, (n, 2))
    angle, radius = random.uniform(-np.pi / 2, np.pi / 2, n), random.normal(0.1, 0.01, n)
    crescent = np.stack([radius * np.cos(angle) + 0.25, radius * np.sin(angle)], axis=1)
    place = np.stack([-np.abs(theta.sum(axis=1)), theta[:, 1] - theta[:, 0]], axis=1) / np.sqrt(2)
    return theta, crescent + place


def read(file):
    table = np.loadtxt(file, delimiter=",", skiprows=1)
    return table[:, :2], table[:, 2:]


def ranks(model, theta, x, n):
    """[rows, dim]: of n samples at each x, how many are below the theta that x came from. If the
    posteriors are right, all ranks from 0 to n are equally likely."""
    return (model.sample(n, context=x, seed=1) < theta[:, None]).sum(axis=1)


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else None
    theta, x = read(sys.stdin) if "-" in sys.argv[2:] else simulate(4000, seed=0)
    model = advect.fit(theta, context=x, columns=list(PRIOR), support=PRIOR, steps=steps)

    posterior = advect.Posterior(model, OBSERVED)
    best = posterior.map()
    print("most probable:", np.round(best, 2), f"at {posterior.log_prob(best[None])[0]:.2f} nats")
    samples = posterior.sample((1000,), seed=0)
    upper = samples.sum(axis=1) > 0
    print(f"two moons: {upper.mean():.2f} of the samples around {samples[upper].mean(axis=0)},")
    print(f"           the others around {samples[~upper].mean(axis=0)}")

    theta, x = simulate(300, seed=1)  # not trained on
    of_99 = ranks(model, theta, x, 99)
    inside = ((of_99 >= 10) & (of_99 < 90)).mean(axis=0)
    print("central 80 % intervals hold", inside, "of the parameters")
    for name, column in zip(PRIOR, of_99.T):
        print(f"ranks of {name} by tens:", np.histogram(column, bins=10, range=(0, 100))[0])


if __name__ == "__main__":
    main()
