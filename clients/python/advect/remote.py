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
from typing import Any, Dict, Iterator, List, Mapping, NoReturn, Optional, Tuple
from urllib.parse import quote, urlencode

import numpy as np

from . import _arguments as a
from ._arguments import Array, Label
from ._http import Daemon, problem
from ._query import Divergence, Solver, times_of
from ._tables import by_names
from .errors import ConnectionLostError, InvalidError, ProblemError
from .model import Density, Frame, Score, Trajectory

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


def _put_times(
    fields: Dict[str, Any], frames: Optional[int], times: Optional[Array]
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The times of a trajectory, which go as they are or by their number."""
    moments = times_of(frames, times)
    if times is None:
        fields["frames"] = len(moments)
    else:
        fields["times"] = moments.tolist()
    return moments


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


class RemoteModel:
    """A model that a daemon serves: made by :meth:`Client.model`.

    Its verbs are those of :class:`advect.Model`, and so are its attributes; `limits` tells what one
    request may ask for. Answers to the same request with a seed are the same, byte for byte.
    """

    def __init__(self, daemon: Daemon, told: Dict[str, Any]) -> None:
        self._daemon = daemon
        self._path = f"/v1/models/{quote(told['name'], safe='')}"
        self.name: str = told["name"]
        self.digest: str = told["digest"]
        self.dim: int = told["dim"]
        self.shape: Tuple[int, ...] = tuple(told["shape"])
        self.classes: int = told["classes"]
        self.is_image: bool = len(self.shape) == 3
        self.labels: List[str] = told.get("labels") or []
        self.columns: List[str] = told.get("columns") or []
        conditions: Dict[str, Any] = told.get("context") or {}
        self.context_size: int = conditions.get("size", 0)
        self.context_names: List[str] = conditions.get("columns") or []
        reach = conditions.get("reach")
        self.context_reach: float = math.inf if reach is None else reach
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
        self, query: str, fields: Dict[str, Any], points: Optional["np.ndarray[Any, Any]"]
    ) -> "np.ndarray[Any, Any]":
        path, body, head = self._request(query, fields, points)
        try:
            return _npy(self._daemon.fetch("POST", path, body, {**head, "Accept": _NPY})[0])
        except ProblemError as refusal:
            self._refused(refusal)

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
        self,
        n: Optional[int],
        seed: Optional[int],
        label: Label,
        context: Optional[Array],
        guidance: Optional[float],
        solver: Solver,
        x0: Optional[Array],
        first: int,
        space: str,
    ) -> Tuple[Dict[str, Any], Optional["np.ndarray[Any, Any]"]]:
        x0 = by_names(x0, self.columns, "x0")
        points = None if x0 is None else a.rows(x0, self.shape, "x0")
        rows = a.count(n, x0=points, label=label)
        contexts = self._contexts(context, None if points is None else rows)
        fields = {
            "n": rows,
            "seed": a.seed_or_random(seed),
            "first": first or None,
            "label": self._labels(label, rows, _n_blocks({"context": contexts}, points) or 1),
            "context": contexts,
            "guidance": guidance,
            "solver": _solver(solver),
            "space": None if space == "data" else space,
        }
        return _without_none(fields), points

    def _at_points(
        self,
        x: Array,
        t: float,
        label: Label,
        context: Optional[Array],
        guidance: Optional[float],
        solver: Solver,
        divergence: Divergence,
        space: str,
    ) -> Tuple[Dict[str, Any], "np.ndarray[Any, Any]"]:
        x = by_names(x, self.columns, "x")
        if self.is_image and getattr(x, "dtype", None) == np.uint8:
            points = np.ascontiguousarray(x)  # the daemon knows what 8-bit values mean
        else:
            points = a.rows(x, self.shape, "x")
        fields = {
            "t": None if t == 1 else float(t),
            "label": self._labels(label, len(points)),
            "context": self._contexts(context, len(points)),
            "guidance": guidance,
            "solver": _solver(solver),
            "divergence": _solver(divergence),
            "space": None if space == "data" else space,
        }
        return _without_none(fields), points

    # ---------------------------------------------------------------- verbs

    def sample(
        self,
        n: Optional[int] = None,
        *,
        seed: Optional[int] = None,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        x0: Optional[Array] = None,
        first: int = 0,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Draws samples [n, dim]; see :meth:`advect.Model.sample`."""
        fields, points = self._from_base(
            n, seed, label, context, guidance, solver, x0, first, space
        )
        return _blocks(self._array("samples", fields, points), fields, points)

    def trajectory(
        self,
        n: Optional[int] = None,
        *,
        frames: Optional[int] = None,
        times: Optional[Array] = None,
        seed: Optional[int] = None,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        x0: Optional[Array] = None,
        first: int = 0,
        space: str = "data",
    ) -> Trajectory:
        """Samples on their way; see :meth:`advect.Model.trajectory`."""
        fields, points = self._from_base(
            n, seed, label, context, guidance, solver, x0, first, space
        )
        moments = _put_times(fields, frames, times)
        states = self._array("trajectories", fields, points)
        return Trajectory(moments, _blocks(states, fields, points))

    def frames(
        self,
        n: Optional[int] = None,
        *,
        frames: Optional[int] = None,
        times: Optional[Array] = None,
        seed: Optional[int] = None,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        x0: Optional[Array] = None,
        first: int = 0,
        space: str = "data",
    ) -> Iterator[Frame]:
        """The frames of a trajectory, each as soon as all samples have reached it.

        Leaving the loop early closes the connection, at which the daemon stops computing.

        Raises:
            ProblemError: refused, or failed on the way.
            ConnectionLostError: the daemon went away before the last frame.
        """
        fields, points = self._from_base(
            n, seed, label, context, guidance, solver, x0, first, space
        )
        moments = _put_times(fields, frames, times)
        path, body, head = self._request("trajectories", fields, points)
        try:
            exchange = self._daemon.exchange("POST", path, body, {**head, "Accept": _LINES})
        except ProblemError as refusal:
            self._refused(refusal)
        with exchange as response:
            for frame in _followed(response, len(moments)):
                yield Frame(frame.time, _blocks(frame.states, fields, points))

    def log_prob(
        self,
        x: Array,
        *,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        divergence: Divergence = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Log-densities [n]; see :meth:`advect.Model.log_prob`. They travel as float32."""
        fields, points = self._at_points(x, t, label, context, guidance, solver, divergence, space)
        values = self._array("log-density", fields, points).astype(np.float64)
        _warn(np.isnan(values))
        return values

    def density(
        self,
        x: Array,
        *,
        errors: bool = False,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        divergence: Divergence = None,
        space: str = "data",
    ) -> Density:
        """Log-densities and their errors; see :meth:`advect.Model.density`."""
        fields, points = self._at_points(
            x, t, label, context, guidance, solver, divergence, space
        )
        told = self._told("log-density", {**fields, **({"errors": True} if errors else {})}, points)
        values = _doubles(told["log_density"])
        assert values is not None
        _warn(np.isnan(values))
        return Density(
            values,
            _doubles(told.get("standard_error")),
            float(told["divergence"].get("interval_factor") or 0),
            _doubles(told.get("log_density_error")),
            _doubles(told.get("typicality")),
        )

    def encode(
        self,
        x: Array,
        *,
        t: float = 1.0,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Base points [n, dim] of x; see :meth:`advect.Model.encode`."""
        fields, points = self._at_points(x, t, label, context, guidance, solver, None, space)
        latents = self._array("latents", fields, points)
        _warn(np.isnan(latents).any(axis=1))
        return latents

    def velocity(
        self,
        x: Array,
        t: float,
        *,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Velocities [n, dim] at x; see :meth:`advect.Model.velocity`."""
        fields, points = self._at_points(x, t, label, context, guidance, None, None, space)
        return self._array("velocity", fields, points)

    def score(
        self,
        x: Array,
        t: float,
        *,
        method: str = "path",
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """The gradient of log p_t at x, [n, dim]; see :meth:`advect.Model.score`."""
        fields, points = self._at_points(x, t, label, context, guidance, solver, None, space)
        rows = self._array("score", {**fields, "method": method}, points)
        score = np.ascontiguousarray(rows[:, : self.dim])  # a difference has its error behind it
        _warn(np.isnan(score).any(axis=1))
        return score

    def score_with_error(
        self,
        x: Array,
        t: float = 1.0,
        *,
        label: Label = None,
        context: Optional[Array] = None,
        guidance: Optional[float] = None,
        solver: Solver = None,
        space: str = "data",
    ) -> Score:
        """Scores and their errors; see :meth:`advect.Model.score_with_error`."""
        fields, points = self._at_points(x, t, label, context, guidance, solver, None, space)
        rows = self._array("score", {**fields, "method": "difference"}, points)
        _warn(np.isnan(rows[:, :-1]).any(axis=1))
        return Score(np.ascontiguousarray(rows[:, :-1]), rows[:, -1].astype(np.float64))

    def score_samples(self, X: Array) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """:meth:`log_prob`, under the name that scikit-learn has for it."""
        return self.log_prob(X)


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


def _warn(failed: "np.ndarray[Any, Any]") -> None:
    if failed.any():
        warnings.warn(
            f"row {int(np.argmax(failed))} has no value (and {int(failed.sum()) - 1} other rows): "
            f"the solver does not get there",
            RuntimeWarning,
            stacklevel=3,
        )
