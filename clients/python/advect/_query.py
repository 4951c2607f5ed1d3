"""From the verbs' arguments to struct adv_query."""

from __future__ import annotations

import ctypes as c
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _arguments as a
from . import _structs as s
from ._library import fail, library
from .errors import InvalidError

Solver = Union[None, str, Mapping[str, Any]]
Divergence = Union[None, str, Mapping[str, Any]]


def _check_keys(options: Mapping[str, Any], known: Sequence[str], name: str) -> None:
    for key in options:
        if key not in known:
            raise InvalidError(f"{name}.{key} is unknown; there are {', '.join(known)}", name)


def _choice(value: Any, choices: Sequence[str], name: str) -> int:
    if value not in choices:
        raise InvalidError(f"{name} is {value!r}; it must be one of {', '.join(choices)}", name)
    return choices.index(value)


class Query:
    """A query being put together, with the arrays that it borrows."""

    def __init__(self, model: c.c_void_p, kind: int) -> None:
        self.model = model
        self.c = s.Query()
        self._kept: List[Any] = []
        self.n_blocks: Optional[int] = None  # contexts, of each of which there are n rows
        library().adv_query_init(c.byref(self.c), c.sizeof(self.c), kind)

    def _keep(self, array: "np.ndarray[Any, Any]") -> int:
        self._kept.append(array)
        return int(array.__array_interface__["data"][0])

    def points(self, points: Optional["np.ndarray[Any, Any]"]) -> None:
        if points is not None:
            self.c.points = self._keep(points)
            self.c.n = len(points)

    def labels(self, labels: Optional["np.ndarray[Any, Any]"]) -> None:
        if labels is not None:
            self.c.labels = self._keep(labels)

    def contexts(self, contexts: Optional["np.ndarray[Any, Any]"]) -> None:
        """[n_contexts, numbers], of n / n_contexts rows each."""
        if contexts is not None:
            self.c.context = self._keep(contexts)
            self.c.n_contexts = len(contexts)

    def times(self, times: "np.ndarray[Any, Any]") -> None:
        self.c.times = self._keep(times)
        self.c.n_times = len(times)

    def guidance(self, guidance: Optional[float]) -> None:
        """After everything that its default depends on."""
        self.c.guidance = (
            library().adv_query_default_guidance(c.byref(self.c), self.model)
            if guidance is None
            else guidance
        )

    def solver(self, solver: Solver) -> None:
        """After everything that the default steps depend on."""
        if solver is None:
            return
        options: Dict[str, Any] = {"method": solver} if isinstance(solver, str) else dict(solver)
        handle, error = c.c_void_p(), s.Error()
        method = str(options.get("method"))
        status = library().adv_solver_find(method.encode(), c.byref(handle), c.byref(error))
        if status:
            fail(status, error)
        if library().adv_solver_is_adaptive(handle):
            _check_keys(options, ("method", "rtol", "atol"), "solver")
            spec = library().adv_solver_spec_accurate()
            spec.rtol = float(options.get("rtol", spec.rtol))
            spec.atol = float(options.get("atol", spec.atol))
        else:
            stochastic = library().adv_solver_is_stochastic(handle)
            known = ("method", "steps", "noise") if stochastic else ("method", "steps")
            _check_keys(options, known, "solver")
            self.c.noise = float(options.get("noise", self.c.noise))
            steps = options.get("steps")
            if steps is None:
                default = library().adv_query_default_steps
                steps = default(c.byref(self.c), self.model, handle)
            spec = s.SolverSpec(steps=a.whole(steps, "solver.steps", -(2**63), 2**63 - 1))
        spec.solver = handle.value
        self.c.solver = spec

    def errors(self, errors: Optional[bool]) -> None:
        """After the solver and the divergence, which the default depends on."""
        if errors is None:
            errors = library().adv_query_default_errors(c.byref(self.c), self.model)
        self.c.errors = errors

    def divergence(self, divergence: Divergence) -> None:
        if divergence is None:
            return
        is_name = isinstance(divergence, str)
        options = {"method": divergence} if is_name else dict(divergence)  # type: ignore[arg-type]
        _check_keys(options, ("method", "probes", "seed", "renew"), "divergence")
        method = options.get("method", "hutchinson")
        self.c.divergence_method = _choice(method, s.DIVERGENCES, "divergence")
        if "probes" in options:
            self.c.probes = a.whole(options["probes"], "divergence.probes", 0, 2**31)
        self.c.probe_seed = a.whole(options.get("seed", 0), "divergence.seed", 0, a.SEED_MAX)
        self.c.renew_probes = bool(options.get("renew", False))

    def space(self, space: str) -> None:
        self.c.space = _choice(space, s.SPACES, "space")


def times_of(frames: Optional[int], times: Any) -> "np.ndarray[Any, Any]":
    """Times of a trajectory: those given, or so many equidistant ones (11) from 0 to 1."""
    if times is None:
        n = a.whole(11 if frames is None else frames, "frames", 2, 2**31)
        return np.arange(n, dtype=np.float64) / (n - 1)
    if frames is not None:
        raise InvalidError("frames and times are both given; one of them says the times", "times")
    array = np.ascontiguousarray(times, dtype=np.float64)
    if array.ndim != 1:
        raise InvalidError(f"times has shape {array.shape}; it must be a list of times", "times")
    return array


def _shape(model: c.c_void_p) -> Tuple[int, ...]:
    sizes = (c.c_size_t * 3)()
    return tuple(sizes[: library().adv_model_shape(model, sizes)])
