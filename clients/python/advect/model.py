"""Models in this process."""

from __future__ import annotations

import ctypes as c
import json
import os
import warnings
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _arguments as a
from . import _structs as s
from ._arguments import Array, Label
from ._library import fail, library
from ._query import Divergence, Query, Solver, _choice, _shape, times_of
from ._run import Run, view
from ._tables import by_names
from .errors import InvalidError


class Trajectory(NamedTuple):
    """Points on their way.

    Attributes:
        times: [frames], float64, from 0 (the base) to 1 (the data).
        states: [frames, n, dim], float32, in data units; of contexts [k, size] [frames, k, n, dim].
    """

    times: "np.ndarray[Any, np.dtype[np.float64]]"
    states: "np.ndarray[Any, np.dtype[np.float32]]"


class Frame(NamedTuple):
    """One moment of a trajectory: its time, and the states [n, dim], float32, in data units; of
    contexts [k, size] [k, n, dim]."""

    time: float
    states: "np.ndarray[Any, np.dtype[np.float32]]"


class Density(NamedTuple):
    """Log-densities and how far they can be trusted; each [n], float64, in nats.

    Attributes:
        log_density: as of :meth:`Model.log_prob`.
        standard_error: over the probes of "hutchinson"; None where the divergence is exact.
        interval_factor: log_density +- interval_factor * standard_error holds the value of all
            probes 95 times of 100; 0 where there is no standard_error.
        log_density_error: at least the error of the integration for some 95 % of rows, where
            errors were asked for; None otherwise.
        typicality: the percentile of log_density among those of held-out rows, 0 to 100; None of
            models that do not know it.
    """

    log_density: "np.ndarray[Any, np.dtype[np.float64]]"
    standard_error: Optional["np.ndarray[Any, np.dtype[np.float64]]"]
    interval_factor: float
    log_density_error: Optional["np.ndarray[Any, np.dtype[np.float64]]"]
    typicality: Optional["np.ndarray[Any, np.dtype[np.float64]]"]


class Score(NamedTuple):
    """Gradients of the log-density and how far off they are.

    Attributes:
        score: [n, dim], float32, in nats per data unit.
        error: [n], float64: of each row by steps and integration, as Euclidean distance.
    """

    score: "np.ndarray[Any, np.dtype[np.float32]]"
    error: "np.ndarray[Any, np.dtype[np.float64]]"


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


