"""What a model is asked, wherever it is: the verbs with their arguments, and what they give.

A model of this process and one of a daemon differ in how a question is put, which is theirs.
"""

from __future__ import annotations

import abc
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from ._arguments import Array, Label
from ._query import Divergence, Solver, times_of


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
        log_density: as of :meth:`Flow.log_prob`.
        standard_error: over the probes of "hutchinson"; None where the divergence is exact.
        interval_factor: log_density +- interval_factor * standard_error holds the value of all
            probes 95 times of 100; 0 where there is no standard_error.
        log_density_error: at least the error of the integration for some 95 % of rows; None where
            it was not estimated.
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


class FromBase(NamedTuple):
    """What samples are asked by; see :meth:`Flow.sample`."""

    n: Optional[int]
    seed: Optional[int]
    label: Label
    context: Optional[Array]
    guidance: Optional[float]
    solver: Solver
    x0: Optional[Array]
    first: int
    space: str


class AtPoints(NamedTuple):
    """What is asked at points; see :meth:`Flow.log_prob`."""

    x: Array
    t: float
    label: Label
    context: Optional[Array]
    guidance: Optional[float]
    solver: Solver
    divergence: Divergence
    space: str


class Flow(abc.ABC):
    """A trained flow: an :class:`advect.Model` of this process, or an :class:`advect.RemoteModel`.

    Attributes:
        name, digest: the latter tells versions of a model apart.
        dim, shape: numbers of a point, and how they are arranged: (dim,), or (channels, height,
            width) of images.
        classes, labels: how many classes there are, and their names, if any.
        is_image: whether points are images.
        columns: names of a point's numbers, or none.
        context_size, context_names: numbers that the density is conditioned on, and their names, if
            any.
        context_reach: the largest distance of a training context from their mean, in standard
            deviations of its numbers as the model maps them.
    """

    name: str
    digest: str
    dim: int
    shape: Tuple[int, ...]
    classes: int
    labels: List[str]
    is_image: bool
    columns: List[str]
    context_size: int
    context_names: List[str]
    context_reach: float

    # ---------------------------------------------------------------- how it is asked

    @abc.abstractmethod
    def _sample(self, asked: FromBase) -> "np.ndarray[Any, np.dtype[np.float32]]": ...

    @abc.abstractmethod
    def _trajectory(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> "np.ndarray[Any, np.dtype[np.float32]]": ...

    @abc.abstractmethod
    def _frames(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> Iterator[Frame]: ...

    @abc.abstractmethod
    def _log_prob(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float64]]": ...

    @abc.abstractmethod
    def _density(self, asked: AtPoints, errors: Optional[bool]) -> Density: ...

    @abc.abstractmethod
    def _encode(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]": ...

    @abc.abstractmethod
    def _velocity(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]": ...

    @abc.abstractmethod
    def _score(self, asked: AtPoints, method: str) -> "np.ndarray[Any, np.dtype[np.float32]]": ...

    @abc.abstractmethod
    def _score_with_error(self, asked: AtPoints) -> Score: ...

    # ---------------------------------------------------------------- verbs

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
            [n, dim], float32, in data units; of a model of this process the library's memory, not a
            copy. Of contexts [k, size], and no x0, [k, n, dim].
        """
        return self._sample(FromBase(n, seed, label, context, guidance, solver, x0, first, space))

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
        asked = FromBase(n, seed, label, context, guidance, solver, x0, first, space)
        moments = times_of(frames, times)
        return Trajectory(moments, self._trajectory(asked, moments))

    def frames(
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
    ) -> Iterator[Frame]:
        """The frames of a :meth:`trajectory`, one by one. A model of this process has them all at
        the end; one behind HTTP each as soon as all samples have reached it. Leaving the loop early
        closes that connection, at which the daemon stops computing.

        Raises:
            ProblemError: refused by the daemon, or failed on the way.
            ConnectionLostError: the daemon went away before the last frame.
        """
        asked = FromBase(n, seed, label, context, guidance, solver, x0, first, space)
        return self._frames(asked, times_of(frames, times))

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
        return self._log_prob(AtPoints(x, t, label, context, guidance, solver, divergence, space))

    def density(
        self,
        x: Array,
        *,
        errors: Optional[bool] = None,
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
            errors: also estimate what the integration errs by, for about half as much work again;
                None: of exact divergences up to 16 dimensions.

        The others are those of :meth:`log_prob`.
        """
        asked = AtPoints(x, t, label, context, guidance, solver, divergence, space)
        return self._density(asked, errors)

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
        return self._encode(AtPoints(x, t, label, context, guidance, solver, None, space))

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
        return self._velocity(AtPoints(x, t, label, context, guidance, None, None, space))

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
        return self._score(AtPoints(x, t, label, context, guidance, solver, None, space), method)

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
        return self._score_with_error(AtPoints(x, t, label, context, guidance, solver, None, space))

    def score_samples(self, X: Array) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """:meth:`log_prob`, under the name that scikit-learn has for it."""
        return self.log_prob(X)
