"""What goes wrong, as exceptions.

Every exception of the package is an :class:`Error`, with the field at fault where one is. Those of
bad arguments are also ``ValueError``, those of files ``OSError``, and so on, so that code that
knows nothing of Advect catches what it expects.
"""

from __future__ import annotations

from typing import Optional


class Error(Exception):
    """Anything that Advect refuses or cannot do.

    Attributes:
        message: what is wrong, the value, and what is allowed.
        field: the argument or option at fault, or None.
    """

    def __init__(self, message: str, field: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field or None


class InvalidError(Error, ValueError):
    """An argument is out of range, has the wrong shape or type, or contradicts another."""


class FormatError(Error, ValueError):
    """A file is not what its format demands."""


class FileError(Error, OSError):
    """The operating system refused to open, read or write a file."""


class NoMemoryError(Error, MemoryError):
    """An allocation failed."""


class UnsupportedError(Error, NotImplementedError):
    """Well formed, but outside what the library does."""


class NumericError(Error, ArithmeticError):
    """A computation left the finite numbers, or could not reach its tolerance."""


class CancelledError(Error):
    """Stopped on request."""


class LibraryError(Error, ImportError):
    """libadvect is missing, or of a version that this package cannot work with."""


class ConnectionLostError(Error, ConnectionError):
    """The daemon cannot be reached, or went away before its answer was whole."""


class ProblemError(Error):
    """The daemon refused: its problem document (RFC 9457).

    Attributes:
        status: the HTTP status, such as 422.
        kind: the problem's type without its prefix, such as ``"invalid-field"``.
        title: the kind in words.
        detail: what is wrong, the value and the limit.
        field: the field at fault, or None.
        limit: the server's limit for that field where it has one that models tell, else None.
        request_id: names the request in the daemon's log, or None.
        retry_after: seconds after which it may succeed, or None.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        field: Optional[str] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(detail or title, field)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.limit: Optional[float] = None
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        about = [f"HTTP {self.status} {self.kind}"]
        if self.field:
            about.append(f"field {self.field}")
        if self.limit is not None:
            about.append(f"limit {self.limit:.15g}")
        if self.retry_after is not None:
            about.append(f"retry after {self.retry_after:g} s")
        if self.request_id:
            about.append(f"request {self.request_id}")
        return f"{self.message} ({', '.join(about)})"
