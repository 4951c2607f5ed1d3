#!/usr/bin/env python3
"""Writes tests/fuzz/seeds/<parser>/: small valid files that owe nothing to the library.

They are the known answers of the tests and where the fuzzers start. NumPy is needed.
Every array holds value(i) for i = 0, 1, 2, ...; every picture, 9 wide and 6 high, grey(x, y) or
colour(x, y).
"""

import gzip
import io
import json
import pathlib
import struct
import zlib

import numpy

ROOT = pathlib.Path(__file__).parent / "seeds"
WIDTH, HEIGHT = 9, 6


def put(parser, name, content):
    folder = ROOT / parser
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def value(i):
    return i - 3


def grey(x, y):
    """A level of 0..15, times 17: it survives every depth from 4 bits on."""
    return (3 * x + 5 * y) % 16 * 17


def colour(x, y):
    return grey(x, y), grey(y, x), 255 - grey(x, y)


# ---------------------------------------------------------------- safetensors


def safetensors(entries, data, pad=True):
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    if pad:
        header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def bfloat(values):
    """Exact for the small integers used here."""
    return b"".join(struct.pack("<f", v)[2:] for v in values)


def make_safetensors():
    values = [value(i) for i in range(6)]
    blocks = {
        "F64": struct.pack("<6d", *values),
        "I64": struct.pack("<6q", *values),
        "F32": struct.pack("<6f", *values),
        "I32": struct.pack("<6i", *values),
        "F16": struct.pack("<6e", *values),
        "BF16": bfloat(values),
        "U8": bytes(v + 3 for v in values),
    }
    entries, data = {"__metadata__": {"format": "pt", "quote": 'a "b"\n\u00e9\U0001f600'}}, b""
    for dtype, block in blocks.items():
        entries["t." + dtype] = tensor(dtype, [2, 3], len(data), len(data) + len(block))
        data += block
    put("safetensors", "every-dtype", safetensors(entries, data))
    put("safetensors", "empty", safetensors({}, b""))
    odd = {"scalar": tensor("F32", [], 0, 4), "nothing": tensor("F32", [0, 7], 4, 4)}
    put("safetensors", "scalar-and-nothing", safetensors(odd, struct.pack("<f", 2.5)))
    spaced = (
        b' \n{ "b" : { "data_offsets" :[ 2 , 3 ], "shape":[1],\t"dtype":"U8" } ,\r\n'
        b'"\\u0061\\ud83d\\ude00" : {"dtype":"F16","shape":[1],"data_offsets":[0,2]} } '
    )
    put("safetensors", "escapes", safetensors(spaced, struct.pack("<eB", -1.5, 7), pad=False))


# ---------------------------------------------------------------- NPY


def npy(array, **options):
    out = io.BytesIO()
    numpy.lib.format.write_array(out, array, **options)
    return out.getvalue()


def make_npy():
    values = numpy.array([value(i) for i in range(6)]).reshape(2, 3)
    for order in "<>":
        for kind in ("f2", "f4", "f8", "i2", "i4", "i8"):
            name = kind + ("" if order == "<" else "-big-endian")
            put("npy", name, npy(values.astype(order + kind)))
    for kind in ("u1", "u2", ">u4", "u8"):
        put("npy", kind.replace(">", ""), npy((values + 3).astype(kind)))
    put("npy", "i1", npy(values.astype("i1")))
    put("npy", "bool", npy(values > 0))
    put("npy", "scalar", npy(numpy.float32(2.5) * numpy.ones(())))
    put("npy", "vector", npy(numpy.arange(4, dtype="<f4") - 3))
    put("npy", "empty", npy(numpy.zeros((0, 7), "<f4")))
    put("npy", "fortran-2d", npy(numpy.asfortranarray(values.astype("<f4"))))
    cube = (numpy.arange(24, dtype="<f4") - 3).reshape(2, 3, 4)
    put("npy", "fortran-3d", npy(numpy.asfortranarray(cube)))
    put("npy", "version-2", npy(values.astype("<f4"), version=(2, 0)))
    put("npy", "version-3", npy(values.astype("<f4"), version=(3, 0)))


# ---------------------------------------------------------------- CSV


