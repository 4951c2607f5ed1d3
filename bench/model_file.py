"""Model files, as far as the benchmarks read them."""
import json
import struct


def read_header(path):
    """The entries of a safetensors file, the strings of its metadata, and where its data begin."""
    with open(path, "rb") as file:
        (n,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(n))
    return header, header.pop("__metadata__", {}), 8 + n


def config_of(path):
    """A model's configuration: its net, its data and the rest."""
    return json.loads(read_header(path)[1]["advect.config"])
