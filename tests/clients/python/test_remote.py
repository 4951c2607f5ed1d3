"""Models of a real daemon: the answers of those in the process, refusals, keys."""
import os
import unittest

import advect
import numpy as np
from support import BOARD, DIGITS, MODES, ONE_PROBE, Daemon, FolderTest, fork, python

KEY = "5f0d7c1e9b3a48f2a6c4"


class TestVerbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon().__enter__()
        cls.addClassCleanup(cls.daemon.__exit__)
        cls.client = advect.connect(cls.daemon.url)
        cls.remote = cls.client.model("four-modes")
        cls.local = advect.load(MODES)

    def assertSame(self, a, b):
        self.assertEqual((a.shape, a.dtype), (b.shape, b.dtype))
        self.assertEqual(a.tobytes(), b.tobytes())

    def test_models_are_listed_and_tell_the_same_as_those_here(self):
        self.assertIn("four-modes", self.client.models())
        for name, path in (("four-modes", MODES), ("mnist-mlp", DIGITS)):
            remote, local = self.client.model(name), advect.load(path)
            for about in ("name", "digest", "dim", "shape", "classes", "labels", "columns",
                          "is_image"):  # fmt: skip
                self.assertEqual(getattr(remote, about), getattr(local, about), about)
        self.assertEqual(self.remote.limits["rows"], 100000)

    def test_answers_are_those_of_the_process(self):
        x = self.local.sample(40, seed=1)
        solver = {"method": "rk4", "steps": 5}
        for verb, arguments in (
            ("sample", {"n": 30, "seed": 3}),
            ("sample", {"n": 3, "seed": 3, "first": 17, "solver": "euler", "space": "flow"}),
            ("sample", {"x0": x[:5], "solver": solver, "seed": 1}),
            ("encode", {"x": x}),
            ("encode", {"x": x[:2], "solver": {"method": "dopri5", "rtol": 1e-6}, "t": 0.5}),
            ("velocity", {"x": x, "t": 0.3}),
            ("score", {"x": x, "t": 0.3}),
            ("score", {"x": x[:3], "t": 0.3, "method": "difference", "solver": solver}),
            ("sample", {"n": 9, "seed": 3, "solver": {"method": "sde", "steps": 8, "noise": 2}}),
        ):  # fmt: skip
            with self.subTest(verb, given=list(arguments)):
                self.assertSame(getattr(self.remote, verb)(**arguments),
                                getattr(self.local, verb)(**arguments))
        there, here = self.remote.score_with_error(x[:3]), self.local.score_with_error(x[:3])
        self.assertSame(there.score, here.score)
        self.assertSame(there.error, here.error.astype("f4").astype("f8"))
        for more in ({}, {"solver": solver, "t": 0.9}, {"divergence": "exact"}):
            there, here = self.remote.log_prob(x, **more), self.local.log_prob(x, **more)
            self.assertSame(there, here.astype("f4").astype("f8"))  # it travels as float32

    def test_classes_guidance_and_probes_are_asked_for(self):
        remote, local = self.client.model("mnist-mlp"), advect.load(DIGITS)
        quick = {"method": "euler", "steps": 3}
        for label in (3, "3", [3, 8], ["3", "8"]):
            arguments = {"seed": 5, "label": label, "guidance": 2, "solver": quick}
            self.assertSame(remote.sample(**arguments), local.sample(**arguments))
        x = np.clip(local.sample(4, seed=1, solver=quick), 0, 1)
        arguments = {"label": [1, 2, 3, -1], "solver": {"method": "rk4", "steps": 2},
                     "divergence": {"probes": 2, "seed": 7, "renew": True}}  # fmt: skip
        there, here = remote.log_prob(x, **arguments), local.log_prob(x, **arguments)
        self.assertSame(there, here.astype("f4").astype("f8"))

    def test_pixels_go_as_they_are(self):
        remote = self.client.model("mnist-mlp")
        x = (np.arange(784) % 256).astype(np.uint8)[None]
        found = remote.encode(x, label=3, solver={"method": "euler", "steps": 2})
        self.assertEqual(found.shape, (1, 784))

    def test_trajectories_are_those_of_the_process_whole_and_by_frames(self):
        arguments = {"n": 3, "seed": 1, "frames": 4}
        local = self.local.trajectory(**arguments)
        whole = self.remote.trajectory(**arguments)
        self.assertSame(whole.states, local.states)
        self.assertSame(whole.times, local.times)
        frames = list(self.remote.frames(**arguments))
        self.assertEqual([frame.time for frame in frames], local.times.tolist())
        for frame, states in zip(frames, local.states):
            self.assertSame(frame.states, states)
        times = [0, 0.25, 1]
        self.assertEqual([f.time for f in self.remote.frames(2, times=times, seed=1)], times)

    def test_frames_come_before_the_last_is_computed(self):
        board = self.client.model("checkerboard-8x8")
        slow = {"method": "rk4", "steps": 2000}
        frames = board.frames(200, seed=1, frames=40, solver=slow)
        self.assertEqual(next(frames).time, 0)
        frames.close()  # the connection goes, and the daemon stops
        self.assertIn("four-modes", self.client.models())

    def test_connections_are_kept(self):
        client = advect.connect(self.daemon.url)
        model = client.model("four-modes")
        before = client._daemon._idle[0]
        for _ in range(3):
            model.sample(2)
            list(model.frames(1, frames=2))
        with self.assertRaises(advect.ProblemError):
            model.sample(2, guidance=3)
        self.assertEqual(list(client._daemon._idle), [before])
        with client:
            pass
        self.assertEqual(len(client._daemon._idle), 0)

    def test_refusals_show_field_and_limit(self):
        board = self.remote
        for call, status, field, limit, message in (
            (lambda: board.sample(200000), 422, "n", 100000, "n is 200000; the limit is 100000"),
            (lambda: board.sample(2, solver={"method": "rk4", "steps": 10**6}), 422,
             "solver.steps", 10000, "limit 10000"),
            (lambda: board.trajectory(2, frames=2000), 422, "frames", 1000, "the limit is 1000"),
            (lambda: board.sample(2, guidance=3), 422, "guidance", None, "guidance is 3"),
            (lambda: next(board.frames(2, guidance=3)), 422, "guidance", None, "guidance is 3"),
            (lambda: board.log_prob([[np.nan, 0]]), 422, "points", None, "row 0, column 0 .* is nan"),
            (lambda: board.velocity(np.zeros((2 * 10**6, 2), "f4"), 1), 413, None, 8388608,
             "at most 8388608"),
            (lambda: self.client.model("four-mode"), 404, None, None, 'did you mean "four-modes"'),
            (lambda: self.client.model("a/b c"), 404, None, None, "no model"),
        ):  # fmt: skip
            with self.subTest(message):
                with self.assertRaisesRegex(advect.ProblemError, message) as caught:
                    call()
                found = caught.exception
                self.assertEqual((found.status, found.field, found.limit), (status, field, limit))
                self.assertIn(f"HTTP {status}", str(found))
                self.assertTrue(found.request_id)

    def test_what_needs_no_daemon_to_be_refused_is_not_sent(self):
        with self.assertRaisesRegex(advect.InvalidError, r"x has shape \(3,\)"):
            self.remote.log_prob([0, 0, 0])
        with self.assertRaisesRegex(advect.InvalidError, "seed is -1"):
            self.remote.sample(seed=-1)
        with self.assertRaisesRegex(advect.InvalidError, "it must be http://"):
            advect.connect("localhost:8080")

    def test_points_far_out_have_no_value_and_a_warning(self):
        far = np.full((2, 2), 0.5, dtype=np.float32)
        far[1] = 3e38
        with self.assertWarnsRegex(RuntimeWarning, "row 1 has no value"):
            found = self.remote.log_prob(far)
        self.assertEqual(np.isnan(found).tolist(), [False, True])

    def test_what_an_answer_warns_of_is_a_warning(self):
        points = np.full((3, 2), 0.5, dtype=np.float32)
        with self.assertWarnsRegex(RuntimeWarning, "rows may be off by more than 0.1 nats") as of_json:
            self.remote.density(points, solver={"method": "rk4", "steps": 2})
        with self.assertWarnsRegex(RuntimeWarning, "one probe has no standard error") as of_npy:
            self.remote.log_prob(points, divergence=ONE_PROBE)
        with self.assertWarnsRegex(RuntimeWarning, "the scores of . of 3 rows") as of_scores:
            self.remote.score(points, 1, method="difference", solver={"method": "rk4", "steps": 2})
        names = {of_json.filename, of_npy.filename, of_scores.filename}
        self.assertEqual(names, {__file__})

    def test_the_child_of_a_fork_has_connections_of_its_own(self):
        expected = self.remote.sample(5, seed=1).tobytes()
        child = fork()
        if child == 0:
            same = self.remote.sample(5, seed=1).tobytes() == expected
            os._exit(0 if same else 1)
        self.assertEqual(self.remote.sample(5, seed=1).tobytes(), expected)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class TestManyLabels(FolderTest):
    def test_labels_too_long_for_a_url_go_another_way(self):
        x = np.random.default_rng(0).normal(size=(5000, 2)).astype("f4")
        label = np.arange(5000) % 3
        local = advect.fit(x[:60], labels=label[:60], steps=2)
        local.save(self.at("m.safetensors"))
        with Daemon(self.at("m.safetensors")) as daemon:
            remote = advect.connect(daemon.url).model(local.name)
            for n in (5, 5000):
                there = remote.velocity(x[:n], 0.5, label=label[:n])
                here = local.velocity(x[:n], 0.5, label=label[:n])
                self.assertEqual(there.tobytes(), here.tobytes())


