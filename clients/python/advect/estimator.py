"""An estimator with the conventions of scikit-learn, which it does not need."""

from __future__ import annotations

import inspect
from typing import Any, Dict, Optional

import numpy as np

from ._arguments import Array
from .errors import InvalidError
from .fitting import Callback, fit
from .model import Model


class FlowDensity:
    """Density estimation by flow matching: takes the place of sklearn.neighbors.KernelDensity.

    There is no bandwidth to choose: training keeps the weights with the best log-density of rows
    that it holds out.

    Args:
        steps: largest number of optimiser steps; chosen by the number of rows if None.
        support: what columns can be, by position or name; see :func:`advect.fit`.
        random_state: seed of the training.
        n_jobs: number of threads; one per processor if None.
        progress: see :func:`advect.fit`.

    Attributes:
        model_: the fitted :class:`advect.Model`.
        n_features_in_: number of columns seen by fit.
        feature_names_in_: their names, where X has names, as a data frame does.
    """

    def __init__(
        self,
        *,
        steps: Optional[int] = None,
        support: Any = None,
        random_state: int = 0,
        n_jobs: Optional[int] = None,
        progress: Optional[Callback] = None,
    ) -> None:
        self.steps = steps
        self.support = support
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.progress = progress

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **params: Any) -> "FlowDensity":
        """Sets arguments of the constructor."""
        for name, value in params.items():
            if name not in _PARAMETERS:
                raise InvalidError(f"{name} is unknown; there are {', '.join(_PARAMETERS)}", name)
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items() if v is not None)
        return f"FlowDensity({given})"

    def fit(self, X: Array, y: Any = None, sample_weight: Any = None) -> "FlowDensity":
        """Trains on X [n, columns]. y is not looked at."""
        if sample_weight is not None:
            raise InvalidError("weights of samples are not supported", "sample_weight")
        self.model_ = fit(
            X,
            steps=self.steps,
            support=self.support,
            seed=self.random_state,
            threads=self.n_jobs,
            progress=self.progress,
        )
        self.n_features_in_ = self.model_.dim
        if self.model_.columns:
            self.feature_names_in_ = np.array(self.model_.columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def _fitted(self) -> Model:
        model: Optional[Model] = getattr(self, "model_", None)
        if model is None:
            raise InvalidError("this FlowDensity is not fitted yet: call fit first")
        return model

    def score_samples(self, X: Array) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Log-density of each row of X [n, columns]: [n], float64, in nats."""
        return self._fitted().log_prob(X)

    def score(self, X: Array, y: Any = None) -> float:
        """Sum of the rows' log-densities."""
        return float(np.sum(self.score_samples(X)))

    def sample(
        self, n_samples: int = 1, random_state: Optional[int] = None
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """[n_samples, columns], float32; random_state None: other ones each time."""
        return self._fitted().sample(n_samples, seed=random_state)


_PARAMETERS = list(inspect.signature(FlowDensity).parameters)
