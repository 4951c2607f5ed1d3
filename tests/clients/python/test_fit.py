"""Training from arrays and tables: the model of the command line's fit, progress, refusals."""
import os
import unittest
import warnings

import advect
import numpy as np
from support import FolderTest, advect_tool


def moons(n, seed=0):
    random = np.random.default_rng(seed)
    angle, upper = random.uniform(0, np.pi, n), random.integers(0, 2, n)
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], axis=1) + 0.08 * random.normal(size=(n, 2)), upper


class TestFit(FolderTest):
    def test_the_model_is_the_command_lines(self):
        x, upper = moons(300)
        np.save(self.at("moons.npy"), x.astype("f4"))
        advect_tool("fit", "moons.npy", "--steps", "60", "--seed", "4", "--no-report", "--quiet",
                    cwd=self.folder)
        expected = advect.load(self.at("moons.safetensors"))
        for found in (
            advect.fit(x, steps=60, seed=4, name="moons"),
            advect.fit(self.at("moons.npy"), steps=60, seed=4, threads=1),
        ):
            self.assertEqual(found.weights.tobytes(), expected.weights.tobytes())
            self.assertEqual(found.name, "moons")
            samples = found.sample(9, seed=1)
            self.assertEqual(samples.tobytes(), expected.sample(9, seed=1).tobytes())

    def test_a_table_with_classes_is_the_command_lines(self):
        x, upper = moons(200)
        with open(self.at("t.csv"), "w") as file:
            file.write("a,b,kind\n")
            file.writelines(f"{a:.6f},{b:.6f},{'ud'[k]}\n" for (a, b), k in zip(x, upper))
        advect_tool("fit", "t.csv", "--label-column", "kind", "--steps", "30", "--no-report",
                    "--quiet", cwd=self.folder)
        expected = advect.load(self.at("t.safetensors"))
        found = advect.fit(self.at("t.csv"), label_column="kind", steps=30)
        self.assertEqual(found.weights.tobytes(), expected.weights.tobytes())
        self.assertEqual((found.labels, found.columns), (["d", "u"], ["a", "b"]))

    def test_classes_and_names_of_an_array_are_the_models(self):
        x, upper = moons(200)
        texts = np.array(["down", "up"])[upper]
        by_text = advect.fit(x, labels=texts, columns=["a", "b"], steps=30)
        self.assertEqual((by_text.labels, by_text.columns), (["down", "up"], ["a", "b"]))
        by_number = advect.fit(x, labels=upper, steps=30)
        self.assertEqual((by_number.classes, by_number.labels), (2, []))
        self.assertEqual(by_number.weights.tobytes(), by_text.weights.tobytes())
        self.assertEqual(advect.fit(x, labels=upper + 5, steps=2).labels, ["5", "6"])
        self.assertEqual(advect.fit(x, labels=texts.astype(object), steps=2).labels, ["down", "up"])

    def test_supports_are_found_by_position_and_by_name(self):
        x, _ = moons(200)
        x[:, 1] = np.exp(x[:, 1])
        by_position = advect.fit(x, support={"1": [0, None]}, steps=20)
        by_name = advect.fit(x, columns=["a", "b"], support={"b": [0, None]}, steps=20)
        self.assertGreater(by_position.sample(500, seed=1)[:, 1].min(), 0)
        self.assertEqual(by_name.weights.tobytes(), by_position.weights.tobytes())

    def test_numbers_and_names_may_be_numpys(self):
        x, upper = moons(60)
        with open(self.at("t.csv"), "w") as file:
            file.write("a,b,kind\n")
            file.writelines(f"{a:.6f},{b:.6f},{k}\n" for (a, b), k in zip(x, upper))
        plain = advect.fit(self.at("t.csv"), columns=["a", "b"], label_column=2, steps=4,
                           support={"a": [-9, 9]})
        numpys = advect.fit(self.at("t.csv"), columns=np.array(["a", "b"]), steps=np.int64(4),
                            label_column=np.int64(2), support={"a": np.array([-9, 9])})
        self.assertEqual(numpys.weights.tobytes(), plain.weights.tobytes())
        named = advect.fit(x, columns=np.array(["a", "b"]), steps=2,
                           support={"a": [np.float32(-9), None]})
        self.assertEqual(named.columns, ["a", "b"])
        with self.assertRaisesRegex(advect.InvalidError, "t.csv: line 2: column 0") as refused:
            advect.fit(self.at("t.csv"), columns=["a", "b"], support={"a": [7, None]})
        self.assertEqual(refused.exception.field, "data")

    def test_a_data_frame_names_its_columns(self):
        class Frame:  # as much of one as is looked at
            columns = ["height", "weight"]

            def __array__(self, dtype=None, copy=None):
                return moons(50)[0]

        self.assertEqual(advect.fit(Frame(), steps=2).columns, ["height", "weight"])

    def test_it_learns_two_moons(self):
        """Closer to the truth than a Gaussian, whose mean log-density is known in closed form."""
        x, held_out = moons(1000)[0], moons(1000, seed=1)[0]
        found = advect.fit(x, steps=600).log_prob(held_out, solver={"method": "rk4", "steps": 20})
        gaussian = -0.5 * np.linalg.slogdet(2 * np.pi * np.e * np.cov(held_out.T))[1]
        self.assertGreater(found.mean(), gaussian + 0.4)

    def test_progress_is_told_after_every_step(self):
        seen = []
        advect.fit(moons(60)[0], steps=30, progress=seen.append)
        self.assertEqual([at.step for at in seen], list(range(1, len(seen) + 1)))
        self.assertEqual(seen[-1].steps, 30)
        self.assertTrue(np.isfinite(seen[-1].loss) and np.isfinite(seen[-1].best_nll))
        self.assertGreater(seen[-1].seconds, 0)

    def test_false_stops_and_an_exception_passes(self):
        seen = []

        def stop(at):
            seen.append(at.step)
            return at.step < 3

        self.assertEqual(advect.fit(moons(60)[0], steps=100, progress=stop).dim, 2)
        self.assertEqual(seen, [1, 2, 3])
        with self.assertRaises(ZeroDivisionError):
            advect.fit(moons(60)[0], steps=100, progress=lambda at: 1 / 0)

    def test_nothing_is_left_behind(self):
        os.environ["TMPDIR"], before = self.folder, os.environ.get("TMPDIR")
        import tempfile

        tempfile.tempdir = None
        try:
            advect.fit(moons(60)[0], steps=2)
            with self.assertRaises(advect.Error):
                advect.fit(moons(60)[0], steps=2, support={"9": "heavy"})
            self.assertEqual(os.listdir(self.folder), [])
        finally:
            os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)
            tempfile.tempdir = None

    def test_what_was_noticed_is_logged(self):
        with open(self.at("t.csv"), "w") as file:
            file.writelines(f"{a},{b}\n" for a, b in moons(60)[0])
            file.write("1,\n")
        with self.assertLogs("advect", "INFO") as logged:
            advect.fit(self.at("t.csv"), steps=2)
        self.assertIn("1 row", " ".join(logged.output))

    def test_what_cannot_be_learned_is_refused(self):
        x, upper = moons(60)
        gap = x.copy()
        gap[4, 1] = np.nan
        for call, message in (
            (lambda: advect.fit(x[:5]), "there are 5 rows to learn from; at least 10"),
            (lambda: advect.fit(x[:0]), r"data has shape \(0, 2\)"),
            (lambda: advect.fit(x[:, 0]), r"data has shape \(60,\); it must be \(n, columns\)"),
            (lambda: advect.fit(gap), r"data\[4\]\[1\] is nan; it must be a finite number"),
            (lambda: advect.fit([["a", "b"]] * 20), "data has dtype <U1"),
            (lambda: advect.fit(x, labels=upper[:9]), r"labels has shape \(9,\); .* \(60,\)"),
            (lambda: advect.fit(x, labels=x[:, 0]), "labels has dtype float64"),
            (lambda: advect.fit(x, labels=np.arange(60)), "60 different values"),
            (lambda: advect.fit(x, columns=["a"]), "names of the array's 2 columns"),
            (lambda: advect.fit({"b": x[:, 0], "a": x[:, 1]}, columns=["a", "b"]),
             r"columns is \['a', 'b'\], and the table's own names are \['b', 'a'\]"),
            (lambda: advect.fit(x, label_column="a"), "label_column is of CSV files"),
            (lambda: advect.fit(x, columns="ab"), "columns is 'ab'; it must be a list of columns"),
            (lambda: advect.fit(self.at("absent.csv"), columns="a"), "columns is 'a'; it must be"),
            (lambda: advect.fit(self.at("absent.csv"), threads=0), "threads is 0"),
            (lambda: advect.fit(x, net=b"mlp"), "net is b'mlp'; it must be the name of a kind"),
            (lambda: advect.fit(x, name=b"m"), "name is b'm': it has a bytes"),
            (lambda: advect.fit(x, support={"0": [np.nan, 1]}), "support is "),
            (lambda: advect.fit(x, support={"0": {1, 2}}), "support is .* it has a set"),
            (lambda: advect.fit(x, support={"0": [5, None]}), "example 0: column 0 is"),
            (lambda: advect.fit(x, steps=-1), "steps is -1"),
            (lambda: advect.fit(x, steps=1.5), "steps is 1.5; it must be a whole number"),
            (lambda: advect.fit(x, seed=-1), "seed is -1"),
            (lambda: advect.fit(x, threads=0), "threads is 0"),
            (lambda: advect.fit(x, name="a b/c"), "name"),
            (lambda: advect.fit(x, support={"z": "heavy"}), "support.z names no column"),
            (lambda: advect.fit(self.at("absent.csv")), "absent.csv: cannot open"),
            (lambda: advect.fit(self.at("absent.csv"), labels=upper), "labels is of arrays"),
        ):
            with self.subTest(message), self.assertRaisesRegex(advect.Error, message):
                call()


