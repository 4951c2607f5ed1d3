"""Pictures of samples, where matplotlib is present."""

from __future__ import annotations

import importlib
from typing import Any, Optional, Sequence

import numpy as np

from ._arguments import Array, finite, numbers
from .errors import InvalidError

DIM_MAX = 16
SHOWN_MAX = 5000  # points of a scatter plot, beyond which they hide each other


def _arrays(samples: Array, truth: Optional[Array], columns: Optional[Sequence[str]]) -> Any:
    x = numbers(samples, "samples")
    if x.ndim != 2 or 0 in x.shape or x.shape[1] > DIM_MAX:
        raise InvalidError(
            f"samples has shape {x.shape}; it must be (n, dim), dim at most {DIM_MAX}", "samples"
        )
    finite(x, "samples")
    dim = x.shape[1]
    point = None if truth is None else numbers(truth, "truth")
    if point is not None and point.shape != (dim,):
        raise InvalidError(f"truth has shape {point.shape}; it must be ({dim},)", "truth")
    names = [f"x{i}" for i in range(dim)] if not columns else list(columns)
    if len(names) != dim:
        raise InvalidError(f"columns has {len(names)} names for {dim} columns", "columns")
    return x, point, names


def pairs(
    samples: Array,
    *,
    truth: Optional[Array] = None,
    columns: Optional[Sequence[str]] = None,
    bins: int = 40,
) -> Any:
    """A histogram of each dimension, and a scatter plot of each pair.

    Args:
        samples: [n, dim], dim at most 16, such as :meth:`advect.Model.sample` gives.
        truth: [dim], a point to mark, such as the parameters that data were simulated with.
        columns: [dim], names of the dimensions, such as a model's columns.
        bins: of the histograms.

    Returns:
        A matplotlib Figure: ``figure.savefig("pairs.png")``.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        drawing: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise ImportError("advect.plot needs matplotlib (python3-matplotlib)") from error
    x, point, names = _arrays(samples, truth, columns)
    dim = x.shape[1]
    figure = drawing.Figure(figsize=(1 + 1.8 * dim, 1 + 1.8 * dim), layout="constrained")
    axes = figure.subplots(dim, dim, squeeze=False, sharex="col")
    shown = x[:: -(-len(x) // SHOWN_MAX)]
    for row in range(dim):
        for column in range(dim):
            cell = axes[row][column]
            if column > row:
                cell.set_visible(False)
            elif column == row:
                cell.hist(x[:, row], bins=bins, histtype="stepfilled", alpha=0.7)
                cell.set_yticks([])
            else:
                cell.plot(shown[:, column], shown[:, row], ".", markersize=2, alpha=0.4)
            if point is not None and column <= row:
                _mark(cell, point, row, column)
        axes[dim - 1][row].set_xlabel(names[row])
        if row:
            axes[row][0].set_ylabel(names[row])
    return figure


def _mark(cell: Any, point: "np.ndarray[Any, Any]", row: int, column: int) -> None:
    cell.axvline(float(point[column]), color="tab:red", linewidth=1)
    if column < row:
        cell.axhline(float(point[row]), color="tab:red", linewidth=1)