def make_csv():
    rows = ["-3{0}-2{0}-1", "0{0}1{0}2"]
    for name, separator in {"comma": ",", "semicolon": ";", "tab": "\t", "spaces": "  "}.items():
        put("csv", name, ("\n".join(rows) + "\n").format(separator).encode())
    text = '\ufeff# a comment\r\n\r\n"x, first" , "y ""2""",z\r\n -3.0,-2e0 ,-.1e1\r\n\r\n0 , +1,2'
    put("csv", "header", text.encode())
    put("csv", "header-alone", b"x y\n")
    put("csv", "column", b"-3\n-2\n-1\n")
    put("table", "missing", b"kind,a,note,b\nx,1,n,2\ny,NA,,3\nx,4,,5e-1\n")
    put("table", "quoted", b'"kind";"a\nb";"note"\r\n"x ""1""";1,5;"2;3"\r\n"y";-2,5;"\n"\r\n')
    put("table", "wild", b"k x note\n" + b"".join(b"%d %d.5 -\n" % (i % 2, i * i % 7) for i in range(12)) + b"0 1e9 -\n")


# ---------------------------------------------------------------- IDX


def idx(code, kind, dims, values):
    head = struct.pack(">BBBB", 0, 0, code, len(dims)) + struct.pack(f">{len(dims)}I", *dims)
    return head + numpy.array(values).astype(kind).tobytes()


def make_idx():
    values = [value(i) for i in range(6)]
    codes = {"i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    for kind, code in codes.items():
        put("idx", kind, idx(code, ">" + kind, [2, 3], values))
    levels = idx(0x08, "u1", [2, 3], [v + 3 for v in values])
    put("idx", "u1", levels)
    put("idx", "empty", idx(0x08, "u1", [0, 28, 28], []))
    put("idx", "compressed", gzip.compress(levels, mtime=0))
    two = gzip.compress(levels[:9], mtime=0) + gzip.compress(levels[9:], mtime=0)
    put("idx", "two-members", two)


# ---------------------------------------------------------------- PNG


def chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def pack(samples, depth):
    """Samples of a row as bytes; the last byte is filled up with zeros."""
    if depth == 16:
        return struct.pack(f">{len(samples)}H", *samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def scan(pixel, depth, interlaced):
    """Rows of pixel(x, y) -> samples, each behind a filter byte of zero."""
    out = b""
    for x0, y0, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        for y in range(y0, HEIGHT, dy):
            samples = [s for x in range(x0, WIDTH, dx) for s in pixel(x, y)]
            if samples:
                out += b"\0" + pack(samples, depth)
    return out


def ihdr(depth, kind, interlaced=False):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, int(interlaced)))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(depth, kind, pixel, interlaced=False, before=b""):
    data = zlib.compress(scan(pixel, depth, interlaced), 9)
    half = len(data) // 2
    parts = chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:])
    return SIGNATURE + ihdr(depth, kind, interlaced) + before + parts + chunk(b"IEND", b"")


