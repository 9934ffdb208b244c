"""PyTorch as the peer of `cargo xtask bench train`: `python train_with_torch.py CHECKPOINT SEGMENTS
THREADS`. Says `{"ready": VERSION}`, then answers each line, `begin` or `round`, with a line of JSON.

What it is spared: features are computed once, beforehand. Letters of shapes: B segments, T
predictions, K keys, F features, H units.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from common import FEATURES, Features, Network, to_bits

DROPOUT, RATE, CLIP = 0.5, 1e-3, 1.0
SUFFIXES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def lstm(network, name):
    """A layer with the weights of the checkpoint; of its two biases one is trained."""
    w_ih, w_hh = (network.tensors[f"{name}.{suffix}"] for suffix in SUFFIXES[:2])
    layer = nn.LSTM(w_ih.shape[1], w_hh.shape[1])
    with torch.no_grad():
        for suffix in SUFFIXES:
            getattr(layer, suffix).copy_(torch.from_numpy(network.tensors[f"{name}.{suffix}"]))
    layer.bias_hh_l0.requires_grad_(False)
    return layer


def dropped(x, training):
    """`x` is [sequence, rows, H]: a mask for each row, the same along the sequence (model.md,
    section 6)."""
    if not training:
        return x
    mask = torch.empty(1, *x.shape[1:]).bernoulli_(1 - DROPOUT).div_(1 - DROPOUT)
    return x * mask


class Biaxial(nn.Module):
    """The network of model.md, section 4, with teacher forcing."""

    def __init__(self, network):
        super().__init__()
        self.time = nn.ModuleList([lstm(network, f"time.{n}") for n in range(len(network.time))])
        self.note = nn.ModuleList([lstm(network, f"note.{n}") for n in range(len(network.note))])
        self.head = nn.Linear(network.note[-1], 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(network.tensors["head.weight"]))
            self.head.bias.copy_(torch.from_numpy(network.tensors["head.bias"]))

    def forward(self, x, fed_back):
        """`x` is [T, B, K, F], `fed_back` [K, B T, 2]; gives logits [K, B T, 2]. Keys in the order
        in which they are visited."""
        steps, batch, keys, _ = x.shape
        x = x.view(steps, batch * keys, FEATURES)
        for layer in self.time:
            x = dropped(layer(x)[0], self.training)
        x = x.view(steps, batch, keys, -1).permute(2, 1, 0, 3).reshape(keys, batch * steps, -1)
        x = torch.cat([x, fed_back], 2)
        for layer in self.note:
            x = dropped(layer(x)[0], self.training)
        return self.head(x)


def load(network, path):
    """The features [T, B, K, F], and the bits that are to be predicted [K, B T, 2]."""
    with open(path, encoding="utf-8") as file:
        segments = json.load(file)["segments"]
    features = Features(network)
    shape = (len(segments[0]) - 1, len(segments), network.keys)
    x, y = np.empty((*shape, FEATURES), np.float32), np.empty((*shape, 2), np.float32)
    for place, segment in enumerate(segments):
        chords = [tuple(int(mask, 16) for mask in chord) for chord in segment]
        bits = [to_bits(network, chord) for chord in chords]
        for step in range(shape[0]):
            features.write(bits[step], step)
            x[step, place] = features.rows
            y[step, place] = bits[step + 1]
    if network.down:
        x, y = x[:, :, ::-1].copy(), y[:, :, ::-1].copy()
    y = torch.from_numpy(y).permute(2, 1, 0, 3)
    return torch.from_numpy(x), y.reshape(shape[2], shape[1] * shape[0], 2)


class Trainer:
    def __init__(self, network, path):
        self.model = Biaxial(network)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(self.trained, lr=RATE, fused=True)
        self.x, self.targets = load(network, path)
        self.fed_back = torch.zeros_like(self.targets)
        self.fed_back[1:] = self.targets[:-1]

    def gradient(self):
        """Leaves the gradient with the parameters and gives the loss of model.md, section 5."""
        self.adam.zero_grad(set_to_none=True)
        z = self.model(self.x, self.fed_back)
        play, articulate = self.targets.unbind(2)
        sums = bce(z[..., 0], play, reduction="sum")
        sums = sums + bce(z[..., 1], articulate, weight=play, reduction="sum")
        loss = sums / (2 * play.numel())
        loss.backward()
        return loss.item()

    def begin(self, idle):
        self.model.eval()
        loss = self.gradient()
        self.model.train()
        norm = nn.utils.clip_grad_norm_(self.trained, float("inf")).item()
        return {"loss": loss, "norm": norm, "idle_bytes": idle}

    def round(self):
        start, start_cpu = time.perf_counter(), time.process_time()
        loss = self.gradient()
        nn.utils.clip_grad_norm_(self.trained, CLIP)
        self.adam.step()
        return {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - start_cpu,
            "loss": loss,
            "peak_bytes": peak_bytes(),
        }


def peak_bytes():
    """The most memory that this process has held at a time, where the system tells it: the same
    figure as on our side."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            lines = [line for line in file if line.startswith("VmHWM:")]
    except OSError:
        return None
    return 1024 * int(lines[0].split()[1])


def main():
    idle = peak_bytes()
    torch.set_num_threads(int(sys.argv[3]))
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    trainer = Trainer(Network(sys.argv[1]), sys.argv[2])
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        answer = trainer.begin(idle) if line.strip() == "begin" else trainer.round()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
