"""Arguments as the library takes them: arrays of float32 in C order, labels, seeds.

An array that is float32 in C order already is taken as it is, without a copy. Others are converted
as files are: floats are rounded to float32. What would lose more than that is refused: numbers
beyond float32, whole numbers that it cannot tell apart, complex numbers, texts, masked entries.
"""

from __future__ import annotations

import secrets
from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from .errors import InvalidError

Array = Any  # an array, or what numpy.asarray makes one of
Label = Union[None, int, str, Sequence[Union[int, str]], "np.ndarray[Any, Any]"]

SEED_MAX = 2**53  # what every reader of JSON keeps exact


def _first(wrong: "np.ndarray[Any, Any]", name: str, x: "np.ndarray[Any, Any]") -> str:
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{name}{''.join(f'[{i}]' for i in at)} is {x[at]}"


def _rounded(x: "np.ndarray[Any, Any]", name: str) -> "np.ndarray[Any, Any]":
    kind = x.dtype.kind
    if kind not in "fiub":
        raise InvalidError(f"{name} has dtype {x.dtype}; it must be of real numbers", name)
    with np.errstate(over="ignore"):
        y = np.asarray(x, dtype=np.float32, order="C")
    if kind == "f" and x.dtype.itemsize > 4:
        wrong = np.isinf(y) & np.isfinite(x)
        if wrong.any():
            raise InvalidError(f"{_first(wrong, name, x)}, which is beyond float32", name)
    if kind in "iu" and x.dtype.itemsize > 2:
        wrong = y.astype(np.longdouble) != x.astype(np.longdouble)
        if wrong.any():
            raise InvalidError(
                f"{_first(wrong, name, x)}, which float32 cannot hold exactly; convert it to "
                f"floats if rounding is meant",
                name,
            )
    return y


def _describe(row: Any) -> str:
    if not hasattr(row, "__len__") or isinstance(row, str):
        return "is no row"
    return f"has {len(row)} number{'' if len(row) == 1 else 's'}"


def _ragged(x: Array, name: str) -> None:
    """Refuses rows that are not as long as the first."""
    rows = x if isinstance(x, (list, tuple)) else []
    for i, row in enumerate(rows):
        if _describe(row) != _describe(rows[0]):
            raise InvalidError(
                f"{name} is no array: {name}[{i}] {_describe(row)}, and {name}[0] "
                f"{_describe(rows[0])}",
                name,
            )


def numbers(x: Array, name: str) -> "np.ndarray[Any, Any]":
    """x as float32 in C order."""
    if type(x) is np.ndarray and x.dtype == np.float32 and x.flags.c_contiguous:
        return x
    if isinstance(x, np.ma.MaskedArray) and np.any(x.mask):
        raise InvalidError(f"{name} has masked entries; it must have all its numbers", name)
    try:
        array = np.asarray(x)
    except ValueError as error:
        _ragged(x, name)
        raise InvalidError(f"{name} is no array: {error}", name) from None
    if array.dtype.kind == "O":  # as older versions of NumPy make of ragged rows
        _ragged(x, name)
    return _rounded(array, name)


def finite(x: "np.ndarray[Any, Any]", name: str) -> None:
    """Refuses NaN and infinity. (Points of queries are checked by the library.)"""
    wrong = ~np.isfinite(x)
    if wrong.any():
        raise InvalidError(f"{_first(wrong, name, x)}; it must be a finite number", name)


def rows(x: Array, shape: Tuple[int, ...], name: str) -> "np.ndarray[Any, Any]":
    """x as [n, dim], of which a row may also have the data's own shape."""
    array = numbers(x, name)
    dim = 1
    for size in shape:
        dim *= size
    if array.ndim == 2 and array.shape[1] == dim and array.shape[0]:
        return array
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape and array.shape[0]:
        return array.reshape(-1, dim)
    wanted = f"(n, {dim})"
    if len(shape) > 1:
        wanted += f" or (n, {', '.join(map(str, shape))})"
    hint = ""
    if array.ndim and not array.shape[0]:
        hint = ", with at least one row"
    elif array.shape in ((dim,), shape):
        hint = f": {name}[None] makes it one row"
    raise InvalidError(f"{name} has shape {array.shape}; it must be {wanted}{hint}", name)


