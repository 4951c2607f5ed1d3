"""Points and contexts by the names of their columns: mappings, structured arrays, data frames; here
and over HTTP, as CSV files have them."""
import csv
import io
import unittest
import urllib.request

import advect
import numpy as np
from support import BOARD, Daemon, FolderTest

QUICK = {"method": "rk4", "steps": 6}


class Frame:
    """As much of a data frame as is looked at."""

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]

    def __len__(self):
        return len(self.__array__())

    def __array__(self, dtype=None, copy=None):
        return np.stack(list(self._columns.values()), axis=1)


class Series(Frame):
    """As much of a row of one, whose names are its keys."""

    def __init__(self, **numbers):
        super().__init__(**numbers)
        del self.columns

    def keys(self):
        return self._columns.keys()


def structured(**columns):
    array = np.zeros(len(next(iter(columns.values()))), [(name, "f8") for name in columns])
    for name, numbers in columns.items():
        array[name] = numbers
    return array


class TestNames(FolderTest):
    @classmethod
    def setUpClass(cls):
        random = np.random.default_rng(0)
        cls.x = random.normal(size=(300, 2))
        cls.theta = cls.x[:, ::-1] + 0.5 * random.normal(size=(300, 2))
        cls.model = advect.fit(Frame(a=cls.theta[:, 0], b=cls.theta[:, 1]),
                               context=Frame(u=cls.x[:, 0], v=cls.x[:, 1]), steps=60, name="named")

    def served(self):
        self.model.save(self.at("named.safetensors"))
        return Daemon(self.at("named.safetensors"))

    def test_a_fit_keeps_them(self):
        self.assertEqual((self.model.columns, self.model.context_names), (["a", "b"], ["u", "v"]))
        a, b = self.theta.T
        u, v = self.x.T
        for data, context in (
            ({"a": a, "b": b}, {"u": u, "v": v}),
            (structured(a=a, b=b), structured(u=u, v=v)),
        ):
            same = advect.fit(data, context=context, steps=60, name="named")
            self.assertEqual(same.weights.tobytes(), self.model.weights.tobytes())
            self.assertEqual((same.columns, same.context_names), (["a", "b"], ["u", "v"]))

    def test_every_kind_of_table_is_the_array_of_its_columns(self):
        a, b = self.theta[:5].T
        u, v = self.x[:5].T
        extra = np.full(5, np.nan)
        points = {"b": b, "other": extra, "a": a}
        contexts = {"v": v, "u": u, "other": extra}
        with self.served() as daemon:
            remote = advect.connect(daemon.url).model("named")
            self.assertEqual((remote.columns, remote.context_names), (["a", "b"], ["u", "v"]))
            for model in (self.model, remote):
                expected = model.velocity(self.theta[:5], 0.5, context=self.x[:5]).tobytes()
                for table in (dict, structured, Frame):
                    found = model.velocity(table(**points), 0.5, context=table(**contexts))
                    self.assertEqual(found.tobytes(), expected)
                expected = model.sample(3, seed=1, context=self.x[:5], solver=QUICK)
                self.assertEqual(expected.shape, (5, 3, 2))
                one = model.sample(3, seed=1, context=self.x[0], solver=QUICK).tobytes()
                for table in (dict, structured, Frame):
                    found = model.sample(3, seed=1, context=table(**contexts), solver=QUICK)
                    self.assertEqual(found.shape, (5, 3, 2))
                    self.assertEqual(found.tobytes(), expected.tobytes())
                    starts = model.sample(x0=table(**points), context=table(**contexts))
                    self.assertEqual(starts.shape, (5, 2))
                for row in ({"v": v[0], "u": u[0]}, structured(**contexts)[0],
                            Series(v=v[0], u=u[0])):
                    found = model.sample(3, seed=1, context=row, solver=QUICK)
                    self.assertEqual((found.shape, found.tobytes()), ((3, 2), one))

    def test_a_csv_file_of_the_same_names_is_answered_alike(self):
        table = {"v": self.x[:4, 1], "b": self.theta[:4, 1], "u": self.x[:4, 0],
                 "a": self.theta[:4, 0]}  # fmt: skip
        lines = [list(table)] + np.stack(list(table.values()), axis=1).tolist()
        text = io.StringIO()
        csv.writer(text).writerows(lines)
        with self.served() as daemon:
            asked = urllib.request.Request(
                f"{daemon.url}/v1/models/named/velocity?t=0.5", text.getvalue().encode(),
                {"Content-Type": "text/csv", "Accept": "application/x-npy"})
            answer = np.load(io.BytesIO(urllib.request.urlopen(asked).read()))
        found = self.model.velocity(table, 0.5, context=table)
        self.assertEqual(found.tobytes(), answer.tobytes())

    def test_an_observation_of_a_posterior_has_them_too(self):
        by_name = advect.Posterior(self.model, {"v": 0.2, "u": -0.1})
        in_order = advect.Posterior(self.model, [-0.1, 0.2])
        self.assertEqual(by_name.sample(4, seed=1).tobytes(), in_order.sample(4, seed=1).tobytes())
        log_p = by_name.log_prob({"b": [0.1], "a": [0.3]}, x={"u": 0, "v": 1})
        self.assertEqual(log_p.tobytes(), in_order.log_prob([[0.3, 0.1]], x=[0, 1]).tobytes())

    def test_an_estimator_has_them(self):
        a, b = self.theta.T
        flow = advect.FlowDensity(steps=5).fit(Frame(a=a, b=b))
        self.assertEqual(flow.feature_names_in_.tolist(), ["a", "b"])
        self.assertEqual(flow.score_samples(Frame(b=b, a=a)).tobytes(),
                         flow.score_samples(self.theta).tobytes())
        self.assertFalse(hasattr(advect.FlowDensity(steps=5).fit(self.theta), "feature_names_in_"))

    def test_a_support_is_found_by_them(self):
        a, b = np.exp(self.theta).T
        model = advect.fit(Frame(a=a, b=b), support={"b": [0, None]}, steps=5)
        self.assertGreater(model.sample(200, seed=1)[:, 1].min(), 0)

    def test_what_does_not_fit_is_refused(self):
        a, b = self.theta[:3].T
        for call, field, message in (
            (lambda: self.model.log_prob({"a": a, "c": b}, context=[0, 0]), "x",
             "x has no b; it has a, c, and the model takes a, b"),
            (lambda: self.model.sample(2, context={"u": 1, "V": 2}), "context",
             "context has no v; it has u, V, and the model takes u, v"),
            (lambda: self.model.sample(2, context={"u": [1, 2], "v": 2}), "context",
             r"context\['v'\] has shape \(\) and context\['u'\] \(2,\); all must be numbers, or"),
            (lambda: self.model.sample(2, context={"u": [[1]], "v": [[2]]}), "context",
             r"context\['u'\] has shape \(1, 1\)"),
            (lambda: self.model.sample(2, context={"u": "a", "v": 1}), None,
             r"context\['u'\] has dtype <U1; it must be of real numbers"),
            (lambda: self.model.sample(2, context={"u": np.nan, "v": 1}), "context",
             r"context\[0\] is nan"),
            (lambda: self.model.sample(2, context={"u": [], "v": []}), "context",
             r"context has shape \(0, 2\)"),
            (lambda: self.model.log_prob({"a": 0.5, "b": 1}, context=[0, 0]), "x",
             r"x has shape \(2,\); it must be \(n, 2\)"),
            (lambda: self.model.sample(2, context={}), "context", "context has dtype object"),
            (lambda: advect.load(BOARD).log_prob({"a": a, "b": b}), "x",
             r"x has names \(a, b\); those of this model have none: give it an array"),
        ):
            with self.subTest(message):
                with self.assertRaisesRegex(advect.InvalidError, message) as caught:
                    call()
                if field:
                    self.assertEqual(caught.exception.field, field)

    def test_a_data_frame_goes_by_position_where_the_model_has_no_names(self):
        a, b = self.theta[:3].T
        board = advect.load(BOARD)
        self.assertEqual(board.velocity(Frame(p=a, q=b), 0.5).tobytes(),
                         board.velocity(self.theta[:3], 0.5).tobytes())

    def test_names_that_are_positions_are_none(self):
        frame = Frame(a=self.x[:3, 0], b=self.x[:3, 1])
        frame.columns = [0, 1]
        self.assertEqual(self.model.sample(1, seed=1, context=frame, solver=QUICK).tobytes(),
                         self.model.sample(1, seed=1, context=self.x[:3], solver=QUICK).tobytes())


if __name__ == "__main__":
    unittest.main()
