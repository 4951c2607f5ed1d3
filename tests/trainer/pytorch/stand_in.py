"""Stand-ins, in numpy, for what docs/guide/import.md's lines meet: the networks of TorchCFM and of
Meta's flow_matching, with the attributes and the state_dict that those have, the parts of torch and
safetensors that the lines call, and the networks' velocities, computed in double."""
import json
import math
import struct

import numpy


class Tensor(numpy.ndarray):
    def contiguous(self):
        return numpy.ascontiguousarray(self)


def save_file(tensors, path):
    """safetensors: the length of a JSON header, the header, and the tensors it tells of."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        bytes_ = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Module:
    """A network's parameters in the order in which they are made."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.parameters = {}

    def make(self, name, *shape, around=0.0):
        fan_in = max(1, math.prod(shape[1:]))
        values = around + self.random.normal(size=shape) / math.sqrt(fan_in if len(shape) > 1 else 9)
        self.parameters[name] = values.astype("<f4").view(Tensor)

    def layer(self, name, *shape):
        self.make(name + ".weight", *shape)
        self.make(name + ".bias", shape[0])

    def norm_layer(self, name, channels):
        self.make(name + ".weight", channels, around=1.0)
        self.make(name + ".bias", channels)

    def state_dict(self):
        return dict(self.parameters)

    def load_state_dict(self, weights):
        assert list(weights) == list(self.parameters), "names differ"
        for name, tensor in weights.items():
            assert tensor.shape == self.parameters[name].shape, name
        self.parameters = {name: numpy.array(w).view(Tensor) for name, w in weights.items()}

    def linear(self, name, x):
        w, b = (self.parameters[f"{name}.{part}"].astype("f8") for part in ("weight", "bias"))
        return x @ w.reshape(w.shape[0], -1).T + b

    # Images lie as [rows, channels, height, width].
    def conv(self, name, x, stride=1):
        w, b = (self.parameters[f"{name}.{part}"].astype("f8") for part in ("weight", "bias"))
        if w.ndim == 3:
            w = w[..., None]
        border = w.shape[2] // 2
        x = numpy.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        windows = numpy.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
        y = numpy.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], w, optimize=True)
        return y + b[:, None, None]

    def norm(self, name, x):
        w, b = (self.parameters[f"{name}.{part}"].astype("f8") for part in ("weight", "bias"))
        groups = x.reshape(x.shape[0], 32, -1)
        groups = groups - groups.mean(axis=2, keepdims=True)
        groups = groups / numpy.sqrt((groups**2).mean(axis=2, keepdims=True) + 1e-5)
        return groups.reshape(x.shape) * w[:, None, None] + b[:, None, None]


def silu(x):
    return x / (1 + numpy.exp(-x))


def resampled(x, how):
    if how == "down":
        return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
    return x.repeat(2, axis=2).repeat(2, axis=3) if how == "up" else x


