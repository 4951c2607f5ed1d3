#!/usr/bin/env python3
"""The work of `advect bench`, done by PyTorch: the network that a model file of ours describes,
built as TorchCFM and guided diffusion build it, with the file's weights.

    torch_bench.py MODEL.safetensors --work train --batch 128 --threads 2 --seconds 5
    torch_bench.py MODEL.safetensors --check CASE.safetensors
    torch_bench.py MODEL.safetensors --export MODEL.onnx

prints a JSON line per measurement. Without --seconds it says when it is ready, and measures once per
number of seconds read from standard input, so that rounds of several programs can take turns.

Each kind of work can be done in several ways (eager, memory with channels last, traced and frozen;
reverse or forward derivatives): all are tried, the fastest is measured, and named in the line.
PyTorch is tuned as far as the environment of its process can: threads pinned, malloc that keeps
its memory, vector instructions up to AVX-512, and OpenBLAS for OpenMP (Debian's package
libopenblas0-openmp) where it is installed.
"""
import argparse
import glob
import json
import math
import os
import statistics
import sys
import time

KEEP = str(1 << 34)
TUNED = {
    "MALLOC_TRIM_THRESHOLD_": KEEP,
    "MALLOC_MMAP_THRESHOLD_": KEEP,
    "OMP_PROC_BIND": "true",
    "OMP_PLACES": ",".join("{%d}" % cpu for cpu in sorted(os.sched_getaffinity(0))),
    "ATEN_CPU_CAPABILITY": "avx512" if "avx512f" in open("/proc/cpuinfo").read() else "default",
    "LD_LIBRARY_PATH": ":".join(glob.glob("/usr/lib/*/openblas-openmp")),
}
if __name__ == "__main__" and any(os.environ.get(k) != v for k, v in TUNED.items()):
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **TUNED})

import torch
from torch import nn
import torch.autograd.forward_ad as forward_ad
from torch.nn import functional

from model_file import config_of, read_header

# ---------------------------------------------------------------- the file

DTYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}


def read_tensors(path):
    header, _, start = read_header(path)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


# ---------------------------------------------------------------- the networks


class Mlp(nn.Module):
    def __init__(self, net):
        super().__init__()
        channels, classes = net["channels"], net.get("num_classes", 0)
        label_channels = net.get("label_channels", 32) if classes else 0
        self.in_projection = nn.Linear(net["dim"], channels)
        self.t_mlp = nn.Sequential(nn.Linear(1, 128), nn.ReLU(), nn.Linear(128, channels))
        if classes:
            self.label_emb = nn.Embedding(classes + net.get("null_class", False), label_channels)
        self.concat_projection = nn.Linear(2 * channels + label_channels, channels)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(net["layers"]))
        self.out_projection = nn.Linear(channels, net["dim"])

    def forward(self, x, t, y=None):
        parts = [self.in_projection(x), self.t_mlp(t[:, None])]
        if y is not None:
            parts.append(self.label_emb(y))
        h = self.concat_projection(torch.cat(parts, -1))
        for block in self.blocks:
            h = block(h)
        return self.out_projection(h)


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.ff = nn.Linear(channels, channels)

    def forward(self, h):
        return functional.relu(self.ff(h))


