"""Models in this process."""

from __future__ import annotations

import ctypes as c
import json
import os
import warnings
from typing import Any, Dict, Iterator, List, Optional, Union

import numpy as np

from . import _arguments as a
from . import _structs as s
from ._arguments import Array, Label
from ._library import fail, library
from ._query import Query, _choice, _shape
from ._run import Run, view
from ._tables import by_names
from .errors import InvalidError
from .verbs import AtPoints, Density, Flow, Frame, FromBase, Score


def load(
    path: Union[str, "os.PathLike[str]"], *, precision: str = "float32", isa: Optional[str] = None
) -> "Model":
    """Loads a model file.

    Args:
        path: FILE.safetensors, as ``advect train`` and :meth:`Model.save` write it.
        precision: of matrix products: "float32", or "bfloat16" where the processor has it.
        isa: instruction set of the kernels, such as "avx2"; the fastest if None.

    Raises:
        FileError, FormatError, InvalidError: naming the file, and the tensor or the option.
        LibraryError: libadvect is not there, or of another version.
    """
    handle, error = c.c_void_p(), s.Error()
    options = s.LoadOptions(
        size=c.sizeof(s.LoadOptions),
        precision=_choice(precision, s.PRECISIONS, "precision"),
        isa=isa.encode() if isa else None,
    )
    status = library().adv_model_load(
        os.fsencode(path), c.byref(options), c.byref(handle), c.byref(error)
    )
    if status:
        fail(status, error)
    return Model(handle)


