"""Ctrl-C, forks and threads."""
import os
import threading
import unittest

import advect
import numpy as np
from support import BOARD, MODES, fork, python

# What starts programs in the background may have them ignore Ctrl-C, and Python leaves it so.
INTERRUPTED = """
import advect, os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
model = advect.load({model!r})
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 30)
print(model.sample(2, seed=1).shape)
"""


class TestInterrupts(unittest.TestCase):
    def interrupted(self, call):
        status, said = python(INTERRUPTED.format(model=BOARD, call=call))
        self.assertEqual((status, said), (0, "interrupted True\n(2, 2)\n"))

    def test_a_long_query_stops(self):
        self.interrupted("model.sample(10**6, solver={'method': 'rk4', 'steps': 10**5})")

    def test_one_with_a_single_row_stops(self):
        self.interrupted("model.sample(1, solver={'method': 'rk4', 'steps': 10**8})")

    def test_a_fit_stops(self):
        self.interrupted("advect.fit(model.sample(500, seed=1), steps=10**8)")

    def test_a_fit_with_a_callback_stops(self):
        self.interrupted("advect.fit(model.sample(500), steps=10**8, progress=lambda at: None)")

    def test_the_search_for_a_recipe_is_not_waited_for(self):
        call = ("import numpy; x = numpy.random.default_rng(0).normal(size=(50000, 60)); "
                "advect.fit(x, steps=10**8)")
        self.interrupted(call)


class TestThreads(unittest.TestCase):
    def test_two_threads_share_a_model(self):
        model = advect.load(MODES)
        expected = {seed: model.sample(400, seed=seed).tobytes() for seed in range(4)}
        wrong = []

        def ask(seed):
            for _ in range(5):
                if model.sample(400, seed=seed).tobytes() != expected[seed]:
                    wrong.append(seed)

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in expected]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_others_run_while_the_library_computes(self):
        model = advect.load(BOARD)
        turns, done = [0], threading.Event()

        def count():
            while not done.is_set():
                turns[0] += 1
                done.wait(0.001)

        counter = threading.Thread(target=count)
        counter.start()
        thread = threading.Thread(target=lambda: model.sample(300, seed=1))
        thread.start()
        before = turns[0]
        thread.join()
        done.set()
        counter.join()
        self.assertGreater(turns[0] - before, 3)


class TestForks(unittest.TestCase):
    def test_a_child_uses_the_model_of_its_parent(self):
        """The threads of the parent's pool are not in the child."""
        model = advect.load(MODES)
        expected = model.sample(3000, seed=1).tobytes()  # by the pool
        children = []
        for _ in range(3):
            child = fork()
            if child == 0:
                os._exit(0 if model.sample(3000, seed=1).tobytes() == expected else 1)
            children.append(child)
        self.assertEqual(model.sample(3000, seed=1).tobytes(), expected)
        self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0, 0, 0])

    def test_a_child_of_a_busy_parent_uses_it_too(self):
        model = advect.load(MODES)
        expected = model.sample(50, seed=1).tobytes()
        busy = threading.Thread(target=lambda: model.sample(20000, seed=2))
        busy.start()
        child = fork()
        if child == 0:
            os._exit(0 if model.sample(50, seed=1).tobytes() == expected else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        busy.join()

    def test_a_child_trains(self):
        x = np.random.default_rng(0).normal(size=(60, 2))
        expected = advect.fit(x, steps=5).weights.tobytes()
        child = fork()
        if child == 0:
            os._exit(0 if advect.fit(x, steps=5).weights.tobytes() == expected else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
