"""Pair plots, where matplotlib is present."""
import importlib.util
import unittest

import advect
import numpy as np
from support import FolderTest, python

PRESENT = importlib.util.find_spec("matplotlib") is not None


@unittest.skipUnless(PRESENT, "matplotlib (python3-matplotlib) is not there")
class TestPairs(FolderTest):
    def test_a_figure_shows_every_pair_and_the_truth(self):
        x = np.random.default_rng(0).normal(size=(8000, 3))
        figure = advect.plot.pairs(x, truth=[0, 1, 2], columns=["a", "b", "c"])
        shown = [axes for axes in figure.axes if axes.get_visible()]
        self.assertEqual(len(shown), 6)
        corner = figure.axes[6]  # row 2, column 0
        self.assertEqual((corner.get_xlabel(), corner.get_ylabel()), ("a", "c"))
        points, across, along = corner.lines
        self.assertEqual((across.get_xdata()[0], along.get_ydata()[0]), (0, 2))
        self.assertLessEqual(len(points.get_xdata()), 5000)
        figure.savefig(self.at("pairs.png"))

    def test_one_dimension_is_a_histogram(self):
        figure = advect.plot.pairs(np.arange(9.0)[:, None])
        self.assertEqual(sum(bar.get_visible() for bar in figure.axes), 1)

    def test_what_cannot_be_shown_is_refused(self):
        for samples, more, message in (
            (np.zeros((3, 17)), {}, "dim at most 16"),
            (np.zeros(3), {}, r"samples has shape \(3,\)"),
            ([[0, np.nan]], {}, r"samples\[0\]\[1\] is nan"),
            (np.zeros((3, 2)), {"truth": [1]}, r"truth has shape \(1,\); it must be \(2,\)"),
            (np.zeros((3, 2)), {"columns": ["a"]}, "columns has 1 names for 2 columns"),
        ):
            with self.assertRaisesRegex(advect.InvalidError, message):
                advect.plot.pairs(samples, **more)


class TestWithout(FolderTest):
    def test_without_matplotlib_it_says_what_is_needed(self):
        code = ("import sys; sys.modules['matplotlib'] = None; import advect; "
                "advect.plot.pairs([[0.0, 1.0]])")
        status, said = python(code)
        self.assertEqual(status, 1)
        self.assertIn("advect.plot needs matplotlib", said)