class Model(Flow):
    """A trained flow: made by :func:`load` and :func:`advect.fit`, and never changed.

    Points are rows [n, dim] of float32 in data units; of images a row may have the data's shape
    too. Time runs from 0, the base, to 1, the data. What a query with a seed answers is the same,
    byte for byte, as what the command line and the daemon answer. Any number of threads may use a
    model at the same time; Ctrl-C stops what the main thread asked for.
    """

    def __init__(self, handle: c.c_void_p) -> None:
        """Takes over a struct adv_model of the library."""
        lib = library()
        self._handle = handle
        self._unref = lib.adv_model_unref
        self.name = lib.adv_model_name(handle).decode()
        self.digest = lib.adv_model_digest(handle).decode()
        self.dim = lib.adv_model_dim(handle)
        self.shape = _shape(handle)
        self.classes = lib.adv_model_classes(handle)
        self.is_image = lib.adv_model_is_image(handle)
        self.labels = self._names(lib.adv_model_label_name, self.classes)
        self.columns = self._names(lib.adv_model_column_name, self.dim)
        self.context_size = lib.adv_model_context(handle)
        self.context_names = self._names(lib.adv_model_context_name, self.context_size)
        self.context_reach = lib.adv_model_context_reach(handle)

    def _names(self, name_of: Any, n: int) -> List[str]:
        """All of them, or none where the model has no names."""
        if n == 0 or name_of(self._handle, 0) is None:
            return []
        names = (name_of(self._handle, i) for i in range(n))
        return [text.decode("utf-8", "replace") if text else "" for text in names]

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            self._unref(handle)

    def __repr__(self) -> str:
        of = f", {self.classes} classes" if self.classes else ""
        return f"<advect.Model {self.name!r}: shape {self.shape}{of}, digest {self.digest}>"

    def __reduce__(self) -> Any:
        raise TypeError("an advect.Model cannot be pickled; save() it, and load() it there")

    # ---------------------------------------------------------------- what it is

    @property
    def config(self) -> Dict[str, Any]:
        """The model's configuration, as docs/reference/recipe.md describes it."""
        return dict(json.loads(library().adv_model_config(self._handle)))

    @property
    def card(self) -> Optional[Dict[str, Any]]:
        """Measured values, or None."""
        text = library().adv_model_card(self._handle)
        return None if text is None else dict(json.loads(text))

    @property
    def weights(self) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """[n_weights], the model's own, not to be written to."""
        lib = library()
        n = lib.adv_model_n_weights(self._handle)
        return view(self, lib.adv_model_weights(self._handle), (n,), frozen=True)

    def save(self, path: Union[str, "os.PathLike[str]"], dtype: str = "float32") -> None:
        """Writes the model file, atomically. dtype: how weights are stored: "float32", "float16",
        "bfloat16"."""
        error = s.Error()
        number = list(s.DTYPES.values())[_choice(dtype, list(s.DTYPES), "dtype")]
        status = library().adv_model_save(
            self._handle, os.fsencode(path), number, c.byref(error)
        )
        if status:
            fail(status, error)

    # ---------------------------------------------------------------- queries

    def _query(
        self,
        kind: int,
        n: Optional[int],
        points: Any,
        name: str,
        label: Label,
        context: Optional[Array],
    ) -> Query:
        """With its rows and what they are conditioned on."""
        query = Query(self._handle, kind)
        points = by_names(points, self.columns, name)
        context = by_names(context, self.context_names, "context")
        if points is not None:
            if name == "x":
                a.pixels_refused(points, self.is_image, name)
            query.points(a.rows(points, self.shape, name))
        rows = a.count(n, **{name: points, "label": label})
        if points is not None and rows != len(points):
            raise InvalidError(f"n is {rows}; {name} has {len(points)} rows", "n")
        among = None if points is None else rows
        contexts = a.contexts(context, self.context_size, self.context_names, among)
        labels = a.labels(label, rows, self.labels, self.classes)
        if points is None and contexts is not None and a.of_each(context):
            query.n_blocks = len(contexts)
            labels = None if labels is None else np.tile(labels, len(contexts))
        query.c.n = a.whole(rows * (query.n_blocks or 1), "n", 1, a.SEED_MAX)
        query.labels(labels)
        query.contexts(contexts)
        return query

    def _from_base(self, kind: int, asked: FromBase) -> Query:
        query = self._query(kind, asked.n, asked.x0, "x0", asked.label, asked.context)
        query.c.seed = a.seed_or_random(asked.seed)
        query.c.first = a.whole(asked.first, "first", 0, a.SEED_MAX)
        query.space(asked.space)
        return query

    def _at_points(self, kind: int, asked: AtPoints, rows_may_fail: bool = True) -> Query:
        query = self._query(kind, None, asked.x, "x", asked.label, asked.context)
        query.c.t = asked.t
        query.c.rows_may_fail = rows_may_fail
        query.space(asked.space)
        query.guidance(asked.guidance)
        query.divergence(asked.divergence)
        return query

    def _run(self, query: Query) -> Run:
        run = Run(self._handle, query.c)
        _warn(run, self.context_reach)
        return run

    def _sample(self, asked: FromBase) -> "np.ndarray[Any, np.dtype[np.float32]]":
        query = self._from_base(s.SAMPLES, asked)
        query.guidance(asked.guidance)
        query.solver(asked.solver)
        return self._run(query).states(query.n_blocks)

    def _trajectory(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        query = self._from_base(s.TRAJECTORIES, asked)
        query.times(moments)
        query.guidance(asked.guidance)
        query.solver(asked.solver)
        return self._run(query).frames(query.n_blocks)

    def _frames(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> Iterator[Frame]:
        for time, states in zip(moments, self._trajectory(asked, moments)):
            yield Frame(float(time), states)

    def _log_prob(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float64]]":
        query = self._at_points(s.LOG_DENSITY, asked)
        query.solver(asked.solver)
        return self._run(query).array("log_density", "=f8")  # type: ignore[return-value]

    def _density(self, asked: AtPoints, errors: Optional[bool]) -> Density:
        query = self._at_points(s.LOG_DENSITY, asked)
        query.solver(asked.solver)
        query.errors(errors)
        run = self._run(query)
        return Density(
            run.array("log_density", "=f8"),  # type: ignore[arg-type]
            run.array("standard_error", "=f8"),
            float(run.answer.interval_factor),
            run.array("log_density_error", "=f8"),
            run.array("typicality", "=f8"),
        )

    def _encode(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]":
        query = self._at_points(s.LATENTS, asked)
        query.solver(asked.solver)
        return self._run(query).states()

    def _velocity(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]":
        query = self._at_points(s.VELOCITY, asked, rows_may_fail=False)
        return self._run(query).states()

    def _score(self, asked: AtPoints, method: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
        return self._run(self._of_score(asked, method)).states()

    def _score_with_error(self, asked: AtPoints) -> Score:
        run = self._run(self._of_score(asked, "difference"))
        return Score(run.states(), run.array("score_error", "=f8"))  # type: ignore[arg-type]

    def _of_score(self, asked: AtPoints, method: str) -> Query:
        query = self._at_points(s.SCORE, asked)
        query.c.score_method = _choice(method, s.SCORE_METHODS, "method")
        if method == "path" and asked.solver is not None:
            raise InvalidError("solver does not apply to the method path", "solver")
        query.solver(asked.solver)
        return query


def _warn(run: Run, reach: float) -> None:
    """Of the answer, of rows that have no value, and of contexts beyond the training's."""
    failures = run.failures()
    if failures:
        row, reason = next(iter(failures.items()))
        others = f" (and {len(failures) - 1} other rows)" if len(failures) > 1 else ""
        warnings.warn(f"row {row} has no value{others}: {reason}", RuntimeWarning, stacklevel=5)
    for text in run.warnings():
        warnings.warn(text, RuntimeWarning, stacklevel=5)
    distance = run.context_distance()
    if distance is not None and distance.max() > reach:
        at = int(distance.argmax())
        warnings.warn(
            f"context[{at}] is, as the model maps it, {distance[at]:.3g} standard deviations from "
            f"the mean of the training's, of which the farthest was at {reach:.3g}: the model "
            "extrapolates",
            RuntimeWarning,
            stacklevel=5,
        )
