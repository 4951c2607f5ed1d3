"""Models behind HTTP, with the verbs of those in this process.

Arrays travel as NPY, trajectories that are followed as lines of JSON, frame by frame; api.md of the
repository describes the interface.
"""

from __future__ import annotations

import http.client
import io
import json
import math
import warnings
from typing import Any, Dict, Iterator, List, Mapping, NoReturn, Optional, Sequence, Tuple
from urllib.parse import quote, urlencode

import numpy as np

from . import _arguments as a
from ._arguments import Array, Label
from ._http import Daemon, problem
from ._query import Solver, times_of
from ._tables import by_names
from .errors import ConnectionLostError, InvalidError, ProblemError
from .verbs import AtPoints, Density, Flow, Frame, FromBase, Score

_NPY = "application/x-npy"
_JSON = "application/json"
_LINES = "application/x-ndjson"
_URL_MAX = 6000  # of 8 KiB, the most that a request's target may have

# Fields, and the limits of a model that bound them.
_LIMITS = {
    "n": "rows",
    "points": "rows",
    "x0": "rows",
    "label": "rows",
    "steps": "steps",
    "frames": "frames",
    "times": "frames",
    "probes": "probes",
    "rtol": "min_tolerance",
    "atol": "min_tolerance",
}


def connect(
    url: str,
    *,
    key: Optional[str] = None,
    timeout: float = 60.0,
    retries: int = 5,
    max_wait: float = 60.0,
) -> "Client":
    """A daemon (advectd), which is first asked when a model is.

    Args:
        url: "http://HOST:PORT", or "https://..." of a proxy, with a path where it has one.
        key: the API key, where the daemon wants one.
        timeout: seconds without a byte from the daemon, after which it is given up.
        retries: how often a request is sent again that the daemon asks to (429 or 503 with
            Retry-After).
        max_wait: seconds that one request may wait so in all.
    """
    return Client(Daemon(url, key, timeout, retries, max_wait))


class Client:
    """A daemon and its models: made by :func:`connect`. Threads may share it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def __repr__(self) -> str:
        return f"<advect.Client of {self._daemon.url}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._daemon.close()

    def models(self) -> List[str]:
        """Names of the models that are served."""
        body, _ = self._daemon.fetch("GET", "/v1/models")
        return [str(model["name"]) for model in json.loads(body)["models"]]

    def model(self, name: str) -> "RemoteModel":
        """A model by its name. Raises ProblemError (404) with a near name if there is none."""
        body, _ = self._daemon.fetch("GET", f"/v1/models/{quote(name, safe='')}")
        return RemoteModel(self._daemon, json.loads(body))


def _npy(body: bytearray) -> "np.ndarray[Any, Any]":
    """The array over the bytes that came, without a copy."""
    head = io.BytesIO(body[:256])
    np.lib.format.read_magic(head)  # type: ignore[no-untyped-call]
    shape, _, dtype = np.lib.format.read_array_header_1_0(head)  # type: ignore[no-untyped-call]
    return np.frombuffer(body, dtype=dtype, offset=head.tell()).reshape(shape)


def _npy_bytes(array: "np.ndarray[Any, Any]") -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def _without_none(fields: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _times(moments: "np.ndarray[Any, np.dtype[np.float64]]") -> Dict[str, Any]:
    """The times of a trajectory, by their number where they are equidistant."""
    if len(moments) > 1 and np.array_equal(moments, times_of(len(moments), None)):
        return {"frames": len(moments)}
    return {"times": moments.tolist()}


def _n_blocks(fields: Mapping[str, Any], x0: Any) -> Optional[int]:
    """How many contexts there are n samples of each of; None where samples share one or have their
    own."""
    contexts = fields.get("context")
    of_each = x0 is None and contexts is not None and isinstance(contexts[0], list)
    return len(contexts) if of_each else None  # type: ignore[arg-type]


def _blocks(
    rows: "np.ndarray[Any, Any]", fields: Mapping[str, Any], x0: Any
) -> "np.ndarray[Any, Any]":
    """Samples [..., n, dim], as [..., k, n, dim] where there were n of each of k contexts."""
    k = _n_blocks(fields, x0)
    return rows if k is None else rows.reshape(*rows.shape[:-2], k, -1, rows.shape[-1])


def _solver(solver: Solver) -> Optional[Dict[str, Any]]:
    if solver is None:
        return None
    return {"method": solver} if isinstance(solver, str) else dict(solver)


def _url_fields(fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Fields of a JSON body as a URL has them."""
    flat: Dict[str, Any] = {}
    for name, value in fields.items():
        if name == "solver":
            flat.update({"solver" if key == "method" else key: of for key, of in value.items()})
        elif name == "divergence":
            words = {"method": "divergence", "seed": "probe_seed", "renew": "renew_probes"}
            flat.update({words.get(key, key): of for key, of in value.items()})
        elif isinstance(value, list) and value and isinstance(value[0], list):
            flat[name] = json.dumps(value, separators=(",", ":"))
        elif isinstance(value, list):
            flat[name] = ",".join(map(str, value))
        else:
            flat[name] = value
    return {name: str(of).lower() if isinstance(of, bool) else of for name, of in flat.items()}