def pixels_refused(x: Array, is_image: bool, name: str) -> None:
    """8-bit values of images are no data yet: what they mean, the model's transform says."""
    if is_image and getattr(x, "dtype", None) == np.uint8:
        raise InvalidError(
            f"{name} has dtype uint8; pixels must be in the data's units, for most models "
            f"{name}.astype('float32') / 255",
            name,
        )


# ---------------------------------------------------------------- labels


def _index(label: Any, names: Sequence[str], classes: int) -> int:
    if isinstance(label, str):
        if label in names:
            return names.index(label)
        known = f"the classes are {', '.join(names)}" if names else "the classes have no names"
        raise InvalidError(f"label is {label!r}; {known if classes else 'there are none'}", "label")
    if not isinstance(label, (int, np.integer)):
        raise InvalidError(f"label has {label!r}; classes are whole numbers or names", "label")
    return int(label)


def labels(
    label: Label, n: int, names: Sequence[str], classes: int
) -> Optional["np.ndarray[Any, Any]"]:
    """[n] of int32, or None. One label is every row's."""
    if label is None:
        return None
    if isinstance(label, (str, int, np.integer)):
        return np.full(n, _index(label, names, classes), dtype=np.int32)
    has_names = isinstance(label, (list, tuple)) and any(isinstance(one, str) for one in label)
    array = np.array(label, dtype=object) if has_names else np.asarray(label)
    if array.shape != (n,):
        raise InvalidError(f"label has shape {array.shape}; it must be a class, or ({n},)", "label")
    if array.dtype.kind in "UO":
        return np.array([_index(item, names, classes) for item in array], dtype=np.int32)
    if array.dtype.kind not in "iu":
        raise InvalidError(f"label has dtype {array.dtype}; classes are whole numbers", "label")
    if (array != array.astype(np.int32)).any():
        raise InvalidError("label has numbers beyond int32", "label")
    return np.ascontiguousarray(array, dtype=np.int32)


# ---------------------------------------------------------------- contexts


def contexts(
    context: Optional[Array], size: int, names: Sequence[str], n: Optional[int] = None
) -> Optional["np.ndarray[Any, Any]"]:
    """[1, size] or [n, size], or any number of rows if n is None; None where there is none. A
    single number is a context of one."""
    if context is None:
        return None
    if not size:
        raise InvalidError("context is given; this model takes none", "context")
    array = numbers(context, "context")
    finite(array, "context")
    if array.ndim < 2 and array.size == size:
        return array.reshape(1, size)
    if array.ndim == 2 and array.shape[1] == size and len(array):
        if n is None or len(array) in (1, n):
            return array
    rows = "n" if n is None else str(n)
    called = f" ({', '.join(names)})" if names else ""
    raise InvalidError(
        f"context has shape {array.shape}; it must be ({size},) or ({rows}, {size}){called}",
        "context",
    )


def of_each(context: Optional[Array]) -> bool:
    """Whether several contexts are meant, if perhaps of one row, so that answers have an axis of
    their own for them."""
    return context is not None and np.ndim(context) >= 2


def count(n: Optional[int], **arrays: Any) -> int:
    """Number of rows: n, or else that of the first of the arrays that is given, or else 1."""
    if n is not None:
        return whole(n, "n", 1, SEED_MAX)
    for array in arrays.values():
        if array is not None and not isinstance(array, (str, int, np.integer)):
            return len(array)
    return 1


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number within [low, high]."""
    try:
        number = value.__index__()
    except AttributeError:
        raise InvalidError(f"{name} is {value!r}; it must be a whole number", name) from None
    if not low <= number <= high:
        raise InvalidError(f"{name} is {number}; it must be between {low} and {high}", name)
    return int(number)


def seed_or_random(seed: Optional[int]) -> int:
    """A random seed where none is given."""
    return secrets.randbelow(SEED_MAX) if seed is None else whole(seed, "seed", 0, SEED_MAX)
