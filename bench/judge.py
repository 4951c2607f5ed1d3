#!/usr/bin/python3
"""A judge of generated images of 28 x 28 pixels in ten classes: digits, clothes, whatever its training
set has. It wants PyTorch (scripts/deps.sh bench).

    bench/judge.py --train DIR [--weights FILE] [--epochs 8] [--threads 1]
    bench/judge.py --test DIR [-n 1000] [--weights FILE]
    bench/judge.py SAMPLES.npy LABELS.npy [--weights FILE]

--train fits a small convolutional network to the training images of an IDX data set, the folder with
train-images-idx3-ubyte.gz and so on, and writes it, with the mean and covariance of its 128 features
of these images. --test prints what real test images score, n of them, as many of each class: no
sample should be expected to score better. The third form is what advect eval runs:

    advect eval MODEL --samples s.npy --judge bench/judge.py

It prints the share of samples that are read as the class they were asked to be, and the Frechet
distance between the features of the samples and of the training images, which falls with the number
of samples: compare equal ones. Weights are in build/judge.npz, or where --weights, or JUDGE_WEIGHTS
in the environment, says.
"""
import argparse
import gzip
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEATURES = 128


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1), nn.ReLU())
        self.features = nn.Linear(64 * 7 * 7, FEATURES)
        self.classes = nn.Linear(FEATURES, 10)

    def forward(self, x):
        hidden = functional.dropout(self.convolutions(x).flatten(1), 0.3, self.training)
        features = functional.relu(self.features(hidden))
        return self.classes(functional.dropout(features, 0.3, self.training)), features


def read_idx(path):
    try:
        with gzip.open(path) as file:
            data = file.read()
    except OSError as fault:
        sys.exit(f"judge: {fault}")
    sizes = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def read_set(folder, part):
    images = read_idx(os.path.join(folder, f"{part}-images-idx3-ubyte.gz"))
    labels = read_idx(os.path.join(folder, f"{part}-labels-idx1-ubyte.gz"))
    return (torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1),
            torch.from_numpy(labels.astype(np.int64)))


def shifted(x):
    """By up to one pixel each way, the whole batch alike."""
    right, down = (int(torch.randint(3, ())) for _ in range(2))
    return functional.pad(x, (1, 1, 1, 1))[:, :, down:down + 28, right:right + 28]


def train(options):
    torch.manual_seed(1)
    x, labels = read_set(options.train, "train")
    net, batch = Judge(), 128
    optimiser = torch.optim.AdamW(net.parameters())
    steps = options.epochs * len(x) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, steps)
    began, order = time.monotonic(), torch.randperm(0)
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(x))
        chosen, order = order[:batch], order[batch:]
        loss = functional.cross_entropy(net(shifted(x[chosen]))[0], labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 49 and sys.stderr.isatty():
            print(f"\rstep {step + 1} of {steps}, loss {loss:.4f}", end="", file=sys.stderr)
    print(f"{steps} steps in {time.monotonic() - began:.0f} s", file=sys.stderr)
    _, features = read(net, x)
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    os.makedirs(os.path.dirname(os.path.abspath(options.weights)), exist_ok=True)
    with open(options.weights, "wb") as file:
        np.savez(file, mean=features.mean(0), covariance=np.cov(features, rowvar=False), **weights)
    print(options.weights)


def read(net, x):
    """Classes and features, in blocks."""
    net.eval()
    with torch.no_grad():
        parts = [net(x[first:first + 500]) for first in range(0, len(x), 500)]
    return (torch.cat([logits for logits, _ in parts]).argmax(1).numpy(),
            torch.cat([features for _, features in parts]).double().numpy())


def frechet(mean, covariance, other_mean, other_covariance):
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0)).sum()
    return ((mean - other_mean) ** 2).sum() + np.trace(covariance) + np.trace(other_covariance) - 2 * cross


def judge(options, x, labels):
    try:
        stored = np.load(options.weights)
    except OSError as fault:
        sys.exit(f"judge: {fault}; --train makes it")
    net = Judge()
    net.load_state_dict({name: torch.from_numpy(stored[name]) for name in net.state_dict()})
    classes, features = read(net, x)
    print(f"n: {len(x)}")
    print(f"accuracy: {(classes == labels).mean():.4f}")
    print(f"frechet: {frechet(stored['mean'], stored['covariance'], features.mean(0), np.cov(features, rowvar=False)):.4f}")


def read_samples(options):
    x, labels = (np.load(path) for path in (options.samples, options.labels))
    if not np.isfinite(x).all():
        sys.exit(f"judge: {options.samples} has values that are not finite")
    if x.size != len(labels) * 28 * 28 or len(labels) < 2:
        sys.exit(f"judge: {options.samples} is of shape {x.shape}; it must be two images or more of 28 x 28 "
                 f"pixels, one for each of the {len(labels)} labels")
    pixels = np.rint(np.clip(x.astype(np.float32), 0, 1) * 255) / 255
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28)), labels.reshape(-1)


def read_tested(options):
    """The first images of each class, as many of each."""
    x, labels = read_set(options.test, "t10k")
    chosen = torch.cat([torch.nonzero(labels == c)[:options.n // 10, 0] for c in range(10)])
    return x[chosen], labels[chosen].numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", nargs="?", metavar="SAMPLES.npy")
    parser.add_argument("labels", nargs="?", metavar="LABELS.npy")
    parser.add_argument("--train", metavar="DIR", help="fit a judge to the training images of this folder")
    parser.add_argument("--test", metavar="DIR", help="score real test images of this folder")
    parser.add_argument("--weights", metavar="FILE", help="the judge's file",
                        default=os.environ.get("JUDGE_WEIGHTS", os.path.join(ROOT, "build", "judge.npz")))
    parser.add_argument("--epochs", type=int, default=8, help="times that training sees each image")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-n", type=int, default=1000, help="number of real images to score")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.train:
        train(options)
    elif options.test:
        judge(options, *read_tested(options))
    elif options.samples and options.labels:
        judge(options, *read_samples(options))
    else:
        parser.error("give SAMPLES.npy and LABELS.npy, or --train DIR, or --test DIR")


if __name__ == "__main__":
    main()
