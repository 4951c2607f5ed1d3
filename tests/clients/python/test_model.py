"""Models in the process: the same bytes as the command line's, arrays without copies, refusals."""
import gc
import os
import pickle
import weakref

import advect
import numpy as np
from support import BOARD, DIGITS, MODES, ONE_PROBE, FolderTest, advect_tool


class TestAnswers(FolderTest):
    def of_the_tool(self, command, model, *flags):
        out = self.at("out.npy")
        advect_tool(command, model, *flags, "--quiet", "--out", out)
        return np.load(out)

    def assertSameBytes(self, a, b):
        self.assertEqual(a.shape, b.shape)
        self.assertEqual(a.tobytes(), np.ascontiguousarray(b, dtype=a.dtype).tobytes())

    def test_samples_are_the_command_lines(self):
        model = advect.load(BOARD)
        expected = self.of_the_tool("sample", BOARD, "-n", "300", "--seed", "3")
        self.assertSameBytes(model.sample(300, seed=3), expected)
        self.assertSameBytes(model.sample(1, seed=3, first=17), expected[17:18])

    def test_samples_of_classes_with_guidance_are_the_command_lines(self):
        model = advect.load(DIGITS)
        flags = ("--seed", "5", "--guidance", "2", "--solver", "heun", "--steps", "4")
        expected = self.of_the_tool("sample", DIGITS, "--label", "3,8", "-n", "2", *flags)
        for label in ([3, 8], ["3", "8"], [3, "8"], np.array([3, 8])):
            found = model.sample(seed=5, guidance=2, label=label,
                                 solver={"method": "heun", "steps": 4})  # fmt: skip
            self.assertSameBytes(found, expected)
        by_turns = self.of_the_tool("sample", DIGITS, "-n", "12", "--seed", "1")
        self.assertSameBytes(model.sample(12, seed=1), by_turns)

    def test_default_steps_of_a_named_solver_are_the_command_lines(self):
        expected = self.of_the_tool("sample", BOARD, "-n", "9", "--seed", "1", "--solver", "euler")
        self.assertSameBytes(advect.load(BOARD).sample(9, seed=1, solver="euler"), expected)

    def test_trajectories_are_the_command_lines(self):
        expected = self.of_the_tool("trajectory", BOARD, "-n", "5", "--seed", "2", "--frames", "4")
        trajectory = advect.load(BOARD).trajectory(5, seed=2, frames=4)
        self.assertSameBytes(trajectory.states, expected)
        self.assertEqual(trajectory.times.tolist(), [0, 1 / 3, 2 / 3, 1])

    def test_log_densities_are_the_command_lines(self):
        model = advect.load(BOARD)
        np.save(self.at("x.npy"), model.sample(20, seed=4))
        expected = self.of_the_tool("logp", BOARD, "--points", self.at("x.npy"))
        found = model.log_prob(np.load(self.at("x.npy")))
        self.assertEqual(found.dtype, np.float64)
        self.assertSameBytes(found.astype(np.float32), expected.reshape(-1))
        self.assertSameBytes(model.score_samples(np.load(self.at("x.npy"))), found)

    def test_probes_of_a_seed_are_the_command_lines(self):
        model = advect.load(DIGITS)
        x = np.clip(model.sample(2, seed=1), 0, 1)
        np.save(self.at("x.npy"), x)
        flags = ("--divergence", "hutchinson", "--probes", "2", "--probe-seed", "7", "--solver",
                 "rk4", "--steps", "3", "--renew-probes", "--label", "4")
        expected = self.of_the_tool("logp", DIGITS, "--points", self.at("x.npy"), *flags)
        found = model.log_prob(
            x.reshape(2, 1, 28, 28), label=4, solver={"method": "rk4", "steps": 3},
            divergence={"probes": 2, "seed": 7, "renew": True})  # fmt: skip
        self.assertSameBytes(found.astype(np.float32), expected.reshape(-1))

    def test_what_is_encoded_leads_back(self):
        model = advect.load(MODES)
        x = model.sample(50, seed=1)
        tight = {"method": "dopri5", "rtol": 1e-7, "atol": 1e-7}
        back = model.sample(x0=model.encode(x, solver=tight), solver=tight)
        np.testing.assert_allclose(back, x, atol=1e-3)  # float32, through two integrations

    def test_velocities_are_the_slope_of_trajectories(self):
        model = advect.load(MODES)
        h = 1e-3
        times = [0, 0.5 - h, 0.5, 0.5 + h]
        path = model.trajectory(20, seed=1, times=times, solver={"method": "rk4", "steps": 200})
        slope = (path.states[3].astype(float) - path.states[1]) / (2 * h)
        v = model.velocity(path.states[2], 0.5)
        np.testing.assert_allclose(v, slope, atol=0.05)  # of differences of float32

    def test_scores_are_told_by_velocities_and_by_densities(self):
        model = advect.load(MODES)
        x, t, h = model.trajectory(8, seed=1, times=[0, 0.5, 1]).states[1], 0.5, 0.02
        flow = {"space": "flow"}
        v = model.velocity(x, t, **flow)
        np.testing.assert_allclose(model.score(x, t, **flow), (t * v - x) / (1 - t), atol=1e-4)
        score, error = model.score_with_error(x, t, **flow)
        tight = {"method": "dopri5", "rtol": 1e-7, "atol": 1e-7}
        for k in range(2):
            step = h * np.eye(2, dtype="f4")[k]
            up, down = (model.log_prob(x + s, t=t, solver=tight, **flow) for s in (step, -step))
            np.testing.assert_allclose(score[:, k], (up - down) / (2 * h), rtol=0.02, atol=0.02)
        self.assertTrue((error < 0.1).all())
        with self.assertRaisesRegex(advect.InvalidError, "method difference"):
            model.score(x, 1)
        with self.assertRaisesRegex(advect.InvalidError, "solver"):
            model.score(x, t, solver="rk4")

    def test_densities_integrate_to_one(self):
        side = np.linspace(-6, 6, 49)
        grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        log_p = advect.load(MODES).log_prob(grid, solver={"method": "rk4", "steps": 20})
        total = np.exp(log_p).sum() * (side[1] - side[0]) ** 2
        self.assertAlmostEqual(total, 1, delta=0.02)  # of a sum over squares

    def test_frames_are_the_trajectory(self):
        model = advect.load(BOARD)
        whole = model.trajectory(3, seed=1, frames=3)
        frames = list(model.frames(3, seed=1, frames=3))
        self.assertEqual([frame.time for frame in frames], [0, 0.5, 1])
        for frame, states in zip(frames, whole.states):
            self.assertSameBytes(frame.states, states)

    def test_without_a_seed_samples_differ(self):
        model = advect.load(BOARD)
        self.assertNotEqual(model.sample(1).tobytes(), model.sample(1).tobytes())

    def test_answers_do_not_depend_on_the_threads(self):
        model = advect.load(BOARD)
        self.addCleanup(advect.set_threads, len(os.sched_getaffinity(0)))
        answers = []
        for n in (1, 2, 5):
            advect.set_threads(n)
            answers.append(model.sample(700, seed=1).tobytes())
        self.assertEqual(len(set(answers)), 1)

    def test_points_far_out_have_no_value_and_a_warning(self):
        far = np.full((3, 2), 0.5, dtype=np.float32)
        far[1] = 3e38
        with self.assertWarnsRegex(RuntimeWarning, "row 1 has no value"):
            found = advect.load(BOARD).log_prob(far)
        self.assertEqual(np.isnan(found).tolist(), [False, True, False])

    def test_what_an_answer_warns_of_is_a_warning(self):
        board, points = advect.load(BOARD), np.full((3, 2), 0.5)
        with self.assertWarnsRegex(RuntimeWarning, "rows may be off by more than 0.1 nats"):
            board.density(points, solver={"method": "rk4", "steps": 2})
        with self.assertWarnsRegex(RuntimeWarning, "one probe has no standard error"):
            board.log_prob(points, divergence=ONE_PROBE)