class UNet(Module):
    """The U-Net of guided diffusion. A program, made with the parameters, lists its steps."""

    def build(self, in_channels, n_labels):
        wide, self.program = 4 * self.model_channels, []
        self.layer("time_embed.0", wide, self.model_channels)
        self.layer("time_embed.2", wide, wide)
        if n_labels:
            self.make("label_emb.weight", n_labels, wide)
        channels = self.channel_mult[0] * self.model_channels
        self.layer("input_blocks.0.0", channels, in_channels, 3, 3)
        kept, block, scale = [channels], 1, 1
        for level, multiple in enumerate(self.channel_mult):
            for _ in range(self.num_res_blocks):
                name, n_in, channels = f"input_blocks.{block}", channels, multiple * self.model_channels
                self.res_block(name + ".0", n_in, channels)
                if scale in self.attention_resolutions:
                    self.attention(name + ".1", channels, self.num_heads)
                self.program.append(("keep",))
                kept.append(channels)
                block += 1
            if level + 1 < len(self.channel_mult):
                self.resample(f"input_blocks.{block}.0", channels, "down")
                self.program.append(("keep",))
                kept.append(channels)
                block, scale = block + 1, 2 * scale
        self.res_block("middle_block.0", channels, channels)
        self.attention("middle_block.1", channels, self.num_heads)
        self.res_block("middle_block.2", channels, channels)
        block = 0
        for level, multiple in reversed(list(enumerate(self.channel_mult))):
            for i in range(self.num_res_blocks + 1):
                self.program.append(("join",))
                name, part, n_in = f"output_blocks.{block}", 1, channels + kept.pop()
                channels = multiple * self.model_channels
                self.res_block(name + ".0", n_in, channels)
                if scale in self.attention_resolutions:
                    self.attention(f"{name}.{part}", channels, self.num_heads_upsample)
                    part += 1
                if level and i == self.num_res_blocks:
                    self.resample(f"{name}.{part}", channels, "up")
                    scale //= 2
                block += 1
        self.norm_layer("out.0", channels)
        self.layer("out.2", self.out_channels, channels, 3, 3)

    def res_block(self, name, n_in, n_out, how=None):
        self.norm_layer(name + ".in_layers.0", n_in)
        self.layer(name + ".in_layers.2", n_out, n_in, 3, 3)
        scaled = self.hidden["use_scale_shift_norm"]
        self.layer(name + ".emb_layers.1", (2 if scaled else 1) * n_out, 4 * self.model_channels)
        self.norm_layer(name + ".out_layers.0", n_out)
        self.layer(name + ".out_layers.3", n_out, n_out, 3, 3)
        if n_in != n_out:
            self.layer(name + ".skip_connection", n_out, n_in, 1, 1)
        self.program.append(("res_block", name, how))

    def attention(self, name, channels, heads):
        if self.num_head_channels != -1:
            heads = channels // self.num_head_channels
        self.norm_layer(name + ".norm", channels)
        self.layer(name + ".qkv", 3 * channels, channels, 1)
        self.layer(name + ".proj_out", channels, channels, 1)
        self.program.append(("attention", name, heads))

    def resample(self, name, channels, how):
        if self.hidden["resblock_updown"]:
            self.res_block(name, channels, channels, how)
            return
        if self.conv_resample:
            self.layer(name + (".op" if how == "down" else ".conv"), channels, channels, 3, 3)
        self.program.append(("resample", name, how))

    def velocity(self, x, t, label=None):
        half = self.model_channels // 2
        angles = numpy.outer(t, numpy.exp(-math.log(10000) * numpy.arange(half) / half))
        emb = numpy.concatenate([numpy.cos(angles), numpy.sin(angles)], axis=1)
        emb = self.linear("time_embed.2", silu(self.linear("time_embed.0", emb)))
        if label is not None:
            emb = emb + self.parameters["label_emb.weight"].astype("f8")[label]
        h = self.conv("input_blocks.0.0", self.with_features(x))
        kept = [h]
        for what, *arguments in self.program:
            if what == "keep":
                kept.append(h)
            elif what == "join":
                h = numpy.concatenate([h, kept.pop()], axis=1)
            else:
                h = getattr(self, "run_" + what)(h, silu(emb), *arguments)
        return self.conv("out.2", silu(self.norm("out.0", h)))

    def with_features(self, x):
        return x

    def run_res_block(self, x, emb, name, how):
        emb = self.linear(name + ".emb_layers.1", emb)[:, :, None, None]
        h = self.conv(name + ".in_layers.2", resampled(silu(self.norm(name + ".in_layers.0", x)), how))
        if self.hidden["use_scale_shift_norm"]:
            scale, shift = numpy.split(emb, 2, axis=1)
            h = self.norm(name + ".out_layers.0", h) * (1 + scale) + shift
        else:
            h = self.norm(name + ".out_layers.0", h + emb)
        x = resampled(x, how)
        if name + ".skip_connection.weight" in self.parameters:
            x = self.conv(name + ".skip_connection", x)
        return x + self.conv(name + ".out_layers.3", silu(h))

    def run_attention(self, x, _, name, heads):
        n, channels, height, width = x.shape
        qkv = self.conv(name + ".qkv", self.norm(name + ".norm", x)).reshape(n, 3 * channels, -1)
        if self.hidden["use_new_attention_order"]:
            qkv = qkv.reshape(n, 3, heads, channels // heads, -1)
        else:
            qkv = qkv.reshape(n, heads, 3, channels // heads, -1).swapaxes(1, 2)
        q, k, v = qkv[:, 0], qkv[:, 1], qkv[:, 2]
        weights = numpy.exp(numpy.einsum("nhct,nhcs->nhts", q, k) / math.sqrt(channels // heads))
        weights /= weights.sum(axis=3, keepdims=True)
        h = numpy.einsum("nhts,nhcs->nhct", weights, v).reshape(n, channels, height, width)
        return x + self.conv(name + ".proj_out", h)

    def run_resample(self, x, _, name, how):
        if not self.conv_resample:
            return resampled(x, how)
        if how == "down":
            return self.conv(name + ".op", x, stride=2)
        return self.conv(name + ".conv", resampled(x, how))


class TorchCFMUNet(UNet):
    """It keeps num_heads_upsample resolved, and not what `hidden` holds."""

    def __init__(self, dim, num_channels, num_res_blocks, channel_mult=(1, 2), num_classes=None,
                 class_cond=False, attention_resolutions="16", num_heads=1, num_head_channels=-1,
                 num_heads_upsample=-1, use_scale_shift_norm=False, resblock_updown=False,
                 use_new_attention_order=False, seed=0):
        super().__init__(seed)
        self.model_channels, self.num_res_blocks = num_channels, num_res_blocks
        self.in_channels = self.out_channels = dim[0]
        self.channel_mult, self.conv_resample = channel_mult, True
        self.attention_resolutions = tuple(dim[-1] // int(r) for r in attention_resolutions.split(","))
        self.num_classes = num_classes if class_cond else None
        self.num_heads, self.num_head_channels = num_heads, num_head_channels
        self.num_heads_upsample = num_heads if num_heads_upsample == -1 else num_heads_upsample
        self.hidden = {"use_scale_shift_norm": use_scale_shift_norm,
                       "resblock_updown": resblock_updown,
                       "use_new_attention_order": use_new_attention_order}
        self.build(self.in_channels, self.num_classes)


class MetaUNet(UNet):
    """It keeps all its options, and counts its Fourier features in in_channels."""

    def __init__(self, in_channels, seed=0, **options):
        super().__init__(seed)
        self.in_channels, self.model_channels, self.out_channels = in_channels, 128, 3
        self.num_res_blocks, self.channel_mult, self.attention_resolutions = 2, (1, 2), (1, 2)
        self.num_classes, self.conv_resample, self.num_heads = None, True, 1
        self.num_head_channels = self.num_heads_upsample = -1
        self.use_scale_shift_norm = self.resblock_updown = self.use_new_attention_order = False
        self.with_fourier_features = False
        self.__dict__.update(options)
        if self.with_fourier_features:
            self.in_channels += 12
        if self.num_heads_upsample == -1:
            self.num_heads_upsample = self.num_heads
        self.hidden = self.__dict__
        self.build(self.in_channels, self.num_classes and self.num_classes + 1)

    def with_features(self, x):
        if not self.with_fourier_features:
            return x
        angles = (x[:, :, None] * (2 * math.pi * 2.0 ** numpy.arange(6, 8))[:, None, None])
        angles = angles.reshape(x.shape[0], -1, *x.shape[2:])
        return numpy.concatenate([x, numpy.sin(angles), numpy.cos(angles)], axis=1)


class Linear:
    def __init__(self, in_features, out_features):
        self.in_features, self.out_features, self.weight = in_features, out_features, None


class SELU:
    pass


class MLP(Module):
    """The network of TorchCFM's tutorials."""

    def __init__(self, dim, w=64, time_varying=False, seed=0):
        super().__init__(seed)
        self.time_varying, sizes = time_varying, [dim + time_varying, w, w, w, dim]
        self.net = [Linear(sizes[0], w)]
        for i in range(1, 4):
            self.net += [SELU(), Linear(sizes[i], sizes[i + 1])]
        for i in range(4):
            self.layer(f"net.{2 * i}", sizes[i + 1], sizes[i])

    def velocity(self, x, t):
        h = numpy.concatenate([x, t[:, None]], axis=1)
        for i in range(4):
            h = self.linear(f"net.{2 * i}", h)
            if i < 3:
                h = 1.0507009873554805 * numpy.where(h > 0, h, 1.6732632423543772 * numpy.expm1(h))
        return h


def ema_state(model, averages):
    """The state_dict of Meta's EMA around a model."""
    state = {"model." + name: w for name, w in model.parameters.items()}
    state["num_updates"] = numpy.array(7).view(Tensor)
    state.update({f"shadow_params.{i}": w for i, w in enumerate(averages.values())})
    return state
