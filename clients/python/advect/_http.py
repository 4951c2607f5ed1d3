"""Requests to a daemon: connections that are kept, answers read into memory, retries, problems."""

from __future__ import annotations

import collections
import email.utils
import http.client
import json
import os
import time
from typing import Any, Deque, Mapping, Optional, Tuple, Type
from urllib.parse import urlsplit

from ._version import __version__
from .errors import ConnectionLostError, InvalidError, ProblemError

PREFIX = "urn:advect:"
IDLE_MAX = 8  # connections kept; as many threads as like may ask at the same time


def retry_after(text: Optional[str]) -> Optional[float]:
    """Seconds of a Retry-After header, which holds seconds or, of some proxies, a date."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        then = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
    return max(0.0, then - time.time())


def problem(status: int, document: Any, wait: Optional[float] = None) -> ProblemError:
    """What a problem document says, or a status whose body is none, of a proxy perhaps."""
    told: Mapping[str, Any] = document if isinstance(document, dict) else {}
    title = str(told.get("title") or http.client.responses.get(status, "refused"))
    return ProblemError(
        int(told.get("status") or status),
        str(told.get("type", "")).replace(PREFIX, "", 1),
        title,
        str(told.get("detail") or title),
        told.get("field"),
        told.get("request_id"),
        wait,
    )


def read_whole(response: http.client.HTTPResponse) -> bytearray:
    """The body, into memory of its own where its length is told."""
    length = response.length
    if length is None:
        return bytearray(response.read())
    body = bytearray(length)
    into = memoryview(body)
    at = 0
    while at < length:
        got = response.readinto(into[at:])
        if not got:
            raise ConnectionLostError(f"the connection ended after {at} of {length} bytes")
        at += got
    response.read()  # tells the response that it has ended
    return body


class Exchange:
    """A request that was answered with success: the response, whose connection is kept if it is
    read to its end, and closed if not."""

    def __init__(self, daemon: "Daemon", connection: http.client.HTTPConnection, response: Any):
        self._daemon = daemon
        self._connection = connection
        self.response: http.client.HTTPResponse = response

    def __enter__(self) -> http.client.HTTPResponse:
        return self.response

    def __exit__(self, *failure: Any) -> None:
        self._daemon.put_back(self._connection, self.response)


class Daemon:
    """Where a daemon is and how it is asked."""

    def __init__(
        self, url: str, key: Optional[str], timeout: float, retries: int, max_wait: float
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidError(f"url is {url!r}; it must be http://HOST:PORT or https://...", "url")
        self.url = url.rstrip("/")
        self.timeout, self.retries, self.max_wait = timeout, retries, max_wait
        self._class: Type[http.client.HTTPConnection] = http.client.HTTPConnection
        if parts.scheme == "https":
            self._class = http.client.HTTPSConnection
        self._place = (parts.hostname, parts.port)
        self._path = parts.path.rstrip("/")
        self._headers = {"User-Agent": f"advect-python/{__version__}"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._idle: Deque[http.client.HTTPConnection] = collections.deque(maxlen=IDLE_MAX)
        self._process = os.getpid()

    # ---------------------------------------------------------------- connections

    def _take(self) -> Tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it was used before. Those of a parent process are its own."""
        if self._process != os.getpid():
            self.close()
            self._process = os.getpid()
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._fresh(), False

    def _fresh(self) -> http.client.HTTPConnection:
        host, port = self._place
        return self._class(host, port, timeout=self.timeout)

    def put_back(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        """Keeps it where the response has ended and the daemon keeps it too."""
        if response.isclosed() and not response.will_close and connection.sock is not None:
            self._idle.append(connection)
        else:
            response.close()
            connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):
            self.close()

    # ---------------------------------------------------------------- requests

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any, head: Any
    ) -> http.client.HTTPResponse:
        try:
            connection.request(method, self._path + path, body, {**self._headers, **head})
        except (BrokenPipeError, ConnectionResetError):
            if connection.sock is None:
                raise
            # A body that is refused before it was sent whole: the answer says why.
        return connection.getresponse()

    def _send(self, method: str, path: str, body: Any, head: Any) -> Tuple[Any, Any]:
        connection, used = self._take()
        try:
            return connection, self._ask(connection, method, path, body, head)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not used or isinstance(error, TimeoutError):
                raise self._lost(error) from error
        connection = self._fresh()  # the kept one had been closed at the other end meanwhile
        try:
            return connection, self._ask(connection, method, path, body, head)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._lost(error) from error

    def _lost(self, error: BaseException) -> ConnectionLostError:
        if isinstance(error, TimeoutError):
            return ConnectionLostError(f"{self.url} did not answer within {self.timeout:g} s")
        return ConnectionLostError(f"{self.url} cannot be asked: {error or type(error).__name__}")

    def _refusal(self, response: http.client.HTTPResponse) -> ProblemError:
        body = read_whole(response)
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        return problem(response.status, document, retry_after(response.getheader("Retry-After")))

    def exchange(
        self, method: str, path: str, body: Optional[Any] = None, head: Mapping[str, str] = {}
    ) -> Exchange:
        """Asks until it is answered. A daemon that says when to come back (429, 503 with
        Retry-After) is asked again then, while that makes sense."""
        waited, attempt = 0.0, 0
        while True:
            connection, response = self._send(method, path, body, head)
            if response.status < 300:
                return Exchange(self, connection, response)
            try:
                refusal = self._refusal(response)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise self._lost(error) from error
            self.put_back(connection, response)
            wait = refusal.retry_after
            if response.status not in (429, 503) or wait is None or attempt >= self.retries:
                raise refusal
            if waited + wait > self.max_wait:
                raise refusal
            time.sleep(wait)
            waited += wait
            attempt += 1

    def fetch(
        self, method: str, path: str, body: Optional[Any] = None, head: Mapping[str, str] = {}
    ) -> Tuple[bytearray, http.client.HTTPResponse]:
        """The whole body of the answer."""
        with self.exchange(method, path, body, head) as response:
            try:
                return read_whole(response), response
            except ConnectionLostError:
                raise
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(error) from error