class TestMemory(FolderTest):
    def test_samples_are_not_copied_and_outlive_the_model(self):
        model, quick = advect.load(MODES), {"method": "euler", "steps": 2}
        expected = model.sample(10000, seed=1, solver=quick).tobytes()
        x = model.sample(10000, seed=1, solver=quick)
        self.assertFalse(x.flags.owndata)
        self.assertTrue(x.flags.c_contiguous and x.flags.writeable)
        owner = x.base.owner
        self.assertEqual(x.ctypes.data, owner.answer.states)
        part = x[5000:, 1]
        del model, x, owner
        gc.collect()
        self.assertEqual(part.tobytes(),
                         np.frombuffer(expected, "f4").reshape(-1, 2)[5000:, 1].tobytes())

    def test_a_run_ends_with_its_last_array(self):
        freed = []
        model = advect.load(BOARD)
        x = model.sample(10, seed=1)
        run = x.base.owner
        free = run._free
        run._free = lambda handle: (freed.append(handle), free(handle))
        y = x[3:]
        del run, x
        gc.collect()
        self.assertEqual(freed, [])
        del y
        gc.collect()
        self.assertEqual(len(freed), 1)

    def test_a_model_ends_with_its_last_view(self):
        model = advect.load(BOARD)
        last = weakref.ref(model)
        weights = model.weights
        self.assertFalse(weights.flags.writeable)
        del model
        gc.collect()
        self.assertIsNotNone(last())
        del weights
        gc.collect()
        self.assertIsNone(last())

    def test_points_of_float32_are_not_copied(self):
        x = np.zeros((5, 2), dtype=np.float32)
        from advect._arguments import rows

        self.assertIs(rows(x, (2,), "x"), x)


