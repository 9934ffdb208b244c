"""What every Python peer of `cargo xtask bench` shares: checkpoint, features; and the talk of those
of `bench engine`.

Such a peer is started as `python with_X.py CHECKPOINT TASK [VARIANT]`, says one line of JSON when it is
ready, and then plays one round for every line it is sent, answering with a line of JSON.
Letters of shapes: K keys, F features, H units, S steps.
"""

import json
import sys
import time

import numpy as np

FEATURES = 80

# The time that this process has computed, all its threads together: what a busy machine gives to
# others does not count. On Windows that clock is too coarse.
seconds = time.perf_counter if sys.platform == "win32" else time.process_time


class Network:
    """Configuration and tensors of a checkpoint (model.md, section 9)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
            data = file.read()
        config = json.loads(header.pop("__metadata__")["config"])
        self.time, self.note = config["time"], config["note"]
        self.low, self.keys = config["low"], config["notes"]
        self.position = config.get("position", "scaled")
        self.edge = config.get("edge", "zero")
        self.down = config.get("scan", "up") == "down"
        self.tensors = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            values = np.frombuffer(data[start:end], dtype="<f4")
            self.tensors[name] = values.reshape(entry["shape"]).copy()

    def layer(self, name):
        """Input weights [4H, I], recurrent weights [4H, H] and the sum of the biases [4H]."""
        part = lambda of: self.tensors[f"{name}.{of}_l0"]
        return part("weight_ih"), part("weight_hh"), part("bias_ih") + part("bias_hh")


class Task:
    """What is to be played: a prompt, random numbers, temperature."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            task = json.load(file)
        self.prompt = [tuple(int(mask, 16) for mask in chord) for chord in task["prompt"]]
        self.temperature = task["temperature"]
        self.uniforms = np.array(task["uniforms"], dtype=np.float32)


class Features:
    """The rows of model.md, section 2, kept in one array [K, F] that `write` overwrites."""

    def __init__(self, network):
        keys, midi = network.keys, network.low + np.arange(network.keys)
        self.keys, self.wraps = keys, network.edge == "wrap_low"
        self.rows = np.zeros((keys, FEATURES), dtype=np.float32)
        scaled = network.position == "scaled"
        self.rows[:, 0] = (midi - 64) / 64 if scaled else np.arange(keys)
        self.rows[np.arange(keys), 1 + midi % 12] = 1
        # Twelve keys of silence on either side of the bits (play, articulate), end to end: the
        # vicinity of a key is a window of fifty.
        self.padded = np.zeros(2 * (keys + 24), dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self.padded, 50)
        self.vicinity = windows[::2][:keys]
        # Key n counts key p in column 63 + i if p mod 12 = (midi + i) mod 12.
        self.classes = np.zeros((keys, 12), dtype=np.float32)
        self.classes[np.arange(keys), midi % 12] = 1
        self.turned = (midi[:, None] + np.arange(12)) % 12
        self.beats = np.array([[2 * (b >> k & 1) - 1 for k in range(4)] for b in range(16)])

    def write(self, bits, step_in_bar):
        """Features of the bits [K, 2] of one step."""
        self.padded[24:-24] = bits.reshape(-1)
        if self.wraps:
            self.padded[:24] = bits[-12:].reshape(-1)
        self.rows[:, 13:63] = self.vicinity
        self.rows[:, 63:75] = (bits[:, 0] @ self.classes)[self.turned]
        self.rows[:, 75:79] = self.beats[step_in_bar % 16]


def to_bits(network, chord):
    """Bits [K, 2] of a chord, which is a pair of masks over the keys of MIDI."""
    keys = range(network.low, network.low + network.keys)
    return np.array([[mask >> key & 1 for mask in chord] for key in keys], dtype=np.float32)


def to_masks(network, bits):
    """The chord of bits [K, 2], as a pair of hexadecimal numbers."""
    masks = [0, 0]
    for key, row in enumerate(bits):
        for which in range(2):
            masks[which] |= int(row[which]) << (network.low + key)
    return [f"{mask:x}" for mask in masks]


def serve(version, network, task, engine):
    """Plays rounds until the input ends. An engine has `reset()`, `feed()` (of the features that
    `engine.features` holds), optionally `project()`, and `choose(uniforms)`, which gives bits
    [K, 2]."""
    print(json.dumps({"ready": version}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(play(network, task, engine)), flush=True)


def play(network, task, engine):
    """One round: the prompt, all but its last step untimed, then a step for each uniform."""
    engine.reset()
    prompt = [to_bits(network, chord) for chord in task.prompt]
    for step, bits in enumerate(prompt[:-1]):
        engine.features.write(bits, step)
        engine.feed()
    project = getattr(engine, "project", None)
    bits, place = prompt[-1], len(prompt) - 1
    times, chosen = [], []
    for uniforms in task.uniforms:
        start = seconds()
        engine.features.write(bits, place)
        engine.feed()
        fed = seconds()
        if project:
            project()
        projected = seconds()
        bits = engine.choose(uniforms)
        end = seconds()
        times.append((end - start, fed - start, end - fed, end - projected))
        chosen.append(bits)
        place += 1
    columns = [[1000 * value for value in column] for column in zip(*times)]
    reply = {"step_ms": columns[0], "time_ms": columns[1], "note_ms": columns[2]}
    if project:
        reply["loop_ms"] = columns[3]
    reply["chords"] = [to_masks(network, bits) for bits in chosen]
    return reply