class ResBlock(nn.Module):
    def __init__(self, net, n_in, n_out, resample=None):
        super().__init__()
        self.scaled, self.resample = net["use_scale_shift_norm"], resample
        wide = 4 * net["model_channels"]
        self.in_layers = nn.Sequential(
            nn.GroupNorm(32, n_in), nn.SiLU(), nn.Conv2d(n_in, n_out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(
            nn.SiLU(), nn.Linear(wide, 2 * n_out if self.scaled else n_out)
        )
        self.out_layers = nn.Sequential(
            nn.GroupNorm(32, n_out), nn.SiLU(), nn.Identity(), nn.Conv2d(n_out, n_out, 3, padding=1)
        )
        self.skip_connection = nn.Identity() if n_in == n_out else nn.Conv2d(n_in, n_out, 1)

    def forward(self, x, emb):
        h = self.in_layers[1](self.in_layers[0](x))
        if self.resample:
            h, x = self.resample(h), self.resample(x)
        h = self.in_layers[2](h)
        e = self.emb_layers(emb)[:, :, None, None]
        if self.scaled:
            scale, shift = e.chunk(2, 1)
            h = self.out_layers[0](h) * (1 + scale) + shift
            h = self.out_layers[1:](h)
        else:
            h = self.out_layers(h + e)
        return self.skip_connection(x) + h


class Attention(nn.Module):
    def __init__(self, net, channels):
        super().__init__()
        per_head = net["num_head_channels"]
        self.heads = net["num_heads"] if per_head == -1 else channels // per_head
        self.by_head = not net["use_new_attention_order"]
        self.norm = nn.GroupNorm(32, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x, emb):
        b, c, height, width = x.shape
        flat = x.reshape(b, c, -1)
        qkv = self.qkv(self.norm(flat))
        ch = c // self.heads
        if self.by_head:
            q, k, v = qkv.reshape(b * self.heads, 3 * ch, -1).split(ch, 1)
        else:
            q, k, v = (part.reshape(b * self.heads, ch, -1) for part in qkv.chunk(3, 1))
        scale = ch**-0.25
        weight = torch.einsum("bct,bcs->bts", q * scale, k * scale).softmax(-1)
        a = torch.einsum("bts,bcs->bct", weight, v).reshape(b, c, -1)
        return (flat + self.proj_out(a)).reshape(b, c, height, width)


def halved(x):
    return functional.avg_pool2d(x, 2)


def doubled(x):
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class Downsample(nn.Module):
    def __init__(self, net, channels):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1) if net["conv_resample"] else halved

    def forward(self, x, emb):
        return self.op(x)


class Upsample(nn.Module):
    def __init__(self, net, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1) if net["conv_resample"] else nn.Identity()

    def forward(self, x, emb):
        return self.conv(doubled(x))


class Unet(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        colours, base = net["image"][0], net["model_channels"]
        wide, mult = 4 * base, net["channel_mult"]
        self.time_embed = nn.Sequential(nn.Linear(base, wide), nn.SiLU(), nn.Linear(wide, wide))
        if net["num_classes"]:
            self.label_emb = nn.Embedding(net["num_classes"] + net["null_class"], wide)
        channels, kept = base * mult[0], [base * mult[0]]
        seen = colours * (1 + 4 * net["fourier_features"])
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(seen, channels, 3, padding=1)])])
        for level, times in enumerate(mult):
            for _ in range(net["num_res_blocks"]):
                self.input_blocks.append(self.stage(level, channels, base * times))
                channels = base * times
                kept.append(channels)
            if level + 1 < len(mult):
                self.input_blocks.append(nn.ModuleList([self.resampling(Downsample, channels)]))
                kept.append(channels)
        self.middle_block = nn.ModuleList(
            [ResBlock(net, channels, channels), Attention(net, channels), ResBlock(net, channels, channels)]
        )
        self.output_blocks = nn.ModuleList()
        for level, times in reversed(list(enumerate(mult))):
            for i in range(net["num_res_blocks"] + 1):
                stage = self.stage(level, channels + kept.pop(), base * times)
                channels = base * times
                if level and i == net["num_res_blocks"]:
                    stage.append(self.resampling(Upsample, channels))
                self.output_blocks.append(stage)
        self.out = nn.Sequential(
            nn.GroupNorm(32, channels), nn.SiLU(), nn.Conv2d(channels, colours, 3, padding=1)
        )

    def stage(self, level, n_in, n_out):
        parts = [ResBlock(self.net, n_in, n_out)]
        if 1 << level in self.net["attention_resolutions"]:
            parts.append(Attention(self.net, n_out))
        return nn.ModuleList(parts)

    def resampling(self, kind, channels):
        if self.net["resblock_updown"]:
            return ResBlock(self.net, channels, channels, halved if kind is Downsample else doubled)
        return kind(self.net, channels)

    def embedded(self, t, y):
        half = self.net["model_channels"] // 2
        w = torch.exp(-math.log(10000) / half * torch.arange(half, dtype=t.dtype))
        angles = t[:, None] * w
        emb = self.time_embed(torch.cat([angles.cos(), angles.sin()], -1))
        return emb if y is None else emb + self.label_emb(y)

    def forward(self, x, t, y=None):
        emb, kept = self.embedded(t, y), []
        if self.net["fourier_features"]:
            w = 2 * math.pi * torch.tensor([2.0**6, 2.0**7], dtype=x.dtype)
            angles = (x[:, :, None] * w[:, None, None]).flatten(1, 2)
            x = torch.cat([x, angles.sin(), angles.cos()], 1)
        h = self.input_blocks[0][0](x)
        kept.append(h)
        for stage in self.input_blocks[1:]:
            for layer in stage:
                h = layer(h, emb)
            kept.append(h)
        for layer in self.middle_block:
            h = layer(h, emb)
        for stage in self.output_blocks:
            h = torch.cat([h, kept.pop()], 1)
            for layer in stage:
                h = layer(h, emb)
        return self.out(h)


