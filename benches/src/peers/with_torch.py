"""PyTorch on the CPU as a peer of `cargo xtask bench engine`: one thread, eager, or compiled by
TorchScript if the third argument is `script`.

Every layer is an `nn.LSTMCell` (in the time stack with the keys as its batch; `nn.LSTM` over one
step was slower), but for the note stack's first one: its part that depends on no key before is
one product over all keys outside the loop.
"""

import sys
import warnings

import torch
from torch import Tensor, nn

from common import Features, Network, Task, serve


def lstm_cell(layer):
    """A cell with the weights of a layer."""
    cell = nn.LSTMCell(layer[0].shape[1], layer[1].shape[1])
    for name, values in zip(("weight_ih", "weight_hh", "bias_ih"), layer):
        getattr(cell, name).copy_(torch.from_numpy(values))
    cell.bias_hh.zero_()
    return cell


class TimeStack(nn.Module):
    def __init__(self, network):
        super().__init__()
        layers = [network.layer(f"time.{n}") for n in range(len(network.time))]
        self.cells = nn.ModuleList([lstm_cell(layer) for layer in layers])

    def forward(self, x: Tensor, states: list[tuple[Tensor, Tensor]]):
        """`x` is [K, 80], states are [K, H]; gives the new states."""
        new: list[tuple[Tensor, Tensor]] = []
        for index, cell in enumerate(self.cells):
            state = cell(x, states[index])
            new.append(state)
            x = state[0]
        return new


class Projection(nn.Module):
    """What the note stack's first layer makes of the time stack's top, [K, 4H]."""

    def __init__(self, network):
        super().__init__()
        w_ih, _, bias = network.layer("note.0")
        self.weight = nn.Buffer(torch.from_numpy(w_ih[:, : network.time[-1]].T.copy()))
        self.bias = nn.Buffer(torch.from_numpy(bias))

    def forward(self, u: Tensor):
        return torch.addmm(self.bias, u, self.weight)


class NoteLoop(nn.Module):
    def __init__(self, network, temperature):
        super().__init__()
        w_ih, w_hh, _ = network.layer("note.0")
        # Columns for the bits fed back, then for the layer's own output.
        first = torch.from_numpy(w_ih[:, network.time[-1] :]), torch.from_numpy(w_hh)
        self.first = nn.Buffer(torch.cat(first, 1).T.contiguous())
        layers = [network.layer(f"note.{n}") for n in range(1, len(network.note))]
        self.cells = nn.ModuleList([lstm_cell(layer) for layer in layers])
        # Temperature divides the logits: it costs nothing when the head is divided beforehand.
        head = [network.tensors[name] / temperature for name in ("head.weight", "head.bias")]
        self.head = nn.Buffer(torch.from_numpy(head[0].T.copy()))
        self.bias = nn.Buffer(torch.from_numpy(head[1]))
        self.zeros = [torch.zeros(1, units) for units in network.note]
        self.keys: int = network.keys
        self.down: bool = network.down

    def forward(self, projection: Tensor, uniforms: Tensor):
        """`projection` is [K, 4H], `uniforms` [K, 2]; gives the bits chosen, [K, 2]."""
        chosen = torch.zeros(self.keys, 2)
        states = [(zeros, zeros) for zeros in self.zeros]
        h, c = states[0]
        bits = torch.zeros(1, 2)
        for visit in range(self.keys):
            key = self.keys - 1 - visit if self.down else visit
            known = torch.cat([bits, h], 1)
            z = torch.addmm(projection[key : key + 1], known, self.first)
            i, f, g, o = z.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            top = h
            for index, cell in enumerate(self.cells):
                states[index + 1] = cell(top, states[index + 1])
                top = states[index + 1][0]
            chances = torch.sigmoid(torch.addmm(self.bias, top, self.head))
            hits = (uniforms[key : key + 1] < chances).to(torch.float32)
            # (play, articulate) times play: none is struck that does not play.
            bits = hits * hits[:, :1]
            chosen[key] = bits[0]
        return chosen


class Engine:
    def __init__(self, network, task, script):
        self.features = Features(network)
        # Shares the memory that the features are written to.
        self.x = torch.from_numpy(self.features.rows)
        parts = [TimeStack(network), Projection(network), NoteLoop(network, task.temperature)]
        if script:
            parts = [torch.jit.script(part) for part in parts]
        self.time, self.product, self.loop = parts
        self.zeros = [(torch.zeros(network.keys, units),) * 2 for units in network.time]
        self.reset()

    def reset(self):
        self.states = list(self.zeros)

    def feed(self):
        self.states = self.time(self.x, self.states)

    def project(self):
        self.projection = self.product(self.states[-1][0])

    def choose(self, uniforms):
        return self.loop(self.projection, torch.from_numpy(uniforms)).numpy()


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    network, task = Network(sys.argv[1]), Task(sys.argv[2])
    # Gradients are off before anything is compiled, and stay off.
    with torch.inference_mode():
        engine = Engine(network, task, "script" in sys.argv[3:])
        serve(torch.__version__, network, task, engine)


if __name__ == "__main__":
    main()
