"""Training in this process: from an array or a table to a model."""

from __future__ import annotations

import ctypes as c
import json
import logging
import os
import tempfile
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    NamedTuple,
    NoReturn,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import numpy as np

from . import _arguments as a
from . import _structs as s
from ._arguments import Array
from ._library import fail, library
from ._run import abandonable
from ._tables import columns_of
from .errors import InvalidError
from .model import Model

_log = logging.getLogger("advect")  # told what was noticed in the data, as information

Data = Union[Array, str, "os.PathLike[str]"]


class Progress(NamedTuple):
    """Where a training stands.

    Attributes:
        step, steps: done; in all.
        loss: mean since the last measurement; NaN before the first step.
        held_out_nll: last mean negative log-density of held-out rows, in nats; NaN before it.
        best_nll, best_step: the least of them so far, whose weights become the model, and its step.
        learning_rate: of the last step.
        seconds: of training until now.
    """

    step: int
    steps: int
    loss: float
    held_out_nll: float
    best_nll: float
    best_step: int
    learning_rate: float
    seconds: float


Callback = Callable[[Progress], Optional[bool]]


def fit(
    data: Data,
    *,
    labels: Optional[Array] = None,
    context: Union[None, Array, Sequence[str], str, "os.PathLike[str]"] = None,
    label_column: Union[None, str, int] = None,
    columns: Optional[Sequence[Union[str, int]]] = None,
    support: Union[None, Mapping[str, Any], Sequence[Any]] = None,
    net: str = "mlp",
    steps: Optional[int] = None,
    seed: int = 0,
    name: Optional[str] = None,
    threads: Optional[int] = None,
    progress: Optional[Callback] = None,
) -> Model:
    """Trains a model as ``advect fit`` does, with settings chosen by what is in the data.

    Args:
        data: [n, columns], at least 10 rows of finite numbers; or the path of a CSV or NPY file.
            The names of a data frame, a structured array or a mapping {name: [n]} become the
            model's.
        labels: of an array, the class of each row: numbers or texts, [n].
        context: what the density of data is conditioned on: of an array, the numbers of each row,
            [n, size] or [n], whose names are kept as those of data; of a CSV file, a list of
            columns (those of `columns`, or all others, are modelled); of an NPY file, the path of a
            second one.
        label_column: of a CSV file, the column of the classes.
        columns: of a CSV file, which columns to take; of an array, their names.
        support: what columns can be, by name or position: {"so2": [0, None], "hour": {"periodic":
            24}}; docs/reference/recipe.md has them all.
        net: kind of the network. A "transformer" learns more from few rows of many columns, above
            all given a context, and takes ten to fifty times as long.
        steps: largest number of optimiser steps; chosen by the number of rows if None.
        seed: of all random numbers, which rows are held out among them.
        name: of the model.
        threads: one per processor if None. The model does not depend on it.
        progress: called after every step; what it raises ends the training, and if it returns
            False, the model so far is the result.

    Returns:
        The model with the best log-density of held-out rows.

    Raises:
        InvalidError, FormatError, FileError: of the data or an option, by name.
        KeyboardInterrupt: Ctrl-C, after the step at hand; nothing is left behind.
    """
    if not isinstance(net, str):
        raise InvalidError(f"net is {net!r}; it must be the name of a kind of network", "net")
    options: Dict[str, Any] = {"name": name, "net": net, "support": support}
    options["seed"] = a.whole(seed, "seed", 0, a.SEED_MAX)
    options["steps"] = None if steps is None else a.whole(steps, "steps", 1, 10**9)
    n_threads = 0 if threads is None else a.whole(threads, "threads", 1, 1024)
    columns = _listed(columns, "columns", "a list of columns")
    if isinstance(data, (str, os.PathLike)):
        if labels is not None:
            raise InvalidError("labels is of arrays; of a file, label_column names them", "labels")
        options.update(label_column=label_column, columns=columns)
        options.update(_context_of_a_file(context, os.path.dirname(os.fspath(data))))
        options["recorded"] = os.path.basename(os.fspath(data))
        return _train(os.fsencode(data), options, {}, n_threads, progress)
    if label_column is not None:
        raise InvalidError("label_column is of CSV files; of an array, labels has them", "labels")
    with tempfile.TemporaryDirectory(prefix="advect-") as folder:
        told = _write(folder, data, labels, context, columns, options)
        path = os.fsencode(os.path.join(folder, "array.npy"))
        return _train(path, options, told, n_threads, progress)


