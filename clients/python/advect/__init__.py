"""Flow matching: models in this process.

    >>> import advect
    >>> model = advect.load("model.safetensors")
    >>> model.sample(1000, seed=3)            # [1000, dim], float32
    >>> model.log_prob(points)                # [n], in nats
    >>> model = advect.fit(array)             # trains

docs/guide/python.md goes through it.
"""

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
from .model import Frame, Model, Trajectory, load

__all__ = [
    "CancelledError",
    "ConnectionLostError",
    "Error",
    "FileError",
    "FlowDensity",
    "FormatError",
    "Frame",
    "InvalidError",
    "LibraryError",
    "Model",
    "NoMemoryError",
    "NumericError",
    "ProblemError",
    "Progress",
    "Trajectory",
    "UnsupportedError",
    "__version__",
    "fit",
    "load",
    "set_threads",
]
