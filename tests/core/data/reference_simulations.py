"""Simulations by the reference program (../shared/data/sbi/simulate.py), of one theta if asked for.

    reference_simulations.py FOLDER TASK N SEED OUT.npy [fixed]

FOLDER holds simulate.py. OUT.npy: rows [theta, x], float32. fixed: every row has the first row's
theta. Needs python3-numpy."""
import sys

import numpy as np


class FirstDrawRepeated:
    """A generator whose first draw, which makes the parameters, is the same for every row."""

    def __init__(self, generator, n):
        self.generator, self.n, self.drawn = generator, n, False

    def __getattr__(self, name):
        def draw(*arguments, **named):
            out = getattr(self.generator, name)(*arguments, **named)
            if not self.drawn:
                self.drawn = True
                if out.shape[0] == self.n:
                    out[:] = out[:1]
                else:  # a column for each row
                    out[:] = out[:, :1]
            return out

        return draw


def main():
    folder, task, n, seed, path = sys.argv[1:6]
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    import simulate

    generator = np.random.default_rng(int(seed))
    if sys.argv[6:] == ["fixed"]:
        generator = FirstDrawRepeated(generator, int(n))
    theta, x = getattr(simulate, task)(generator, int(n))
    np.save(path, np.concatenate([theta, x], 1).astype(np.float32))


if __name__ == "__main__":
    main()
