"""What is asked: requests whose answers are known, and requests that are to be refused."""
import json
import struct
import urllib.parse

JSON, NPY, PNG, NDJSON = ("application/json", "application/x-npy", "image/png",
                          "application/x-ndjson")


class Request:
    """A request; `answer` becomes its reference. `churn`: of a model that comes and goes."""

    def __init__(self, method, path, body=b"", accept="*/*", content_type=JSON, churn=False):
        self.method, self.path, self.body = method, path, body
        self.accept, self.content_type, self.churn = accept, content_type, churn
        self.answer = None

    def bytes(self, timeout_ms=None, chunked=False, request_id=None):
        path, body = self.path, self.body
        if timeout_ms and body and self.content_type == JSON:
            body = json.dumps({**json.loads(body), "timeout_ms": timeout_ms}).encode()
        elif timeout_ms and path.startswith("/v1/models/"):
            path += ("&" if "?" in path else "?") + f"timeout_ms={timeout_ms}"
        head = f"{self.method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {self.accept}\r\n"
        if request_id:
            head += f"X-Request-Id: {request_id}\r\n"
        if body:
            head += f"Content-Type: {self.content_type}\r\n"
        if chunked and body:
            half = len(body) // 2 + 1
            parts = [part for part in (body[:half], body[half:]) if part]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            head += "Transfer-Encoding: chunked\r\n"
        elif self.method == "POST":
            head += f"Content-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    def is_query(self):
        return self.method == "POST" or ".png" in self.path


def post(model, what, accept="*/*", churn=False, **fields):
    return Request("POST", f"/v1/models/{model}/{what}", json.dumps(fields).encode(), accept,
                   churn=churn)


def get(path, **query):
    return Request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))


def npy(rows):
    """float32 [n, dim] as an NPY file."""
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    head = head.ljust(117) + "\n"
    values = [value for row in rows for value in row]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack(
        f"<{len(values)}f", *values)


def known():
    """Cheap and dear ones on every route, in every format."""
    points = [[0.5, 0.5], [-1.5, 2.5], [1, 1]]
    board, modes, digits = "checkerboard-8x8", "four-modes", "mnist-mlp"
    requests = [get("/"), get("/openapi.json"), get("/health/live"),
                get(f"/v1/models/{modes}"), Request("HEAD", f"/v1/models/{modes}"),
                Request("OPTIONS", f"/v1/models/{modes}/samples")]
    for seed in range(4):
        requests += [
            post(modes, "samples", n=1 + 40 * seed, seed=seed),
            post(board, "samples", n=20, seed=seed, log_density=True),
            post(board, "samples", NPY, n=100, seed=seed),
            post(digits, "samples", PNG, n=9, seed=seed, label=seed, guidance=1.5),
            post(modes, "trajectories", n=50, seed=seed, frames=7),
            post(modes, "trajectories", NDJSON, n=60, seed=seed, frames=9),
            post(modes, "log-density", points=points),
            post(board, "log-density", points=points,
                 divergence={"method": "hutchinson", "probes": 8, "seed": seed}),
            post(modes, "latents", points=points),
            post(board, "velocity", points=points, t=0.25 * seed, divergence=True),
            get(f"/v1/models/{board}/samples.png", n=400, seed=seed),
            get(f"/v1/models/{digits}/samples.png", n=4, seed=seed, zoom=2),
            get(f"/v1/models/{modes}/velocity.png", t=0.2 * seed),
            get(f"/v1/models/{modes}/trajectories.png", n=300, frames=5, seed=seed),
        ]
    requests += [
        post(modes, "samples", n=20000, seed=9, solver={"method": "euler", "steps": 10}),
        post(board, "samples", n=600, seed=9),
        post("mnist", "samples", NPY, n=2, seed=9, solver={"method": "euler", "steps": 4}),
        post(digits, "velocity", points=[[0.1] * 784], label=3, t=0.5, space="flow",
             divergence={"method": "exact"}),
        Request("POST", f"/v1/models/{board}/latents?solver=rk4&steps=10", npy(points), NPY, NPY),
    ]
    return requests


def churning(names):
    """Of copies of four-modes under other names; their arrays are those of it."""
    return [post(name, "samples", NPY, churn=True, n=50, seed=5) for name in names]


def _raw(text, status):
    return text.encode("latin-1"), status


def bad():
    """(bytes, statuses that are right)."""
    path = "/v1/models/four-modes/samples"
    refused = [
        (Request("POST", path, b"{"), 400), (Request("POST", path, b'{"n": 1, "n": 2}'), 400),
        (Request("POST", path, b"[" * 5000), 400), (Request("POST", path, b'{"n": 0}'), 422),
        (Request("POST", path, b'{"n": 100001}'), 422), (Request("POST", path, b'{"m": 1}'), 422),
        (Request("POST", path, b'{"solver": {"method": "rk5"}}'), 422),
        (Request("POST", path, b'{"x0": [[1, 2], [3]]}'), 422),
        (Request("POST", path, b'{"n": 1}', "image/gif"), 406),
        (Request("POST", path, b'{"n": 1}', content_type="text/plain"), 415),
        (Request("POST", path, b"\x93NUMPY\x01", content_type=NPY), 400),
        (Request("POST", "/v1/models/mnist/latents", b"\x89PNG\r\n", content_type=PNG), 400),
        (Request("POST", "/v1/models/nobody/samples", b"{}"), 404),
        (Request("GET", "/nowhere"), 404), (Request("DELETE", path), 405),
        (Request("GET", "/v1/models/four-modes/samples.png?n=x"), 422),
        (Request("GET", "/v1/models/four-modes/samples.png?n=%zz"), 400),
    ]
    ends = "Host: localhost\r\n\r\n"
    return [(request.bytes(), status) for request, status in refused] + [
        _raw("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400), _raw("nonsense\r\n\r\n", 400),
        _raw("GET / HTTP/1.1\r\n\r\n", 400), _raw("GET / HTTP/2.0\r\n" + ends, 505),
        _raw(f"POST {path} HTTP/1.1\r\nContent-Length: 9000000\r\n{ends}", 413),
        _raw(f"POST {path} HTTP/1.1\r\nContent-Length: 1x\r\n{ends}", 400),
        _raw(f"POST {path} HTTP/1.1\r\nTransfer-Encoding: gzip\r\n{ends}", 400),
        _raw(f"GET /{'a' * 9000} HTTP/1.1\r\n{ends}", 414),
        _raw(f"GET / HTTP/1.1\r\nX: {'a' * 40000}\r\n{ends}", 431),
        _raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        _raw("GET / HTTP/1.1\r\nX: a\0b\r\n" + ends, 400),
    ]


# Minutes of work, to be given up.
ENDLESS = [
    post("checkerboard-8x8", "samples", n=20000, seed=1),
    post("checkerboard-8x8", "log-density", points=[[0.1, 0.2]] * 500,
         solver={"method": "dopri5", "rtol": 1e-8, "atol": 1e-8}),
    post("mnist-mlp", "velocity", points=[[0.1] * 784] * 20, label=3, space="flow",
         divergence={"method": "exact"}),
    post("four-modes", "trajectories", NDJSON, n=20000, frames=100),
    get("/v1/models/mnist-mlp/trajectories.png", n=100, frames=40, zoom=2),
]