def _listed(columns: Any, name: str, what: str) -> Optional[List[Any]]:
    """Columns as a list. A text would be taken for its letters."""
    if columns is None:
        return None
    if isinstance(columns, (str, bytes, Mapping)) or not hasattr(columns, "__iter__"):
        raise InvalidError(f"{name} is {columns!r}; it must be {what}", name)
    return list(columns)


# ---------------------------------------------------------------- arrays, as files


def _column_names(own: List[str], columns: Optional[Sequence[Any]], n: int) -> List[str]:
    """Those given, or the table's own; or none."""
    if columns is None:
        return own if len(own) == n else []
    if len(columns) != n or not all(isinstance(name, str) for name in columns):
        raise InvalidError(f"columns must be the names of the array's {n} columns", "columns")
    if own and list(columns) != own:
        raise InvalidError(
            f"columns is {list(columns)}, and the table's own names are {own}; columns are the names "
            "of an array that has none",
            "columns",
        )
    return list(columns)


def _classes(labels: Array, n: int) -> Tuple["np.ndarray[Any, Any]", List[str]]:
    """Numbers from 0, and their names where the labels are anything else."""
    array = np.asarray(labels)
    if array.shape != (n,):
        raise InvalidError(f"labels has shape {array.shape}; it must be ({n},)", "labels")
    if array.dtype.kind not in "iubUO":
        raise InvalidError(
            f"labels has dtype {array.dtype}; classes are whole numbers or texts", "labels"
        )
    values, index = np.unique(array.astype(str) if array.dtype.kind == "O" else array,
                              return_inverse=True)  # fmt: skip
    from_zero = array.dtype.kind in "iu" and np.array_equal(values, np.arange(len(values)))
    return index.astype(np.int32), [] if from_zero else [str(value) for value in values]


def _write(
    folder: str,
    data: Any,
    labels: Optional[Array],
    context: Optional[Array],
    columns: Optional[Sequence[Any]],
    options: Dict[str, Any],
) -> Dict[str, Any]:
    """Leaves the files that a training reads, and returns what data of the recipe tells of them."""
    data, own_names = columns_of(data, "data")
    rows = a.numbers(data, "data")
    if rows.ndim != 2 or 0 in rows.shape:
        raise InvalidError(f"data has shape {rows.shape}; it must be (n, columns)", "data")
    a.finite(rows, "data")
    told: Dict[str, Any] = {}
    names = _column_names(own_names, columns, rows.shape[1])
    if names:
        told["columns"] = names
        options["support"] = _by_position(options["support"], names)
    if labels is not None:
        index, class_names = _classes(labels, len(rows))
        np.save(os.path.join(folder, "labels.npy"), index)
        options["labels"] = "labels.npy"
        if class_names:
            told["labels"] = class_names
    of_context = _write_context(folder, context, len(rows), options)
    if of_context:
        told["context"] = {"columns": of_context}
    shared = [name for name in of_context if name in names]
    if shared:
        raise InvalidError(
            f"context has a column {shared[0]!r}, and so has data; tables could not tell them "
            "apart: give one of them another name",
            "context",
        )
    np.save(os.path.join(folder, "array.npy"), rows)
    options["recorded"] = "array.npy"
    return told


