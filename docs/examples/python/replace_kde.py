#!/usr/bin/env python3
"""A kernel density replaced by a flow: two moons, and who gives rows not seen the higher density.

    replace_kde.py [STEPS]

Needs advect and NumPy; with scikit-learn, its KernelDensity with the best of some bandwidths stands
beside the flow, to which the same methods belong.
"""
import sys

import advect
import numpy as np


def two_moons(n, seed):
    """[n, 2]: points on two half circles, with noise."""
    random = np.random.default_rng(seed)
    angle, upper = random.uniform(0, np.pi, n), random.integers(0, 2, n)
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], axis=1) + 0.08 * random.normal(size=(n, 2))


def kernel_density(x):
    """scikit-learn's, with the bandwidth that cross-validation chooses; None without it."""
    try:
        from sklearn.model_selection import GridSearchCV
        from sklearn.neighbors import KernelDensity
    except ImportError:
        return None
    bandwidths = {"bandwidth": np.geomspace(0.03, 0.3, 8)}
    return GridSearchCV(KernelDensity(), bandwidths).fit(x).best_estimator_


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else None
    x, unseen = two_moons(2000, seed=0), two_moons(2000, seed=1)
    estimators = {
        "flow": advect.FlowDensity(steps=steps).fit(x),  # was: KernelDensity(bandwidth=0.1).fit(x)
        "kernels": kernel_density(x),
    }
    for name, estimator in estimators.items():
        if estimator is None:
            print(f"{name}: not without scikit-learn")
            continue
        mean = estimator.score_samples(unseen).mean()
        new = estimator.sample(3, random_state=0)
        print(f"{name}: {mean:.3f} nats a row; new points", np.round(new, 2).astype(str).tolist())


if __name__ == "__main__":
    main()