class RemoteModel(Flow):
    """A model that a daemon serves: made by :meth:`Client.model`.

    Its verbs and their answers are those of an :class:`advect.Model`; log-densities travel as
    float32, but those of `density`. `limits` tells what one request may ask for.
    """

    def __init__(self, daemon: Daemon, told: Dict[str, Any]) -> None:
        self._daemon = daemon
        self._path = f"/v1/models/{quote(told['name'], safe='')}"
        self.name = told["name"]
        self.digest = told["digest"]
        self.dim = told["dim"]
        self.shape = tuple(told["shape"])
        self.classes = told["classes"]
        self.is_image = len(self.shape) == 3
        self.labels = told.get("labels") or []
        self.columns = told.get("columns") or []
        conditions: Dict[str, Any] = told.get("context") or {}
        self.context_size = conditions.get("size", 0)
        self.context_names = conditions.get("columns") or []
        reach = conditions.get("reach")
        self.context_reach = math.inf if reach is None else reach
        self.limits: Dict[str, Any] = told["limits"]
        self.config: Dict[str, Any] = told.get("config") or {}
        self.card: Optional[Dict[str, Any]] = told.get("card")

    def __repr__(self) -> str:
        of = f", {self.classes} classes" if self.classes else ""
        return f"<advect.RemoteModel {self.name!r} of {self._daemon.url}: shape {self.shape}{of}>"

    # ---------------------------------------------------------------- requests

    def _refused(self, refusal: ProblemError) -> NoReturn:
        field = (refusal.field or "").rsplit(".", 1)[-1].split("[", 1)[0]
        if field in _LIMITS and "the limit is" in refusal.detail:
            refusal.limit = self.limits.get(_LIMITS[field])
        if refusal.kind == "body-too-large":
            refusal.limit = self.limits.get("body_bytes")
        raise refusal

    def _request(
        self, query: str, fields: Dict[str, Any], points: Optional["np.ndarray[Any, Any]"]
    ) -> Tuple[str, bytes, Dict[str, str]]:
        """Path, body and headers. Points are an NPY body, unless the other fields (labels or
        contexts of many rows) are too long for a URL."""
        path = f"{self._path}/{query}"
        if points is None:
            return path, json.dumps(fields).encode(), {"Content-Type": _JSON}
        in_url = urlencode(_url_fields(fields), safe=",")
        if len(in_url) <= _URL_MAX:
            path += f"?{in_url}" if in_url else ""
            return path, _npy_bytes(points), {"Content-Type": _NPY}
        if points.dtype == np.uint8:
            name = "context" if "context" in fields else "label"
            raise InvalidError(f"{name} of so many rows of 8-bit images does not fit a URL", name)
        name = "x0" if query in ("samples", "trajectories") else "points"
        body = json.dumps({**fields, name: points.tolist()}, separators=(",", ":")).encode()
        return path, body, {"Content-Type": _JSON}

    def _array(
        self,
        query: str,
        fields: Dict[str, Any],
        points: Optional["np.ndarray[Any, Any]"],
        stacklevel: int = 4,
    ) -> "np.ndarray[Any, Any]":
        path, body, head = self._request(query, fields, points)
        try:
            array, response = self._daemon.fetch("POST", path, body, {**head, "Accept": _NPY})
        except ProblemError as refusal:
            self._refused(refusal)
        _tell(response.headers.get_all("Advect-Warning") or [], stacklevel)
        return _npy(array)

    def _told(
        self, query: str, fields: Dict[str, Any], points: Optional["np.ndarray[Any, Any]"]
    ) -> Dict[str, Any]:
        """The whole answer."""
        path, body, head = self._request(query, fields, points)
        try:
            return dict(json.loads(self._daemon.fetch("POST", path, body, head)[0]))
        except ProblemError as refusal:
            self._refused(refusal)

    def _labels(self, label: Label, n: int, n_blocks: int = 1) -> Any:
        if label is None:
            return None
        one = isinstance(label, (str, int, np.integer))
        array = a.labels(label, 1 if one else n, self.labels, self.classes)
        assert array is not None
        return int(array[0]) if one else array.tolist() * n_blocks

    def _contexts(self, context: Optional[Array], n: Optional[int]) -> Any:
        """Rows, or the numbers of the one that all samples or points have. n: of the points."""
        context = by_names(context, self.context_names, "context")
        array = a.contexts(context, self.context_size, self.context_names, n)
        if array is None:
            return None
        rows = len(array) > 1 or (n is None and a.of_each(context))
        return array.tolist() if rows else array[0].tolist()

    def _from_base(
        self, asked: FromBase
    ) -> Tuple[Dict[str, Any], Optional["np.ndarray[Any, Any]"]]:
        """The fields, and the starts if there are any."""
        x0 = by_names(asked.x0, self.columns, "x0")
        points = None if x0 is None else a.rows(x0, self.shape, "x0")
        rows = a.count(asked.n, x0=points, label=asked.label)
        contexts = self._contexts(asked.context, None if points is None else rows)
        n_blocks = _n_blocks({"context": contexts}, points) or 1
        fields = {
            "n": rows,
            "seed": a.seed_or_random(asked.seed),
            "first": asked.first or None,
            "label": self._labels(asked.label, rows, n_blocks),
            "context": contexts,
            "guidance": asked.guidance,
            "solver": _solver(asked.solver),
            "space": None if asked.space == "data" else asked.space,
        }
        return _without_none(fields), points

    def _at_points(self, asked: AtPoints) -> Tuple[Dict[str, Any], "np.ndarray[Any, Any]"]:
        """The fields, and the points."""
        x = by_names(asked.x, self.columns, "x")
        if self.is_image and getattr(x, "dtype", None) == np.uint8:
            points = np.ascontiguousarray(x)  # the daemon knows what 8-bit values mean
        else:
            points = a.rows(x, self.shape, "x")
        fields = {
            "t": None if asked.t == 1 else float(asked.t),
            "label": self._labels(asked.label, len(points)),
            "context": self._contexts(asked.context, len(points)),
            "guidance": asked.guidance,
            "solver": _solver(asked.solver),
            "divergence": _solver(asked.divergence),
            "space": None if asked.space == "data" else asked.space,
        }
        return _without_none(fields), points

    # ---------------------------------------------------------------- queries

    def _sample(self, asked: FromBase) -> "np.ndarray[Any, np.dtype[np.float32]]":
        fields, points = self._from_base(asked)
        return _blocks(self._array("samples", fields, points), fields, points)

    def _trajectory(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        fields, points = self._from_base(asked)
        states = self._array("trajectories", {**fields, **_times(moments)}, points)
        return _blocks(states, fields, points)

    def _frames(
        self, asked: FromBase, moments: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> Iterator[Frame]:
        fields, points = self._from_base(asked)
        path, body, head = self._request("trajectories", {**fields, **_times(moments)}, points)
        try:
            exchange = self._daemon.exchange("POST", path, body, {**head, "Accept": _LINES})
        except ProblemError as refusal:
            self._refused(refusal)
        with exchange as response:
            for frame in _followed(response, len(moments)):
                yield Frame(frame.time, _blocks(frame.states, fields, points))

    def _log_prob(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float64]]":
        values = self._array("log-density", *self._at_points(asked)).astype(np.float64)
        _warn(np.isnan(values))
        return values

    def _density(self, asked: AtPoints, errors: Optional[bool]) -> Density:
        fields, points = self._at_points(asked)
        wish = {} if errors is None else {"errors": errors}
        told = self._told("log-density", {**fields, **wish}, points)
        values = _doubles(told["log_density"])
        assert values is not None
        _tell(told.get("warnings", []), stacklevel=3)
        _warn(np.isnan(values))
        return Density(
            values,
            _doubles(told.get("standard_error")),
            float(told["divergence"].get("interval_factor") or 0),
            _doubles(told.get("log_density_error")),
            _doubles(told.get("typicality")),
        )

    def _encode(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]":
        latents = self._array("latents", *self._at_points(asked))
        _warn(np.isnan(latents).any(axis=1))
        return latents

    def _velocity(self, asked: AtPoints) -> "np.ndarray[Any, np.dtype[np.float32]]":
        return self._array("velocity", *self._at_points(asked))

    def _scored(self, asked: AtPoints, method: str) -> "np.ndarray[Any, Any]":
        """[n, dim], and of differences the errors as a further column."""
        fields, points = self._at_points(asked)
        return self._array("score", {**fields, "method": method}, points, stacklevel=5)

    def _score(self, asked: AtPoints, method: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
        score = np.ascontiguousarray(self._scored(asked, method)[:, : self.dim])
        _warn(np.isnan(score).any(axis=1))
        return score

    def _score_with_error(self, asked: AtPoints) -> Score:
        rows = self._scored(asked, "difference")
        _warn(np.isnan(rows[:, :-1]).any(axis=1))
        return Score(np.ascontiguousarray(rows[:, :-1]), rows[:, -1].astype(np.float64))


def _doubles(values: Any) -> Optional["np.ndarray[Any, np.dtype[np.float64]]"]:
    """Numbers of JSON, where what is none is null."""
    return None if values is None else np.array(values, dtype=np.float64)


def _followed(response: http.client.HTTPResponse, n_frames: int) -> Iterator[Frame]:
    """Frames, a line each, of which the last one may be a problem instead."""
    for seen in range(n_frames):
        try:
            line = response.readline()
            told = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ConnectionLostError(f"lost after {seen} of {n_frames} frames: {error}") from error
        if told is None:
            raise ConnectionLostError(f"the daemon went away after {seen} of {n_frames} frames")
        if "states" not in told:
            raise problem(response.status, told)
        yield Frame(float(told["t"]), np.array(told["states"], dtype=np.float32))
    response.read()  # the end, so that the connection can be kept


def _tell(texts: Sequence[str], stacklevel: int) -> None:
    """Warnings of the whole answer; stacklevel as of warnings.warn, were it called here."""
    for text in texts:
        warnings.warn(text, RuntimeWarning, stacklevel=stacklevel + 1)


def _warn(failed: "np.ndarray[Any, Any]") -> None:
    if failed.any():
        warnings.warn(
            f"row {int(np.argmax(failed))} has no value (and {int(failed.sum()) - 1} other rows): "
            f"the solver does not get there",
            RuntimeWarning,
            stacklevel=4,
        )