# Options of ours that the networks above lack.
OURS = {"input_frequencies": 0, "time_frequencies": 0, "activation": "relu", "residual": False, "input_gain": False}
UNET_DEFAULTS = {
    "attention_resolutions": [], "num_classes": 0, "null_class": False, "num_heads": 1,
    "num_head_channels": -1, "use_scale_shift_norm": False, "resblock_updown": False,
    "use_new_attention_order": False, "conv_resample": True, "fourier_features": False,
}


def load(path):
    net = config_of(path)["net"]
    for name, usual in OURS.items():
        if net.get(name, usual) != usual:
            sys.exit(f"torch_bench.py: {path} has net.{name}, which is built here only by Advect")
    if net["kind"] not in ("mlp", "unet"):
        sys.exit(f"torch_bench.py: {path} is of kind {net['kind']}; mlp and unet are built here")
    model = Mlp(net) if net["kind"] == "mlp" else Unet({**UNET_DEFAULTS, **net})
    model.load_state_dict(read_tensors(path))
    return model.eval(), net


# ---------------------------------------------------------------- the work


def inputs(net, batch, own_times):
    generator = torch.Generator().manual_seed(0)
    shape = net["image"] if net["kind"] == "unet" else [net["dim"]]
    x = torch.randn([batch, *shape], generator=generator)
    t = (torch.arange(batch) + 0.5) / batch if own_times else torch.full([batch], 0.5)
    classes = net.get("num_classes", 0)
    y = torch.arange(batch) % classes if classes else None
    probe = torch.randint(0, 2, x.shape, generator=generator) * 2.0 - 1
    return (x, t) if y is None else (x, t, y), probe


def channels_last(model, args):
    if args[0].dim() != 4:
        return None
    moved = [a.to(memory_format=torch.channels_last) if a.dim() == 4 else a for a in args]
    return model.to(memory_format=torch.channels_last), moved


def velocity_ways(model, args, probe):
    def frozen(optimised):
        with torch.no_grad():
            traced = torch.jit.freeze(torch.jit.trace(model, tuple(args)))
            return torch.jit.optimize_for_inference(traced) if optimised else traced

    def calling(function, args):
        def work():
            with torch.no_grad():
                return function(*args)

        return work

    yield "eager", lambda: calling(model, args)
    yield "frozen", lambda: calling(frozen(False), args)
    yield "frozen, optimised", lambda: calling(frozen(True), args)
    yield "channels last", lambda: calling(*channels_last(model, args))


def reverse(model, args, directions):
    """The velocity, and per direction e the sums of e' J e: a vector-Jacobian product each."""
    x = args[0].detach().requires_grad_(True)
    v = model(x, *args[1:])
    total = 0
    for i, e in enumerate(directions):
        (g,) = torch.autograd.grad(v, x, e, retain_graph=i + 1 < len(directions))
        total = total + (g * e).flatten(1).sum(1)
    return v.detach(), total