def _write_context(folder: str, context: Any, n: int, options: Dict[str, Any]) -> List[str]:
    """The names of its numbers, if they have any."""
    if context is None:
        return []
    context, own_names = columns_of(context, "context")
    numbers = a.numbers(context, "context")
    if numbers.ndim not in (1, 2) or len(numbers) != n or 0 in numbers.shape:
        raise InvalidError(
            f"context has shape {numbers.shape}; it must be ({n}, size): a row for each of data",
            "context",
        )
    a.finite(numbers, "context")
    np.save(os.path.join(folder, "context.npy"), numbers.reshape(n, -1))
    options["context_file"] = "context.npy"
    return _column_names(own_names, None, numbers.size // n)


def _context_of_a_file(context: Any, folder: str) -> Dict[str, Any]:
    """Columns of a CSV file, or the path of another NPY file, which recipes name from the data's
    folder."""
    if context is None:
        return {}
    if isinstance(context, (str, os.PathLike)):
        file, start = os.path.realpath(os.fspath(context)), os.path.realpath(folder or ".")
        return {"context_file": os.path.relpath(file, start)}
    names = isinstance(context, np.ndarray) and context.ndim == 1 and context.dtype.kind in "UO"
    if not names and not isinstance(context, (list, tuple)):
        raise InvalidError(
            "context is an array and data a file; it must be a list of columns, or the path of an "
            "NPY file",
            "context",
        )
    return {"context": list(context)}


def _by_position(support: Any, names: List[str]) -> Any:
    """NPY files have no names of columns: the recipe finds them by position."""
    if not isinstance(support, Mapping):
        return support
    return {str(names.index(key)) if key in names else key: of for key, of in support.items()}


# ---------------------------------------------------------------- training


def _plain(value: Any) -> Any:
    """A value of NumPy, or what behaves like a number, as JSON knows them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__index__"):
        return value.__index__()
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"it has a {type(value).__name__}, which is neither a text nor a number")


def _json(options: Dict[str, Any]) -> bytes:
    """Those that are given, as the library reads them."""
    members = []
    for key, value in options.items():
        if value is None:
            continue
        try:
            text = json.dumps(value, default=_plain, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidError(f"{key} is {value!r}: {error}", key) from None
        members.append(f"{json.dumps(key)}: {text}")
    return f"{{{', '.join(members)}}}".encode()


def _refuse(status: int, error: s.Error) -> NoReturn:
    """Raises what the library reported, by the names of fit's arguments."""
    if error.field == b"context_file" and b"is of NPY files" in error.message:
        raise InvalidError(
            "context is a text; of a CSV file it must be a list of columns, as in [\"x1\", \"y*\"]",
            "context",
        )
    fail(status, error)


def _recipe(path: bytes, options: Dict[str, Any]) -> Dict[str, Any]:
    text, error = c.c_void_p(), s.Error()
    given = _json(options)
    status = abandonable(
        lambda: int(
            library().adv_recipe_for_file(path, given, c.byref(text), c.byref(error))
        ),
        lambda: _free(text),
    )
    if status:
        _refuse(status, error)
    try:
        return dict(json.loads(c.string_at(text.value or 0)))
    finally:
        _free(text)


def _free(text: c.c_void_p) -> None:
    free = c.CDLL(None).free
    free.argtypes = [c.c_void_p]
    free.restype = None
    free(text)


def _open(path: bytes, recipe: Dict[str, Any], threads: int) -> c.c_void_p:
    training, error = c.c_void_p(), s.Error()
    text = json.dumps(recipe).encode()
    how = s.TrainingOptions(
        size=c.sizeof(s.TrainingOptions),
        data=path,
        threads=threads,
    )
    status = abandonable(
        lambda: int(
            library().adv_training_new(text, c.byref(how), c.byref(training), c.byref(error))
        ),
        lambda: library().adv_training_free(training),
    )
    if status:
        fail(status, error)
    return training


def _train(
    path: bytes,
    options: Dict[str, Any],
    told: Dict[str, Any],
    threads: int,
    progress: Optional[Callback],
) -> Model:
    recipe = _recipe(path, options)
    if "context" in told:
        recipe["data"]["context"].update(told.pop("context"))
    recipe["data"].update(told)
    training = _open(path, recipe, threads)
    try:
        for note in library().adv_training_notes(training).decode("utf-8", "replace").splitlines():
            _log.info(note)
        _steps(training, progress)
        return _model(training)
    finally:
        library().adv_training_free(training)


def _steps(training: c.c_void_p, progress: Optional[Callback]) -> None:
    """A call of the library for each step: between them Python handles signals."""
    lib, error = library(), s.Error()
    while True:
        at = s.TrainingProgress.from_address(lib.adv_training_progress(training))
        if at.over:
            return
        status = lib.adv_training_step(training, None, c.byref(error))
        if status:
            fail(status, error)
        if progress is not None and progress(_progress(lib, training)) is False:
            return


def _progress(lib: Any, training: c.c_void_p) -> Progress:
    at = s.TrainingProgress.from_address(lib.adv_training_progress(training))
    return Progress(
        at.step,
        at.steps,
        at.loss,
        at.held_out_nll,
        at.best_nll,
        at.best_step,
        at.learning_rate,
        at.seconds,
    )


def _model(training: c.c_void_p) -> Model:
    handle, error = c.c_void_p(), s.Error()
    status = library().adv_training_model(training, c.byref(handle), c.byref(error))
    if status:
        fail(status, error)
    return Model(handle)
