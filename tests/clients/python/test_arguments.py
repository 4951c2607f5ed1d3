"""Arrays and numbers that are taken, converted and refused."""
import unittest

import advect
import numpy as np
from support import BOARD, DIGITS

BAD_POINTS = (
    ([0.5, 0.5], r"x has shape \(2,\); it must be \(n, 2\): x\[None\] makes it one row"),
    (np.zeros((3, 3)), r"x has shape \(3, 3\); it must be \(n, 2\)"),
    (np.zeros((0, 2)), r"x has shape \(0, 2\); it must be \(n, 2\), with at least one row"),
    (np.zeros((2, 2, 2)), r"x has shape \(2, 2, 2\)"),
    (0.5, r"x has shape \(\)"),
    ([[0, 1], [2]], "x is no array"),
    ([[0.5, np.nan]], r"points\[0\]\[1\] is nan"),
    ([[0.5, 1], [-np.inf, 1]], r"points\[1\]\[0\] is -inf"),
    ([[0.5, 1e39]], r"x\[0\]\[1\] is 1e\+39, which is beyond float32"),
    ([[2**24 + 1, 0]], r"x\[0\]\[0\] is 16777217, which float32 cannot hold exactly"),
    ([[2**53 + 1, 0]], r"x\[0\]\[0\] is 9007199254740993, which float32"),
    (np.zeros((1, 2), complex), "x has dtype complex128; it must be of real numbers"),
    ([["a", "b"]], "x has dtype <U1"),
    (np.array([[object(), 1]]), "x has dtype object"),
    (np.array([["2020-01-01", "2020-01-02"]], "M8[D]"), "x has dtype datetime64"),
    (np.ma.masked_greater([[0.0, 2.0]], 1), "x has masked entries"),
)


class TestPoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = advect.load(BOARD)

    def test_arrays_that_lose_nothing_are_converted(self):
        x = np.array([[0.5, 1.5], [-2.0, 3.0], [1.0, -1.0]], dtype=np.float32)
        expected = self.model.velocity(x, 0.5).tobytes()
        for same in (
            x.astype("f8"), x.astype("f2"), x.astype(">f4"), x.astype("g"), x.tolist(),
            np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], np.ma.array(x),
        ):  # fmt: skip
            self.assertEqual(self.model.velocity(same, 0.5).tobytes(), expected)
        whole = x[1:]
        for dtype in ("i1", "i2", "i4", "i8", ">i8"):
            self.assertEqual(self.model.velocity(whole.astype(dtype), 0.5).tobytes(),
                             self.model.velocity(whole, 0.5).tobytes())

    def test_others_are_refused_with_what_they_are(self):
        for x, message in BAD_POINTS:
            model = self.model
            for verb in (model.log_prob, model.encode, lambda x: model.velocity(x, 1)):
                with self.subTest(message), self.assertRaisesRegex(advect.InvalidError, message):
                    verb(x)
        with self.assertRaises(ValueError):
            self.model.log_prob([[np.nan, 0]])

    def test_starts_are_refused_likewise(self):
        with self.assertRaisesRegex(advect.InvalidError, r"x0 has shape \(2, 3\)"):
            self.model.sample(x0=np.zeros((2, 3)))
        with self.assertRaisesRegex(advect.InvalidError, "n is 5; x0 has 2 rows"):
            self.model.sample(5, x0=np.zeros((2, 2)))

    def test_pixels_of_8_bits_are_no_data_yet(self):
        digits = advect.load(DIGITS)
        with self.assertRaisesRegex(advect.InvalidError, "uint8.*/ 255"):
            digits.log_prob(np.zeros((1, 784), np.uint8))
        self.model.velocity(np.ones((1, 2), np.uint8), 0.5)  # a number like any other


class TestOptions(unittest.TestCase):
    def test_what_is_not_allowed_is_named(self):
        board, digits = advect.load(BOARD), advect.load(DIGITS)
        steps = {"method": "rk4", "steps": 0}
        for call, field, message in (
            (lambda: board.sample(0), "n", "n is 0; it must be between 1 and"),
            (lambda: board.sample(1.5), "n", "n is 1.5; it must be a whole number"),
            (lambda: board.sample(2, seed=-1), "seed", "seed is -1; it must be between 0 and"),
            (lambda: board.sample(2, seed=2**54), "seed", "9007199254740992"),
            (lambda: board.sample(2, label=0), None, "label"),
            (lambda: digits.sample(2, label=10), None, "label"),
            (lambda: digits.sample(2, label="ten"), "label", "'ten'; the classes are 0, 1, 2"),
            (lambda: digits.sample(2, label=[1, 2, 3]), "label", r"label has shape \(3,\)"),
            (lambda: digits.sample(2, label=[0.5, 1]), "label", "classes are whole numbers"),
            (lambda: digits.sample(1, label=[2**40]), "label", "beyond int32"),
            (lambda: digits.sample(2, label=["3", 2.5]), "label", "label has 2.5; classes are"),
            (lambda: board.sample(2, guidance=2), "guidance", "guidance is 2"),
            (lambda: digits.sample(2, guidance=float("nan")), "guidance", "guidance is nan"),
            (lambda: board.sample(2, solver="rk5"), "solver.method", 'did you mean "rk4"'),
            (lambda: board.sample(2, solver=steps), None, "steps is 0"),
            (lambda: board.sample(2, solver={"method": "rk4", "rtol": 1}), "solver", "solver.rtol"),
            (lambda: board.sample(2, solver={"steps": 3}), "solver.method", "None"),
            (lambda: board.sample(2, space="base"), "space", "space is 'base'.*data, flow"),
            (lambda: board.trajectory(2, frames=1), "frames", "frames is 1; it must be between 2"),
            (lambda: board.trajectory(2, times=[0.5, 0.2]), "times", "ascend"),
            (lambda: board.trajectory(2, times=[[0, 1]]), "times", r"times has shape \(1, 2\)"),
            (lambda: board.trajectory(2, times=[0, 1], frames=2), "times", "both given"),
            (lambda: board.velocity([[0, 0]], 1.5), "t", "t is 1.5"),
            (lambda: board.log_prob([[0, 0]], divergence="trace"), "divergence", "is 'trace'"),
            (lambda: board.log_prob([[0, 0]], divergence={"probe": 3}), "divergence", "unknown"),
            (lambda: board.log_prob([[0, 0]], divergence={"probes": 0}), None, "probes"),
            (lambda: advect.set_threads(0), "n", "n is 0"),
        ):  # fmt: skip
            with self.subTest(message):
                with self.assertRaisesRegex(advect.InvalidError, message) as caught:
                    call()
                if field:
                    self.assertEqual(caught.exception.field, field)
