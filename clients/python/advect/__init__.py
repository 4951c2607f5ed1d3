"""Flow matching: models in this process, and on a daemon.

    >>> import advect
    >>> model = advect.load("model.safetensors")
    >>> model.sample(1000, seed=3)            # [1000, dim], float32
    >>> model.log_prob(points)                # [n], in nats
    >>> model = advect.fit(array)             # trains
    >>> posterior = advect.Posterior(advect.fit(theta, context=x), x_observed)
    >>> remote = advect.connect("http://127.0.0.1:8080").model("mnist")
    >>> remote.sample(10, label=3)            # the same verbs

docs/guide/python.md goes through it.
"""

from . import plot
from ._run import set_threads
from ._version import __version__
from .errors import (
    CancelledError,
    ConnectionLostError,
    Error,
    FileError,
    FormatError,
    InvalidError,
    LibraryError,
    NoMemoryError,
    NumericError,
    ProblemError,
    UnsupportedError,
)
from .estimator import FlowDensity
from .fitting import Progress, fit
from .model import Model, load
from .posterior import Posterior
from .remote import Client, RemoteModel, connect
from .verbs import Density, Flow, Frame, Score, Trajectory

__all__ = [
    "CancelledError",
    "Client",
    "ConnectionLostError",
    "Density",
    "Error",
    "FileError",
    "Flow",
    "FlowDensity",
    "FormatError",
    "Frame",
    "InvalidError",
    "LibraryError",
    "Model",
    "NoMemoryError",
    "NumericError",
    "Posterior",
    "ProblemError",
    "Progress",
    "RemoteModel",
    "Score",
    "Trajectory",
    "UnsupportedError",
    "__version__",
    "connect",
    "fit",
    "load",
    "plot",
    "set_threads",
]