def forward(model, args, directions):
    """The same by Jacobian-vector products, each with a forward of its own."""
    total = 0
    for e in directions:
        with torch.no_grad(), forward_ad.dual_level():
            v, dv = forward_ad.unpack_dual(model(forward_ad.make_dual(args[0], e), *args[1:]))
            total = total + (dv * e).flatten(1).sum(1)
    return v, total


def derivative_ways(model, args, directions):
    model.requires_grad_(False)
    for way in (reverse, forward):
        yield way.__name__, lambda way=way: lambda: way(model, args, directions)
    last = channels_last(model, args)
    if last:
        for way in (reverse, forward):
            name = f"{way.__name__}, channels last"
            yield name, lambda way=way: lambda: way(*last, directions)


def probe_ways(model, args, probe):
    return derivative_ways(model, args, [probe])


def divergence_ways(model, args, probe):
    x = args[0]
    units = torch.eye(x[0].numel()).reshape([-1, 1, *x.shape[1:]])
    return derivative_ways(model, args, [unit.expand_as(x).contiguous() for unit in units])


def train_ways(model, args, target):
    def stepping(model, args, foreach):
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-6, foreach=foreach)

        def work():
            optimiser.zero_grad(set_to_none=True)
            loss = functional.mse_loss(model(*args), target)
            loss.backward()
            optimiser.step()
            return loss

        return work

    yield "eager", lambda: stepping(model, args, False)
    yield "eager, foreach", lambda: stepping(model, args, True)
    yield "channels last", lambda: stepping(*channels_last(model, args), True)


WAYS = {
    "velocity": velocity_ways,
    "probe": probe_ways,
    "divergence": divergence_ways,
    "train": train_ways,
}


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fastest(ways):
    """The way whose best of a few calls after two that warm up is least; what fails is no way."""
    best = None
    for name, make in ways:
        try:
            work = make()
            for _ in range(2):
                warm = timed(work)
            seconds = min(warm, *(timed(work) for _ in range(1 if warm > 1 else 2 if warm > 0.2 else 10)))
        except Exception as problem:
            print(f"{name}: {str(problem).splitlines()[0]}", file=sys.stderr)
            continue
        if best is None or seconds < best[0]:
            best = (seconds, name, work)
    return best[1:]


def measure(work, seconds):
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(timed(work))
    return times


# ---------------------------------------------------------------- a known answer


def check(model, net, path):
    """The largest error of the velocity, beside the case's largest entry."""
    case = read_tensors(path)
    args = [case["x"], case["t"]] + ([case["y"]] if "y" in case else [])
    with torch.no_grad():
        v = model(*[a.float() if a.is_floating_point() else a for a in args])
    error = ((v - case["v"]).abs().max() / case["v"].abs().max()).item()
    print(json.dumps({"check": path, "error": error}))
    if not error < 1e-4:
        sys.exit(f"torch_bench.py: the velocity is off by {error:.1e} of the largest entry")


def export(model, net, path):
    """With any number of rows."""
    args, _ = inputs(net, 2, True)
    names = ["x", "t", "y"][: len(args)]
    axes = {name: {0: "n"} for name in names + ["v"]}
    torch.onnx.export(model, args, path, input_names=names, output_names=["v"], dynamic_axes=axes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--work", choices=WAYS, default="velocity")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--own-times", action="store_true", help="rows at times of their own")
    parser.add_argument("--check", metavar="CASE.safetensors")
    parser.add_argument("--export", metavar="FILE.onnx")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, net = load(options.model)
    if options.check:
        return check(model, net, options.check)
    if options.export:
        return export(model, net, options.export)
    own_times = options.own_times or options.work == "train"
    args, probe = inputs(net, options.batch, own_times)
    way, work = fastest(WAYS[options.work](model, args, probe))
    if not options.seconds:
        print(json.dumps({"ready": way}), flush=True)
    for seconds in [options.seconds] if options.seconds else map(float, sys.stdin):
        times = sorted(measure(work, seconds))
        median = statistics.median(times)
        line = {
            "work": options.work, "batch": options.batch, "threads": options.threads, "way": way,
            "rounds": len(times), "median_ms": 1e3 * median, "best_ms": 1e3 * times[0],
            "rows_per_s": options.batch / median,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