def make_png():
    def grey_of(scale):
        return lambda x, y: [scale(grey(x, y))]

    def coloured(scale=1, alpha=()):
        return lambda x, y: [c * scale for c in colour(x, y)] + list(alpha)

    for interlaced in (False, True):
        suffix = "-interlaced" if interlaced else ""
        put("png", "grey-8" + suffix, png(8, GREY, grey_of(lambda g: g), interlaced))
        put("png", "grey-4" + suffix, png(4, GREY, grey_of(lambda g: g // 17), interlaced))
        put("png", "rgb-8" + suffix, png(8, RGB, coloured(), interlaced))
    put("png", "grey-1", png(1, GREY, grey_of(lambda g: g // 17 % 2)))
    put("png", "grey-2", png(2, GREY, grey_of(lambda g: g // 17 % 4)))
    put("png", "grey-16", png(16, GREY, grey_of(lambda g: g * 257)))
    put("png", "grey-8-opaque", png(8, GREY_ALPHA, lambda x, y: [grey(x, y), 255]))
    put("png", "rgb-8-of-greys", png(8, RGB, lambda x, y: [grey(x, y)] * 3))
    put("png", "rgb-16", png(16, RGB, coloured(257)))
    put("png", "rgb-8-opaque", png(8, RGBA, coloured(1, [255])))
    put("png", "rgb-8-transparent", png(8, RGBA, lambda x, y: [*colour(x, y), 255 - (x == 4)]))
    table = sorted({colour(x, y) for x in range(WIDTH) for y in range(HEIGHT)})
    plte = chunk(b"PLTE", b"".join(bytes(c) for c in table))
    index = lambda x, y: [table.index(colour(x, y))]
    put("png", "palette-8", png(8, PALETTE, index, before=plte))
    clear = plte + chunk(b"tRNS", b"\0")
    put("png", "palette-8-transparent", png(8, PALETTE, index, before=clear))
    shades = chunk(b"PLTE", b"".join(bytes([17 * g] * 3) for g in range(16)))
    put("png", "palette-4", png(4, PALETTE, lambda x, y: [grey(x, y) // 17], before=shades))
    key = chunk(b"tRNS", struct.pack(">H", grey(4, 3)))
    put("png", "grey-8-transparent-key", png(8, GREY, grey_of(lambda g: g), before=key))
    notes = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tEXt", b"Title\0a picture")
    put("png", "grey-8-with-notes", png(8, GREY, grey_of(lambda g: g), before=notes))
    put("png", "animated", animated())


def animated():
    """Two frames outside of which the default picture stands: grey(x, y), 0, then 255."""
    parts = ihdr(8, GREY) + chunk(b"acTL", struct.pack(">II", 2, 0))
    parts += chunk(b"IDAT", zlib.compress(scan(lambda x, y: [grey(x, y)], 8, False), 9))
    for frame, level in enumerate((0, 255)):
        control = struct.pack(">IIIIIHHBB", 2 * frame, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
        pixels = zlib.compress(scan(lambda x, y: [level], 8, False), 9)
        parts += chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", 2 * frame + 1) + pixels)
    return SIGNATURE + parts + chunk(b"IEND", b"")


# ---------------------------------------------------------------- what is asked and trained


def make_request():
    """Bodies of requests to a model of two dimensions and four classes, for every kind of query."""
    bodies = {
        "samples": {"n": 2, "seed": 3, "first": 1, "label": [1, -1], "guidance": 1.5, "log_density": True},
        "adaptive": {"solver": {"method": "dopri5", "rtol": 1e-4, "atol": 1e-4}, "space": "flow"},
        "hutchinson": {
            "n": 1,
            "log_density": True,
            "divergence": {"method": "hutchinson", "probes": 2, "seed": 1},
        },
        "trajectories": {"times": [0, 0.5, 1], "solver": {"method": "rk4", "steps": 20}, "x0": [[1, 2], [3, 4]]},
        "frames": {"n": 3, "frames": 16, "label": 2},
        "log-density": {"points": [[1, 2], [0.25, -1e-3]], "t": 0.5, "divergence": {"method": "exact"}},
        "velocity": {"points": [[1, 2]], "t": 0.5, "divergence": True, "guidance": 2},
        "contexts": {"n": 3, "context": [[0.1, -0.2], [0.3, 1e-3]]},
        "context": {"points": [[1, 2]], "context": [0.1, -0.2]},
        "nothing": {},
    }
    for name, body in bodies.items():
        put("request", name, json.dumps(body).encode())
    put("request", "escapes", b'{"space":"\u0066low", "seed" : 9007199254740992 ,"n":null}')


def make_target():
    root = b"/v1/models/four-modes/"
    put("target", "samples", root + b"samples?n=64&seed=3&label=0,1,2&guidance=1.5")
    put("target", "contexts", root + b"samples?n=6&context=[[0.1,-0.2],[0.3,4]]")
    put("target", "solver", root + b"trajectories?frames=16&solver=dopri5&rtol=1e-6&atol=1e-6")
    put("target", "times", root + b"trajectories?times=0,0.5,1&solver=rk4&steps=20")
    put("target", "density", root + b"log-density?divergence=hutchinson&probes=8&probe_seed=1&t=0.5")
    put("target", "points", root + b"log-density?points=0.5,-0.25;1,2e0;-3,.5&label=0,1,2&t=0.5")
    put("target", "velocity", root + b"velocity?divergence=true&space=flow")
    put("target", "escapes", b"/v1/models/a%20%C3%A9%2Fb/samples?n=%31&se%65d=3&&log-density=true")
    put("target", "absolute", b"http://localhost:8080/v1/models?")
    put("target", "asterisk", b"*")


def make_head():
    put("head", "get", b"GET /health/live HTTP/1.1\r\nHost: localhost:8080\r\nAccept: text/html, *; q=.2\r\n\r\n")
    post = b"POST /v1/models/four-modes/samples HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\n"
    put("head", "length", post + b"Content-Length: 8 \r\nX-Request-Id: a-1\r\n\r\n" + b'{"n": 1}')
    chunks = b'3;a="b"\r\n{"n\r\n5\r\n": 1}\r\n0\r\nX: y\r\n\r\n'
    put("head", "chunked", post + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n" + chunks)
    put("head", "old", b"\r\nGET http://a.example?b HTTP/1.0\r\nConnection: keep-alive, x\r\n\r\n")
    put("head", "last", b"OPTIONS * HTTP/1.1\r\nhost:a\r\nconnection:\tclose\r\n\r\n")
    # Values of headers, which are read as such, too.
    put("head", "accept", b'image/*;q=0.5, text/plain;a="b, c\\"";q=1, */*;q=.25, image/png;q=0')
    put("head", "traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    put("head", "host", b"flows.example.org:8080")


def make_recipe():
    density = {"kind": "density", "density": {"kind": "two_moons"}}
    net = {"kind": "mlp", "dim": 2, "channels": 4, "layers": 1}
    small = {"name": "small", "net": net, "data": {"source": density}, "train": {"steps": 4}}
    put("recipe", "defaults", json.dumps(small).encode())
    unet = {"kind": "unet", "image": [1, 4, 4], "model_channels": 32, "channel_mult": [1, 2], "num_res_blocks": 1}
    images = {
        "source": {"kind": "idx", "images": "images.idx", "labels": "labels.idx"},
        "shape": [1, 4, 4],
        "classes": 3,
        "labels": ["a", "b", "\u00e9"],
        "transform": [{"kind": "logit", "range": [0, 1]}, {"kind": "standardise"}],
        "dequantise": True,
        "shift_pixels": 1,
        "held_out": 100,
    }
    train = {
        "steps": 10,
        "batch": 8,
        "shard_rows": 4,
        "learning_rate": 0.003,
        "min_learning_rate": 1e-4,
        "warmup_steps": 2,
        "cycle_steps": 5,
        "time_sampling": "logit_normal",
        "time_shift": 2,
        "label_dropout": 0.1,
        "seed": 9000000000000000,
    }
    whole = {"name": "images", "net": unet, "data": images, "path": "vp", "train": train}
    put("recipe", "images", json.dumps(whole | {"sampling": {"guidance": 1.25}}).encode())
    table = {"source": {"kind": "csv", "file": "rows.csv", "label_column": 0}, "box": [[-1, 1], [0, 2.5]]}
    put("recipe", "table", json.dumps(small | {"data": table, "path": "cosine"}).encode())
    support = {"a": [0, None], "1": {"integer": [0, 5]}, "c": {"periodic": [-1, 1.5]}, "3": "heavy"}
    put("recipe", "support", json.dumps(small | {"data": table | {"support": support}}).encode())
    columns = [
        {"kind": "real", "name": "a", "width": 1, "shift": 2, "scale": 0.5},
        {"kind": "interval", "lo": -1, "hi": 0.25, "width": 1},
        {"kind": "above", "lo": 0, "width": 3, "integer": True},
        {"kind": "below", "hi": 1e-3, "width": 1e-3},
        {"kind": "periodic", "lo": 0, "period": 24, "width": 1},
        {"kind": "heavy", "centre": -7, "width": 2},
    ]
    mapped = table | {"transform": {"kind": "columns", "columns": columns}}
    put("recipe", "columns", json.dumps(small | {"data": mapped}).encode())
    source = {"kind": "csv", "file": "t.csv", "columns": ["a*", "!ab", 3], "missing": "drop", "header": "yes", "separator": "tab"}
    put("recipe", "named-columns", json.dumps(small | {"data": {"source": source, "columns": ["a", "b"]}}).encode())


make_safetensors()
make_npy()
make_csv()
make_idx()
make_png()
make_request()
make_target()
make_head()
make_recipe()