class Model:
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
        self.name: str = lib.adv_model_name(handle).decode()
        self.digest: str = lib.adv_model_digest(handle).decode()
        self.dim: int = lib.adv_model_dim(handle)
        self.shape: Tuple[int, ...] = _shape(handle)
        self.classes: int = lib.adv_model_classes(handle)
        self.is_image: bool = lib.adv_model_is_image(handle)
        self.labels: List[str] = self._names(lib.adv_model_label_name, self.classes)
        self.columns: List[str] = self._names(lib.adv_model_column_name, self.dim)
        self.context_size: int = lib.adv_model_context(handle)
        self.context_names: List[str] = self._names(lib.adv_model_context_name, self.context_size)
        self.context_reach: float = lib.adv_model_context_reach(handle)

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

    def _run(self, query: Query) -> Run:
        run = Run(self._handle, query.c)
        _warn(run, self.context_reach)
        return run

    def _from_base(
        self,
        kind: int,
        n: Optional[int],
        seed: Optional[int],
        first: int,
        label: Label,
        context: Optional[Array],
        x0: Optional[Array],
        space: str,
    ) -> Query:
        query = self._query(kind, n, x0, "x0", label, context)
        query.c.seed = a.seed_or_random(seed)
        query.c.first = a.whole(first, "first", 0, a.SEED_MAX)
        query.space(space)
        return query

    def sample(
        self,
        n: Optional[int] = None,
        *,
        seed: Optional[int] = None,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        x0: Optional[Array] = None,
        first: int = 0,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Draws samples.

        Args:
            n: number of samples; that of x0 or label, or 1, if None.
            seed: of the base samples, 0 to 2**53; random if None. Sample i of a seed is the same,
                whatever n is.
            label: class of all samples, by number or name, or [n] of them; -1 is no class. If
                None, sample i of a model with classes is of class (first + i) % classes.
            context: of models that are conditioned on numbers, those numbers, in the units of the
                training data: [size] of all samples, or [k, size], at each of which n are drawn;
                with x0, a row of it may also have one each. Where the model names them
                (context_names), also a mapping {name: number or [k]}, a structured array or a data
                frame, whose columns may stand in any order, among others.
            guidance: weight w of v_null + w (v - v_null), where v is the velocity given label and
                context; the model's own if None.
            solver: "euler", "midpoint", "heun", "rk4", "sde", "dopri5" or, of models of few steps,
                "flow_map"; or a mapping, {"method": "rk4", "steps": 20}, {"method": "sde", "steps":
                50, "noise": 1} or {"method": "dopri5", "rtol": 1e-6, "atol": 1e-6}; if None,
                midpoint with 15 steps for images, rk4 with 25 for points, flow_map with 4 where the
                model has one.
            x0: [n, dim], starts in base units in place of random ones.
            first: index of the first sample in the seed's stream.
            space: "data", or "flow" for the network's own units.

        Returns:
            [n, dim], float32, in data units: the library's memory, not a copy. Of contexts [k,
            size], and no x0, [k, n, dim].
        """
        query = self._from_base(s.SAMPLES, n, seed, first, label, context, x0, space)
        query.guidance(guidance)
        query.solver(solver)
        return self._run(query).states(query.n_blocks)

    def trajectory(
        self,
        n: Optional[int] = None,
        *,
        frames: Optional[int] = None,
        times: Optional[Array] = None,
        seed: Optional[int] = None,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        x0: Optional[Array] = None,
        first: int = 0,
        space: str = "data",
    ) -> Trajectory:
        """Samples on their way from the base to the data.

        Args:
            frames: number of equidistant times from 0 to 1, at least 2; 11 if None.
            times: ascending times in [0, 1], in place of frames.

        The others are those of :meth:`sample`.

        Returns:
            times [frames] and states [frames, n, dim], or of contexts [k, size] [frames, k, n,
            dim].
        """
        query = self._from_base(s.TRAJECTORIES, n, seed, first, label, context, x0, space)
        moments = times_of(frames, times)
        query.times(moments)
        query.guidance(guidance)
        query.solver(solver)
        return Trajectory(moments, self._run(query).frames(query.n_blocks))

    def frames(self, n: Optional[int] = None, **arguments: Any) -> Iterator[Frame]:
        """The frames of a :meth:`trajectory`, one by one. A model behind HTTP yields each as soon
        as it is computed; one in this process all at the end."""
        trajectory = self.trajectory(n, **arguments)
        for i, time in enumerate(trajectory.times):
            yield Frame(float(time), trajectory.states[i])

    def _at_points(
        self,
        kind: int,
        x: Array,
        t: float,
        label: Label,
        context: Optional[Array],
        guidance: Optional[float],
        space: str,
    ) -> Query:
        query = self._query(kind, None, x, "x", label, context)
        query.c.t = t
        query.space(space)
        query.guidance(guidance)
        return query

    def log_prob(
        self,
        x: Array,
        *,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        divergence: Divergence = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Natural logarithms of the density at points.

        Args:
            x: [n, dim], finite, in data units and within the model's support; by the names of
                `columns` as a context is by its own.
            t: the points' time: the density of the flow at t.
            label: class of all points, by number or name, or [n] of them; None or -1 is no class.
            context: [size] of all points, or [n, size], one of each.
            guidance: 1 if None.
            solver: dopri5 at 1e-5 if None; see :meth:`sample`.
            divergence: "exact", "hutchinson", or {"method": "hutchinson", "probes": 32, "seed":
                7, "renew": True}; exact up to 16 dimensions, 16 probes beyond, if None.
            space: "data", or "flow" for the network's own units.

        Returns:
            [n], float64, in nats. Points so far out that the solver does not get there have NaN,
            and a RuntimeWarning says why.
        """
        query = self._at_points(s.LOG_DENSITY, x, t, label, context, guidance, space)
        query.c.rows_may_fail = True
        query.divergence(divergence)
        query.solver(solver)
        return self._run(query).array("log_density", "=f8")  # type: ignore[return-value]

    def density(
        self,
        x: Array,
        *,
        errors: bool = False,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        divergence: Divergence = None,
        space: str = "data",
    ) -> Density:
        """:meth:`log_prob` with what is known of its errors, and what it means.

        Args:
            errors: also estimate what the integration errs by, for about half as much work again.

        The others are those of :meth:`log_prob`.
        """
        query = self._at_points(s.LOG_DENSITY, x, t, label, context, guidance, space)
        query.c.rows_may_fail = True
        query.c.errors = bool(errors)
        query.divergence(divergence)
        query.solver(solver)
        run = self._run(query)
        return Density(
            run.array("log_density", "=f8"),  # type: ignore[arg-type]
            run.array("standard_error", "=f8"),
            float(run.answer.interval_factor),
            run.array("log_density_error", "=f8"),
            run.array("typicality", "=f8"),
        )

    def encode(
        self,
        x: Array,
        *,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """The base points that the flow maps to x: as x0 of :meth:`sample` they lead back.

        Arguments are those of :meth:`log_prob`.

        Returns:
            [n, dim], float32, in base units; NaN as in :meth:`log_prob`.
        """
        query = self._at_points(s.LATENTS, x, t, label, context, guidance, space)
        query.c.rows_may_fail = True
        query.solver(solver)
        run = self._run(query)
        return run.states()

    def velocity(
        self,
        x: Array,
        t: float,
        *,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """v(x, t), by which points move.

        Args:
            x: [n, dim].
            t: one time in [0, 1] for all points.

        The others are those of :meth:`log_prob`.

        Returns:
            [n, dim], float32, in data units per unit of time.
        """
        query = self._at_points(s.VELOCITY, x, t, label, context, guidance, space)
        return self._run(query).states(query.n_blocks)

    def score(
        self,
        x: Array,
        t: float,
        *,
        method: str = "path",
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """The score, the gradient of log p_t(x) by x.

        Args:
            x: [n, dim].
            t: one time of all points: in [0, 1) for "path", in [0, 1] for "difference".
            method: "path", from the velocity, as for condot (t v - x) / (1 - t); or "difference",
                by differences of 2 dim log-densities a row, see :meth:`score_with_error`. Of a
                trained model the two differ by some ten per cent.
            solver: of "difference": dopri5 at 1e-7 if None.

        The others are those of :meth:`log_prob`.

        Returns:
            [n, dim], float32, in nats per data unit.
        """
        query = self._at_points(s.SCORE, x, t, label, context, guidance, space)
        query.c.score_method = _choice(method, s.SCORE_METHODS, "method")
        query.c.rows_may_fail = True
        if method == "path" and solver is not None:
            raise InvalidError("solver does not apply to the method path", "solver")
        query.solver(solver)
        return self._run(query).states(query.n_blocks)

    def score_with_error(
        self,
        x: Array,
        t: float = 1.0,
        *,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> Score:
        """:meth:`score` by differences of log-densities, at any time, with the error of each row:
        the distance to differences of twice the step by a coarser integration."""
        query = self._at_points(s.SCORE, x, t, label, context, guidance, space)
        query.c.score_method = s.SCORE_METHODS.index("difference")
        query.c.rows_may_fail = True
        query.solver(solver)
        run = self._run(query)
        return Score(run.states(), run.array("score_error", "=f8"))  # type: ignore[arg-type]

    def score_samples(self, X: Array) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """:meth:`log_prob`, under the name that scikit-learn has for it."""
        return self.log_prob(X)


def _warn(run: Run, reach: float) -> None:
    """Of rows that have no value, and of contexts beyond those of the training."""
    failures = run.failures()
    if failures:
        row, reason = next(iter(failures.items()))
        others = f" (and {len(failures) - 1} other rows)" if len(failures) > 1 else ""
        warnings.warn(f"row {row} has no value{others}: {reason}", RuntimeWarning, stacklevel=4)
    distance = run.context_distance()
    if distance is not None and distance.max() > reach:
        at = int(distance.argmax())
        warnings.warn(
            f"context[{at}] is {distance[at]:.3g} standard deviations from the mean of the "
            f"training's, of which the farthest was at {reach:.3g}: the model extrapolates",
            RuntimeWarning,
            stacklevel=4,
        )
