"""A posterior p(theta | x) with the verbs of sbi's, from a model that is conditioned on x."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from . import _arguments as a
from ._arguments import Array
from ._tables import by_names
from .errors import InvalidError
from .verbs import Flow

# Of the search for the maximum, whose steps end at 0.6 % of the first ones.
_ROUNDS, _SHRINKS_BY = 12, 0.65


class Posterior:
    """p(theta | x) of a model of theta whose context is x: :func:`advect.fit` with context=x, from
    pairs of both.

    The verbs are those of the posteriors of the package sbi, with arrays of NumPy.

    Args:
        model: an :class:`advect.Model`, or an :class:`advect.RemoteModel` of a daemon.
        context: the observation x, [size], or its numbers by their names; without it each verb
            needs its own.
    """

    def __init__(self, model: Flow, context: Optional[Array] = None) -> None:
        if not model.context_size:
            raise InvalidError(f"{model.name!r} takes no context: it is no posterior", "model")
        self.model = model
        self.context: Optional["np.ndarray[Any, Any]"] = None
        if context is not None:
            self.set_default_x(context)

    def __repr__(self) -> str:
        return f"<advect.Posterior of {self.model!r} given {self.context}>"

    def _given(self, x: Optional[Array]) -> "np.ndarray[Any, Any]":
        if x is None:
            if self.context is None:
                raise InvalidError("x is missing: the posterior was made without a context", "x")
            return self.context
        names = self.model.context_names
        row = a.contexts(by_names(x, names, "x"), self.model.context_size, names, 1)
        assert row is not None
        return row.reshape(-1)

    def set_default_x(self, x: Array) -> "Posterior":
        """The observation of verbs that are given none."""
        self.context = np.array(self._given(x))
        return self

    def sample(
        self,
        sample_shape: Union[int, Sequence[int]] = (),
        x: Optional[Array] = None,
        *,
        seed: Optional[int] = None,
        **options: Any,
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Draws parameters.

        Args:
            sample_shape: n, or a shape: (1000,); () is a single one.
            x: the observation, if not the posterior's own.
            seed, options: as of :meth:`advect.Model.sample`.

        Returns:
            [*sample_shape, dim], float32.
        """
        shape = _shape(sample_shape)
        n = int(np.prod(shape, dtype=np.int64))
        theta = self.model.sample(n, context=self._given(x), seed=seed, **options)
        return theta.reshape(*shape, self.model.dim)

    def log_prob(
        self, theta: Array, x: Optional[Array] = None, **options: Any
    ) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """log p(theta | x), [n], in nats.

        Args:
            theta: [n, dim], within the prior's bounds where the model knows them.
            x: the observation, if not the posterior's own.
            options: as of :meth:`advect.Model.log_prob`.
        """
        return self.model.log_prob(theta, context=self._given(x), **options)

    def map(
        self, x: Optional[Array] = None, *, num_init_samples: int = 1000, seed: int = 0
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """The most probable parameters [dim]: the best of so many samples, then of ever smaller
        random steps around the best. For few parameters: in many, random steps rarely go uphill.

        The steps are taken in the base of the flow, where the posterior is a normal distribution,
        so that what they lead to stays within its support.
        """
        given = self._given(x)
        random = np.random.default_rng(a.whole(seed, "seed", 0, a.SEED_MAX))
        n = a.whole(num_init_samples, "num_init_samples", 1, 2**31)
        best = self._best(random.normal(size=(n, self.model.dim)), given)
        step = 1.0
        for _ in range(_ROUNDS):
            step *= _SHRINKS_BY
            around = best[0] + step * random.normal(size=(max(n // 8, 16), self.model.dim))
            best = max(best, self._best(around, given), key=lambda found: found[2])
        return best[1]

    def _best(
        self, z: "np.ndarray[Any, Any]", given: "np.ndarray[Any, Any]"
    ) -> Tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]", float]:
        """Of base points the one whose theta is most probable: z, theta, log p."""
        theta = self.model.sample(x0=z, context=given)
        log_p = np.nan_to_num(self.model.log_prob(theta, context=given), nan=-np.inf)
        at = int(np.argmax(log_p))
        return z[at], np.array(theta[at]), float(log_p[at])


def _shape(sample_shape: Union[int, Sequence[int]]) -> Tuple[int, ...]:
    sizes = (sample_shape,) if isinstance(sample_shape, (int, np.integer)) else sample_shape
    return tuple(a.whole(size, "sample_shape", 1, a.SEED_MAX) for size in sizes)
