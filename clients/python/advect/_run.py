"""Runs of queries: over the processors, stopped by Ctrl-C, with answers that are not copied.

ctypes releases the interpreter's lock during each call, so that other threads of Python go on. It
also means that nobody handles a signal until the call returns. A query that may take long is
therefore computed by a thread of its own while the main thread, where signals are handled, waits;
an interruption sets a flag that the library looks at before each evaluation. No function of Python
is called from the library: that would take the interpreter's lock for each evaluation.
"""

from __future__ import annotations

import ctypes as c
import os
import threading
from typing import Any, Callable, List, Optional, Tuple, Union

import numpy as np

from . import _structs as s
from ._library import fail, library

# Multiply-adds, of which a core does some ten billion a second, that are not worth a thread.
_SHORT = 1e8
_ORDER = np.dtype("=f4").str[0]  # the bytes' order of this machine, as arrays' types say it


class Pool:
    """The threads that share the work of one query at a time. Another query, of another thread of
    Python, does without them meanwhile: the answer is the same."""

    def __init__(self) -> None:
        self.n_threads: Optional[int] = None
        self.forget()

    def forget(self) -> None:
        """In the child of a fork there are no threads but the one that forked: what the parent had
        is neither used nor freed."""
        self.lock = threading.Lock()
        self.handle = c.c_void_p()

    def resize(self, n_threads: int) -> None:
        with self.lock:
            if self.handle:
                library().adv_pool_free(self.handle)
            self.handle = c.c_void_p()
            self.n_threads = n_threads

    def open(self) -> c.c_void_p:
        if not self.handle:
            error = s.Error()
            n_threads = self.n_threads or library().adv_cpu_count()
            status = library().adv_pool_new(n_threads, c.byref(self.handle), c.byref(error))
            if status:
                fail(status, error)
        return self.handle


_pool = Pool()
os.register_at_fork(after_in_child=_pool.forget)


def set_threads(n: int) -> None:
    """How many threads share a query in this process: one per processor unless this is called.

    Answers do not depend on it.
    """
    from ._arguments import whole

    _pool.resize(whole(n, "n", 1, 1024))


def abandonable(call: Callable[[], int], discard: Callable[[], object]) -> int:
    """call(), which nothing can stop, by another thread. If the wait for it is interrupted, it goes
    on alone, and what it then leaves is discarded."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    lock = threading.Lock()
    outcome: List[Union[int, BaseException]] = []
    abandoned = False

    def work() -> None:
        result: Union[int, BaseException]
        try:
            result = call()
        except BaseException as error:
            result = error
        with lock:
            outcome.append(result)
            if abandoned:
                discard()

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.2)  # a signal just before a wait is seen at its end only
    except BaseException:
        with lock:
            abandoned = True
            if outcome:
                discard()
        raise
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _await(event: threading.Event) -> None:
    """A signal that comes just before the wait would be seen at its end only: so it ends often."""
    while not event.wait(0.2):
        pass


def interruptible(call: Callable[[], int], flag: "c.c_ubyte") -> int:
    """call(), which looks at the flag, by another thread while the main one waits for signals."""
    outcome = []
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        try:
            outcome.append(call())
        finally:
            done.set()

    try:
        threading.Thread(target=work, daemon=True).start()
        _await(done)
    except BaseException:
        flag.value = 1  # which the call has to see before what it works on is gone
        while not done.is_set():
            try:
                if not begun.wait(1):
                    break  # interrupted before there was a thread
                _await(done)
            except BaseException:  # the first one is on its way
                pass
        raise
    return outcome[0]


class _Memory:
    """Numbers that `owner` keeps, as NumPy takes them over without a copy."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, owner: Any, address: int, shape: Tuple[int, ...], kind: str, frozen: bool):
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "data": (address, frozen),
            "shape": shape,
            "typestr": kind,
        }