class TestAbout(FolderTest):
    def test_a_model_tells_what_it_is(self):
        model = advect.load(DIGITS)
        self.assertEqual((model.name, model.dim, model.shape), ("mnist-mlp", 784, (1, 28, 28)))
        self.assertEqual((model.classes, model.labels), (10, [str(i) for i in range(10)]))
        self.assertTrue(model.is_image)
        self.assertEqual(model.columns, [])
        self.assertEqual(model.config["net"]["kind"], "mlp")
        self.assertEqual(model.card["parameters"], model.weights.size)
        self.assertIn("'mnist-mlp'", repr(model))

    def test_what_is_saved_is_the_model(self):
        model = advect.load(BOARD)
        model.save(self.at("copy.safetensors"))
        again = advect.load(self.at("copy.safetensors"))
        self.assertEqual(again.sample(5, seed=1).tobytes(), model.sample(5, seed=1).tobytes())
        model.save(self.at("half.safetensors"), dtype="float16")
        sizes = [os.path.getsize(self.at(name + ".safetensors")) for name in ("half", "copy")]
        self.assertLess(sizes[0], 0.6 * sizes[1])

    def test_a_model_is_not_pickled(self):
        with self.assertRaisesRegex(TypeError, "save"):
            pickle.dumps(advect.load(BOARD))

    def test_what_cannot_be_loaded_or_saved_is_refused(self):
        with self.assertRaisesRegex(advect.FileError, "absent.*No such file"):
            advect.load(self.at("absent"))
        with open(self.at("text"), "w") as file:
            file.write("no model, but long enough to have a header's length")
        with self.assertRaises(advect.FormatError):
            advect.load(self.at("text"))
        with self.assertRaisesRegex(advect.InvalidError, "precision is 'half'; .*float32"):
            advect.load(BOARD, precision="half")
        with self.assertRaisesRegex(advect.InvalidError, "isa"):
            advect.load(BOARD, isa="mmx")
        with self.assertRaises(advect.FileError):
            advect.load(BOARD).save(self.at("no/such/folder"))
        with self.assertRaisesRegex(ValueError, "dtype"):
            advect.load(BOARD).save(self.at("x"), dtype="int8")