class TestEstimator(unittest.TestCase):
    def test_it_has_the_conventions(self):
        x = moons(100)[0]
        flow = advect.FlowDensity(steps=20, random_state=3)
        self.assertIs(flow.fit(x), flow)
        self.assertEqual(flow.n_features_in_, 2)
        scores = flow.score_samples(x)
        self.assertEqual((scores.shape, scores.dtype), ((100,), np.float64))
        self.assertAlmostEqual(flow.score(x), scores.sum(), places=6)
        self.assertEqual(flow.sample(4, random_state=1).shape, (4, 2))
        self.assertEqual(flow.sample(4, 1).tobytes(), flow.sample(4, 1).tobytes())
        again = advect.FlowDensity(**flow.get_params()).set_params(steps=21)
        self.assertEqual((again.steps, again.random_state), (21, 3))
        self.assertEqual(repr(flow), "FlowDensity(steps=20, random_state=3)")

    def test_it_refuses_in_words(self):
        with self.assertRaisesRegex(ValueError, "call fit first"):
            advect.FlowDensity().score_samples([[0, 0]])
        with self.assertRaisesRegex(ValueError, "bandwidth is unknown"):
            advect.FlowDensity().set_params(bandwidth=1)
        with self.assertRaisesRegex(ValueError, "weights of samples"):
            advect.FlowDensity().fit([[0, 0]], sample_weight=[1])

    def test_scikit_learn_takes_it(self):
        try:
            from sklearn.base import clone
            from sklearn.model_selection import cross_val_score
        except ImportError:
            self.skipTest("scikit-learn (python3-sklearn) is not there")
        flow = clone(advect.FlowDensity(steps=10))
        self.assertEqual(flow.steps, 10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = cross_val_score(flow, moons(60)[0], cv=2)
        self.assertEqual(scores.shape, (2,))
        self.assertTrue(np.isfinite(scores).all())