def view(
    owner: Any, address: int, shape: Tuple[int, ...], kind: str = "=f4", frozen: bool = False
) -> "np.ndarray[Any, Any]":
    """An array over memory of the library, which keeps its owner alive. frozen: not to be written
    to, since others read it."""
    return np.asarray(_Memory(owner, address, shape, kind.replace("=", _ORDER), frozen))


class Run:
    """A query and its answer, which lives as long as the arrays made of it."""

    __slots__ = ("_free", "_handle", "answer")

    def __init__(self, model: c.c_void_p, query: s.Query) -> None:
        lib = library()
        error = s.Error()
        handle = c.c_void_p()
        status = lib.adv_run_new(model, c.byref(query), c.byref(handle), c.byref(error))
        if status:
            fail(status, error)
        self._handle, self._free = handle, lib.adv_run_free
        self.answer = self._compute(lib.adv_query_cost(c.byref(query), model), error)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            self._free(handle)

    def _compute(self, cost: float, error: s.Error) -> s.Answer:
        lib = library()
        address = c.c_void_p()
        lock = _pool.lock
        shared = lock.acquire(blocking=False)
        try:
            options = s.RunOptions(size=c.sizeof(s.RunOptions))
            if shared:
                options.pool = _pool.open()
            if cost < _SHORT or threading.current_thread() is not threading.main_thread():
                status = lib.adv_run_all(
                    self._handle, c.byref(options), c.byref(address), c.byref(error)
                )
            else:
                flag = c.c_ubyte(0)
                options.cancelled = c.cast(lib.adv_run_cancelled_by, c.c_void_p)
                options.context = c.addressof(flag)
                status = interruptible(
                    lambda: int(
                        lib.adv_run_all(
                            self._handle, c.byref(options), c.byref(address), c.byref(error)
                        )
                    ),
                    flag,
                )
        finally:
            if shared:
                lock.release()
        if status:
            fail(status, error)
        return s.Answer.from_address(address.value or 0)

    def array(self, member: str, kind: str = "=f4") -> Optional["np.ndarray[Any, Any]"]:
        """A member of the answer with a row per row of the query; None where there is none."""
        address = getattr(self.answer, member)
        if not address:
            return None
        answer = self.answer
        shape = (answer.n, answer.dim) if kind == "=f4" else (answer.n,)
        return view(self, address, shape, kind)

    def _rows(self, n_blocks: Optional[int]) -> Tuple[int, ...]:
        n = self.answer.n
        return (n,) if n_blocks is None else (n_blocks, n // n_blocks)

    def states(self, n_blocks: Optional[int] = None) -> "np.ndarray[Any, Any]":
        """[n, dim], or [n_blocks, n / n_blocks, dim]"""
        return view(self, self.answer.states, (*self._rows(n_blocks), self.answer.dim))

    def frames(self, n_blocks: Optional[int] = None) -> "np.ndarray[Any, Any]":
        """[n_frames, n, dim], or [n_frames, n_blocks, n / n_blocks, dim]"""
        answer = self.answer
        shape = (answer.n_frames, *self._rows(n_blocks), answer.dim)
        return view(self, answer.states, shape)

    def context_distance(self) -> Optional["np.ndarray[Any, Any]"]:
        """[n_contexts]; None where there are none"""
        answer = self.answer
        if not answer.context_distance:
            return None
        return view(self, answer.context_distance, (answer.n_contexts,), "=f8")

    def warnings(self) -> List[str]:
        """Of the whole answer."""
        told: List[str] = []
        texts = c.cast(self.answer.warnings, c.POINTER(c.c_char_p))
        while texts and texts[len(told)]:
            told.append(texts[len(told)].decode())
        return told

    def failures(self) -> "dict[int, str]":
        """Why rows failed, by their index."""
        if not self.answer.failures:
            return {}
        reasons = (c.c_char_p * self.answer.n).from_address(self.answer.failures)
        return {i: text.decode("utf-8", "replace") for i, text in enumerate(reasons) if text}