class TestKeys(unittest.TestCase):
    def test_a_key_opens_and_a_wrong_one_does_not(self):
        with Daemon("--models", os.path.dirname(MODES), "--api-key", KEY) as daemon:
            client = advect.connect(daemon.url, key=KEY)
            self.assertEqual(client.model("four-modes").sample(2).shape, (2, 2))
            self.assertNotIn(KEY, repr(client) + repr(client.model("four-modes")))
            for wrong in (None, KEY[:-1] + "5"):
                with self.assertRaises(advect.ProblemError) as caught:
                    advect.connect(daemon.url, key=wrong).models()
                self.assertEqual((caught.exception.status, caught.exception.kind), (401, "no-key"))
                self.assertNotIn(KEY[:-1], str(caught.exception))


class TestWithoutTheLibrary(FolderTest):
    def test_the_door_over_http_needs_none(self):
        code = ("import advect, sys; m = advect.connect(sys.argv[1]).model('checkerboard-8x8'); "
                "print(m.sample(2, seed=1, solver='euler').shape, "
                "list(m.frames(1, frames=2))[1].time)")
        with Daemon(BOARD) as daemon:
            done = python(code, daemon.url, ADVECT_LIBRARY=self.at("absent.so"))
        self.assertEqual(done, (0, "(2, 2) 1.0\n"))
