"""Runs the Python of docs/guide/import.md against stand-ins of the classes that it is for, and writes
what it exports, with velocities of those classes, into a folder for each case:

    run_lines.py IMPORT.md FOLDER

FOLDER/CASE has weights.safetensors and config.json by the guide's lines, x.npy, t.npy, v.npy and,
where there are classes, label.npy. Every piece of Python in the guide must belong to a case."""
import os
import re
import sys
import types

import numpy
from stand_in import MLP, MetaUNet, TorchCFMUNet, ema_state, save_file

# Pieces of the guide, by words that no other has.
TORCHCFM, META, TUTORIAL = "UNetModel(dim=image", "model.with_fourier_features", "model.net"
AVERAGES, UNNAMED = '"ema_model"', "shadow_params"


def pieces_of(guide):
    with open(guide, encoding="utf-8") as file:
        return re.findall(r"^```python\n(.*?)^```", file.read(), re.S | re.M)


def run(pieces, words, names, replaced=()):
    found = [piece for piece in pieces if words in piece]
    assert len(found) == 1, f"{len(found)} pieces of the guide hold {words}"
    text = found[0]
    for start, line in replaced:
        text, n = re.subn(rf"^{start}.*$", line, text, flags=re.M)
        assert n == 1, f"{n} lines of the guide begin with {start}"
    exec(compile(text, words, "exec"), names)
    return found[0]


def replace_torch(checkpoint):
    """What the lines import."""
    torch, safetensors = types.ModuleType("torch"), types.ModuleType("safetensors")
    torch.load = lambda path, map_location: checkpoint
    safetensors.torch = types.ModuleType("safetensors.torch")
    safetensors.torch.save_file = save_file
    sys.modules.update({"torch": torch, "safetensors": safetensors,
                        "safetensors.torch": safetensors.torch})


def write_velocities(model, shape, n_classes, seed=5):
    random = numpy.random.default_rng(seed)
    x, t = random.normal(size=(3, *shape)).astype("f4"), numpy.array([0.0, 0.37, 1.0], "f4")
    labels = [numpy.arange(3) % n_classes] if n_classes else []
    v = model.velocity(x.astype("f8"), t.astype("f8"), *labels)
    for name, values in [("x", x), ("t", t), ("v", v)] + [("label", y) for y in labels]:
        numpy.save(name + ".npy", values.reshape(3, -1).astype("f4"))


def torchcfm(pieces, image, options, defaults):
    """The class is the guide's; the model that was trained has other weights."""
    trained = TorchCFMUNet(image, **{**defaults, **options}, seed=1)
    averages = {"module." + name: w for name, w in trained.state_dict().items()}
    replace_torch({"ema_model": averages, "net_model": None})
    names = {"UNetModel": lambda dim, **given: TorchCFMUNet(dim, **{**defaults, **given})}
    used = {run(pieces, AVERAGES, names)}
    used.add(run(pieces, TORCHCFM, names,
                 [("image = ", f"image = {image}"), ("options = ", f"options = dict(**{options})")]))
    write_velocities(trained, image, trained.num_classes)
    return used


def meta(pieces, size, **options):
    averaged = MetaUNet(3, seed=2, **options)
    replace_torch({"model": ema_state(MetaUNet(3, seed=1, **options), averaged.state_dict())})
    names = {"model": MetaUNet(3, **options)}
    used = {run(pieces, UNNAMED, names)}
    used.add(run(pieces, META, names, [("height, width = ", f"height, width = {size}, {size}")]))
    write_velocities(averaged, (3, size, size), averaged.num_classes)
    return used


def tutorial(pieces):
    replace_torch(None)
    trained = MLP(3, w=48, time_varying=True, seed=1)
    names = {"model": MLP(3, w=48, time_varying=True), "weights": trained.state_dict()}
    used = {run(pieces, TUTORIAL, names)}
    write_velocities(trained, (3,), None)
    return used


CASES = {
    "torchcfm": lambda pieces: torchcfm(
        pieces, (1, 28, 28),
        dict(num_channels=32, num_res_blocks=1, num_classes=10, class_cond=True),
        dict(channel_mult=(1, 2, 2))),
    "torchcfm-heads": lambda pieces: torchcfm(
        pieces, (1, 8, 8),
        dict(num_channels=32, num_res_blocks=1, num_heads=2, num_heads_upsample=4,
             attention_resolutions="8,4", use_scale_shift_norm=True, resblock_updown=True,
             use_new_attention_order=True), {}),
    "meta": lambda pieces: meta(
        pieces, 8, model_channels=32, num_res_blocks=1, num_classes=4, num_heads=4,
        num_heads_upsample=2, use_scale_shift_norm=True, with_fourier_features=True),
    "meta-plain": lambda pieces: meta(pieces, 8, model_channels=32, num_res_blocks=1,
                                      attention_resolutions=(2,), num_head_channels=8,
                                      conv_resample=False, use_new_attention_order=True),
    "tutorial": tutorial,
}


def main(guide, folder):
    pieces, used = pieces_of(guide), set()
    for name, case in CASES.items():
        os.mkdir(os.path.join(folder, name))
        os.chdir(os.path.join(folder, name))
        used |= case(pieces)
    assert used == set(pieces), f"{len(pieces) - len(used)} pieces of the guide were not run"


main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
