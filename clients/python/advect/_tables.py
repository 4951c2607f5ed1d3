"""Numbers that are told by the names of their columns, as a table's are: mappings, structured arrays
and data frames. They become plain arrays in the model's order, as CSV files do at the command line
and the daemon: every name of the model has to be there, and what else there is does not matter.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from . import _arguments as a
from .errors import InvalidError


def _names(table: Any) -> Optional[List[str]]:
    """Of its columns; None of plain arrays, and of tables whose column labels are not text."""
    if table is None or isinstance(table, (list, tuple, int, float)):
        return None
    dtype = getattr(table, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.names:
        return list(dtype.names)
    for member in ("keys", "columns"):  # of mappings and series; of data frames without keys
        names = getattr(table, member, None)
        if names is not None:
            listed = list(names() if callable(names) else names)
            return listed if listed and all(isinstance(name, str) for name in listed) else None
    return None


def _has_order(table: Any) -> bool:
    """Whether its numbers can be taken by position where the model has no names."""
    return not isinstance(table, (np.ndarray, np.void)) and hasattr(table, "__array__")


def _stacked(table: Any, names: Sequence[str], name: str) -> "np.ndarray[Any, Any]":
    """The columns of these names side by side: [k] where each is a number, [n, k] where each has n
    of them."""
    columns = [a.numbers(table[column], f"{name}[{column!r}]") for column in names]
    for column, numbers in zip(names, columns):
        if numbers.ndim > 1 or numbers.shape != columns[0].shape:
            raise InvalidError(
                f"{name}[{column!r}] has shape {numbers.shape} and {name}[{names[0]!r}] "
                f"{columns[0].shape}; all must be numbers, or have one for each row",
                name,
            )
    return np.stack(columns, axis=-1)


def by_names(x: Any, names: Sequence[str], name: str) -> Any:
    """x as an array whose columns are the model's, in its order; x itself where it is no table.

    names: the model's, perhaps none. name: of the argument.
    """
    own = _names(x)
    if own is None:
        return x
    if not names:
        if _has_order(x):
            return x
        raise InvalidError(
            f"{name} has names ({', '.join(own)}); those of this model have none: give it an array",
            name,
        )
    lacking = [column for column in names if column not in own]
    if lacking:
        raise InvalidError(
            f"{name} has no {', '.join(lacking)}; it has {', '.join(own)}, and the model takes "
            f"{', '.join(names)}",
            name,
        )
    return _stacked(x, names, name)


def columns_of(table: Any, name: str) -> Tuple[Any, List[str]]:
    """All columns of a table as an array, and their names; of anything else itself and none."""
    own = _names(table) or []
    return (_stacked(table, own, name) if own and not _has_order(table) else table), own
