"""Models that are conditioned on numbers: what each verb takes and gives, here and over HTTP."""
import json
import os
import unittest
import warnings

import advect
import numpy as np
from support import BOARD, Daemon, FolderTest, advect_tool

SHORT = {"method": "rk4", "steps": 6}


def pairs(n, seed=0):
    """theta [n, 2] normal around x [n, 3] by a matrix: the truth is known."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3))
    mix = np.array([[1.0, 0.5], [0.0, 1.0], [-0.5, 0.3]])
    return x @ mix + 0.5 * random.normal(size=(n, 2)), x, mix


class TestContexts(FolderTest):
    @classmethod
    def setUpClass(cls):
        cls.theta, cls.x, cls.mix = pairs(600)
        cls.model = advect.fit(cls.theta, context=cls.x, steps=300, seed=1, name="pairs")

    def test_the_model_says_what_it_takes(self):
        self.assertEqual((self.model.context_size, self.model.context_names), (3, []))
        distance = np.abs((self.x - self.x.mean(0)) / self.x.std(0)).max()
        self.assertTrue(2.5 < self.model.context_reach <= distance + 0.1)  # of 540 of the rows
        plain = advect.load(BOARD)
        self.assertEqual((plain.context_size, plain.context_names), (0, []))

    def test_one_context_is_of_all_rows(self):
        one = self.model.sample(5, seed=3, context=self.x[0])
        self.assertEqual(one.shape, (5, 2))
        at = self.theta[:4]
        all_of_it = np.repeat(self.x[:1], 4, axis=0)
        for context in (self.x[0], self.x[:1], self.x[0].tolist()):
            for verb in (self.model.log_prob, self.model.encode):
                self.assertEqual(verb(at, context=context).tobytes(),
                                 verb(at, context=all_of_it).tobytes())
        self.assertEqual(self.model.velocity(at, 0.5, context=self.x[0]).tobytes(),
                         self.model.velocity(at, 0.5, context=all_of_it).tobytes())

    def test_several_have_n_samples_each(self):
        of_each = self.model.sample(5, seed=3, context=self.x[:4])
        self.assertEqual(of_each.shape, (4, 5, 2))
        for k in range(4):
            alone = self.model.sample(5, seed=3, context=self.x[k], first=5 * k)
            self.assertEqual(of_each[k].tobytes(), alone.tobytes())
        self.assertEqual(self.model.sample(context=self.x[:4]).shape, (4, 1, 2))
        self.assertEqual(self.model.sample(5, context=self.x[:1]).shape, (1, 5, 2))
        self.assertEqual(self.model.trajectory(5, context=self.x[:4]).states.shape, (11, 4, 5, 2))
        path = self.model.trajectory(5, seed=3, context=self.x[:4], frames=2)
        self.assertEqual(path.states[-1].tobytes(), of_each.tobytes())
        frame = list(self.model.frames(5, seed=3, context=self.x[:4], frames=2))[-1]
        self.assertEqual(frame.states.tobytes(), of_each.tobytes())

    def test_starts_have_one_each(self):
        z = np.random.default_rng(1).normal(size=(4, 2))
        together = self.model.sample(x0=z, context=self.x[:4])
        self.assertEqual(together.shape, (4, 2))
        for k in range(4):
            self.assertEqual(together[k].tobytes(),
                             self.model.sample(x0=z[k : k + 1], context=self.x[k]).tobytes())

    def test_it_is_the_distribution_given_the_context(self):
        """Means and log-densities of the truth, a normal distribution around x @ mix."""
        x = np.array([[1.0, -1.0, 0.5], [-0.5, 0.3, 1.0]])
        means = self.model.sample(2000, context=x, seed=0).mean(axis=1)
        np.testing.assert_allclose(means, x @ self.mix, atol=0.15)
        theta, x, _ = pairs(200, seed=5)
        truth = -((theta - x @ self.mix) ** 2).sum(1) / (2 * 0.25) - np.log(2 * np.pi * 0.25)
        self.assertLess(abs((self.model.log_prob(theta, context=x) - truth).mean()), 0.2)

    def test_the_command_line_gives_the_same(self):
        self.model.save(self.at("pairs.safetensors"))
        advect_tool("sample", self.at("pairs.safetensors"), "--n", "3", "--seed", "7",
                    "--context=0.5,1,-1", "--quiet", "--out", self.at("out.npy"))
        own = self.model.sample(3, seed=7, context=[0.5, 1, -1])
        self.assertEqual(own.tobytes(), np.load(self.at("out.npy")).tobytes())

    def test_over_http_it_is_the_same(self):
        self.model.save(self.at("pairs.safetensors"))
        z = np.random.default_rng(1).normal(size=(4, 2)).astype("f4")
        at, x = self.theta[:4], self.x[:4]
        with Daemon(self.at("pairs.safetensors")) as daemon:
            remote = advect.connect(daemon.url).model("pairs")
            self.assertEqual((remote.context_size, remote.context_names), (3, []))
            self.assertAlmostEqual(remote.context_reach, self.model.context_reach, places=5)
            for ask in (
                lambda m: m.sample(5, seed=3, context=x[0]),
                lambda m: m.sample(5, seed=3, context=x),
                lambda m: m.sample(5, seed=3, context=x[:1]),
                lambda m: m.sample(x0=z, context=x),
                lambda m: m.sample(x0=z, context=x[0]),
                lambda m: m.trajectory(5, seed=3, context=x, frames=3).states,
                lambda m: np.stack([f.states for f in m.frames(2, seed=1, context=x, frames=3)]),
                lambda m: m.encode(at, context=x),
                lambda m: m.velocity(at, 0.5, context=x[0]),
                lambda m: m.velocity(np.tile(at, (200, 1)), 0.5, context=np.tile(x, (200, 1))),
                lambda m: m.log_prob(at, context=x).astype("f4"),
            ):
                there, here = ask(remote), ask(self.model)
                self.assertEqual((there.shape, there.tobytes()), (here.shape, here.tobytes()))
            there = remote.density(at, context=x, errors=True)
            here = self.model.density(at, context=x, errors=True)
            np.testing.assert_allclose(there.log_density, here.log_density, rtol=1e-7)
            np.testing.assert_allclose(there.log_density_error, here.log_density_error, rtol=1e-5)
            with self.assertRaisesRegex(advect.ProblemError, "context is missing"):
                remote.sample(3)
            for context in ([[1, 2, 3], [4]], [1, 2], 0.5, [np.nan, 0, 0]):
                with self.assertRaises(advect.InvalidError):
                    remote.sample(3, context=context)
            self.assertEqual(advect.Posterior(remote, x[0]).sample((2, 3)).shape, (2, 3, 2))

    def test_the_network_may_be_a_transformer(self):
        theta, x, _ = pairs(60)
        mlp = advect.fit(theta, context=x, steps=2)
        attends = advect.fit(theta, context=x, net="transformer", steps=2)
        self.assertNotEqual(attends.weights.shape, mlp.weights.shape)
        self.assertEqual(attends.sample(3, context=x[0]).shape, (3, 2))
        with self.assertRaisesRegex(advect.InvalidError, "net is .*unet.* mlp, transformer"):
            advect.fit(theta, context=x, net="unet")

    def test_what_is_no_context_is_refused(self):
        at = self.theta[:4]
        for context, message in (
            (None, "context is missing"),
            ([1, 2], r"context has shape \(2,\); it must be \(3,\) or \(4, 3\)"),
            (self.x[:2], r"context has shape \(2, 3\); it must be \(3,\) or \(4, 3\)"),
            (self.x[:0], r"context has shape \(0, 3\)"),
            (0.5, r"context has shape \(\)"),
            ([np.nan, 0, 0], r"context\[0\] is nan; it must be a finite number"),
            ([["a", "b", "c"]], "context has dtype <U1"),
            ([[1, 2, 3], [4]],
             r"context is no array: context\[1\] has 1 number, and context\[0\] has 3 numbers"),
            ([1e39, 0, 0], r"context\[0\] is 1e\+39, which is beyond float32"),
        ):
            with self.subTest(message), self.assertRaisesRegex(advect.InvalidError, message):
                self.model.log_prob(at, context=context)
        with self.assertRaisesRegex(advect.InvalidError, r"\(3,\) or \(n, 3\)"):
            self.model.sample(4, context=[1])
        with self.assertRaisesRegex(advect.InvalidError, "n is 18014398509481984; it must be"):
            self.model.sample(2**53, context=self.x[:2])
        with self.assertRaisesRegex(advect.InvalidError, "this model takes none"):
            advect.load(BOARD).sample(4, context=[1])

    def test_beyond_the_training_there_is_a_warning(self):
        reach = self.model.context_reach
        with self.assertWarnsRegex(RuntimeWarning, r"context\[1\] is, .* the model extrapolates"):
            self.model.sample(2, context=[[0, 0, 0], [reach + 1, 0, 0]])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.model.sample(2, context=self.x[:1])

    def test_labels_and_contexts_go_together(self):
        label = np.arange(600) % 3
        both = advect.fit(self.theta, labels=label, context=self.x, steps=5)
        of_each = both.sample(3, seed=1, label=[0, 1, 2], context=self.x[:2], solver=SHORT)
        for k in range(2):
            alone = both.sample(3, seed=1, first=3 * k, label=[0, 1, 2], context=self.x[k],
                                solver=SHORT)
            self.assertEqual(of_each[k].tobytes(), alone.tobytes())
        both.save(self.at("both.safetensors"))
        with Daemon(self.at("both.safetensors")) as daemon:
            remote = advect.connect(daemon.url).model(both.name)
            there = remote.sample(3, seed=1, label=[0, 1, 2], context=self.x[:2], solver=SHORT)
        self.assertEqual(there.tobytes(), of_each.tobytes())


class TestDensity(FolderTest):
    def test_it_is_log_prob_with_its_errors(self):
        model = advect.load(BOARD)
        x = model.sample(20, seed=1)
        plain = model.density(x)
        self.assertEqual(plain.log_density.tobytes(), model.log_prob(x).tobytes())
        self.assertEqual(plain.log_density_error.shape, (20,))
        self.assertIsNone(model.density(x, errors=False).log_density_error)
        self.assertEqual((plain.standard_error, plain.interval_factor), (None, 0))
        rough = {"method": "rk4", "steps": 20}
        exact = model.log_prob(x, solver={"method": "dopri5", "rtol": 1e-9, "atol": 1e-9})
        found = model.density(x, errors=True, solver=rough)
        held = np.abs(found.log_density - exact) <= found.log_density_error
        self.assertGreaterEqual(held.mean(), 0.8)
        space = advect.load(BOARD.replace("8x8", "3d"))
        probed = space.density(space.sample(20), divergence={"method": "hutchinson", "probes": 2})
        self.assertEqual(probed.standard_error.shape, (20,))
        self.assertIsNone(probed.log_density_error)
        self.assertAlmostEqual(probed.interval_factor, 12.7062, places=3)  # Student, 1 degree

    def test_typicality_of_a_model_that_knows(self):
        advect_tool("simulate", "two_moons", "-n", "1500", "-o", "moons.csv", cwd=self.folder)
        recipe = {
            "name": "moons",
            "data": {"source": {"kind": "csv", "file": "moons.csv"}, "held_out": 150},
            "net": {"kind": "mlp", "dim": 4, "channels": 8, "layers": 1},
            "train": {"steps": 500, "batch": 2048, "seed": 1},
        }
        with open(self.at("moons.json"), "w") as file:
            json.dump(recipe, file)
        advect_tool("train", "moons.json", "--quiet", cwd=self.folder)
        rows = np.loadtxt(self.at("moons.csv"), delimiter=",", skiprows=1)[:200]
        found = advect.load(self.at("moons.safetensors")).density(rows)
        self.assertLess(abs(np.median(found.typicality) - 50), 15)
        self.assertTrue(((found.typicality >= 0) & (found.typicality <= 100)).all())
        self.assertTrue((np.diff(found.typicality[np.argsort(found.log_density)]) >= 0).all())


class TestFit(FolderTest):
    def test_tables_files_and_arrays_give_the_same_model(self):
        theta, x, _ = pairs(200)
        with open(self.at("t.csv"), "w") as file:
            file.write("a,b,x1,x2,x3\n")
            np.savetxt(file, np.hstack([theta, x]), delimiter=",", fmt="%.6f")
        np.save(self.at("theta.npy"), np.loadtxt(self.at("t.csv"), delimiter=",", skiprows=1,
                                                 usecols=(0, 1)).astype("f4"))
        np.save(self.at("x.npy"), np.loadtxt(self.at("t.csv"), delimiter=",", skiprows=1,
                                             usecols=(2, 3, 4)).astype("f4"))
        table = advect.fit(self.at("t.csv"), context=["x1", "x2", "x3"], steps=30)
        self.assertEqual(table.context_names, ["x1", "x2", "x3"])
        self.assertEqual(table.columns, ["a", "b"])
        file = advect.fit(self.at("theta.npy"), context=self.at("x.npy"), steps=30)
        array = advect.fit(np.load(self.at("theta.npy")), context=np.load(self.at("x.npy")),
                           columns=["a", "b"], steps=30)
        for found in (file, array):
            self.assertEqual(found.weights.tobytes(), table.weights.tobytes())
        with self.assertRaisesRegex(advect.InvalidError, r"\(x1, x2, x3\)"):
            table.sample(2, context=[1])

    def test_files_are_found_through_links(self):
        theta, x, _ = pairs(60)
        os.makedirs(self.at("deep/data"))
        os.symlink(self.at("deep/data"), self.at("link"))
        np.save(self.at("deep/data/theta.npy"), theta.astype("f4"))
        np.save(self.at("x.npy"), x.astype("f4"))
        found = advect.fit(self.at("link/theta.npy"), context=self.at("x.npy"), steps=2)
        self.assertEqual(found.context_size, 3)

    def test_one_number_needs_no_second_axis(self):
        theta, x, _ = pairs(60)
        self.assertEqual(advect.fit(theta, context=x[:, 0], steps=2).context_size, 1)

    def test_what_is_no_context_is_refused(self):
        theta, x, _ = pairs(60)
        gap = x.copy()
        gap[3, 1] = np.inf
        np.save(self.at("theta.npy"), theta.astype("f4"))
        ragged = x.tolist()
        ragged[17] = ragged[17][:1]
        named = {"a": theta[:, 0], "b": theta[:, 1]}
        with open(self.at("t.csv"), "w") as file:
            file.write("a,bin1\n" + "1,2\n3,5\n" * 20)
        for call, message in (
            (lambda: advect.fit(theta, context=ragged), r"context\[17\] has 1 number, and"),
            (lambda: advect.fit(named, context={"c": x[:, 0], "b": x[:, 1]}),
             "context has a column 'b', and so has data"),
            (lambda: advect.fit(theta, columns=["a", "b"], context={"a": x[:, 0]}),
             "context has a column 'a', and so has data"),
            (lambda: advect.fit(self.at("t.csv"), context="bin*"),
             "context is a text; of a CSV file it must be a list of columns"),
            (lambda: advect.fit(theta, context=x[:9]), r"context has shape \(9, 3\); .*\(60, size"),
            (lambda: advect.fit(theta, context=gap), r"context\[3\]\[1\] is inf"),
            (lambda: advect.fit(theta, context=["a"] * 60), "context has dtype <U1"),
            (lambda: advect.fit(self.at("theta.npy"), context=["x1"]), "context is of CSV files"),
            (lambda: advect.fit(self.at("theta.npy"), context=x), "context is an array and data a"),
            (lambda: advect.fit(self.at("theta.npy"), context=self.at("absent.npy")), "absent.npy"),
        ):
            with self.subTest(message), self.assertRaisesRegex(advect.Error, message):
                call()


class TestPosterior(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.theta, cls.x, cls.mix = pairs(600)
        cls.model = advect.fit(cls.theta, context=cls.x, steps=300, seed=1)

    def test_it_has_the_verbs_of_sbi(self):
        posterior = advect.Posterior(self.model, self.x[0])
        samples = posterior.sample((6,), seed=2)
        self.assertEqual(samples.tobytes(),
                         self.model.sample(6, seed=2, context=self.x[0]).tobytes())
        self.assertEqual(posterior.sample(6, seed=2).tobytes(), samples.tobytes())
        self.assertEqual(posterior.sample((2, 3)).shape, (2, 3, 2))
        self.assertEqual(posterior.sample().shape, (2,))
        self.assertEqual(posterior.log_prob(samples).tobytes(),
                         self.model.log_prob(samples, context=self.x[0]).tobytes())
        other = posterior.log_prob(samples, x=self.x[1])
        self.assertEqual(other.tobytes(),
                         self.model.log_prob(samples, context=self.x[1]).tobytes())
        self.assertIs(posterior.set_default_x(self.x[1]), posterior)
        self.assertEqual(posterior.log_prob(samples).tobytes(), other.tobytes())

    def test_its_maximum_is_where_the_truth_has_it(self):
        x = np.array([0.5, -0.5, 0.2])
        posterior = advect.Posterior(self.model, x)
        best = posterior.map(num_init_samples=200)
        np.testing.assert_allclose(best, x @ self.mix, atol=0.3)
        top = posterior.log_prob(best[None])[0]
        self.assertGreaterEqual(top, posterior.log_prob(posterior.sample(500, seed=3)).max() - 1e-3)
        self.assertEqual(posterior.map(num_init_samples=200).tobytes(), best.tobytes())

    def test_it_refuses_in_words(self):
        with self.assertRaisesRegex(advect.InvalidError, "takes no context: it is no posterior"):
            advect.Posterior(advect.load(BOARD))
        with self.assertRaisesRegex(advect.InvalidError, "x is missing"):
            advect.Posterior(self.model).sample(3)
        with self.assertRaisesRegex(advect.InvalidError, r"\(1, 3\)"):
            advect.Posterior(self.model, self.x[:2])
        with self.assertRaisesRegex(advect.InvalidError, "sample_shape is 0"):
            advect.Posterior(self.model, self.x[0]).sample((0,))
