"""ONNX Runtime as a peer of `cargo xtask bench engine`: one thread, all its optimisations, every
input and output bound once so that a step copies next to nothing.

Three graphs, so that stages can be timed apart: the time stack; the part of the note stack's first
layer that depends on no key before (one product over all keys); and the loop over the keys, a
`Scan` with the draws inside. LSTM operators wherever they were found faster than the same layer
spelt out, which is everywhere but in that first layer.
"""

import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from common import Features, Network, Task, serve

F32 = TensorProto.FLOAT
OPSET = 21


class Graph:
    """Collects the nodes and constants of a graph."""

    def __init__(self):
        self.nodes, self.constants, self.inputs, self.outputs, self.count = [], [], [], [], 0

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"value{self.count + n}" for n in range(outputs)]
        self.count += outputs
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def input(self, name, *shape):
        self.inputs.append(helper.make_tensor_value_info(name, F32, shape))
        return name

    def output(self, value, name, *shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, F32, shape))

    def build(self, name):
        parts = [self.nodes, name, self.inputs, self.outputs]
        return helper.make_graph(*parts, initializer=self.constants)

    def lstm(self, x, layer, index, rows):
        """An LSTM operator over one step of `x` [1, rows, I]; gives its output, [1, rows, H]."""
        w_ih, w_hh, bias = layer
        units = w_hh.shape[1]
        state = (1, rows, units)
        h, c = self.input(f"h{index}", *state), self.input(f"c{index}", *state)
        bias = np.concatenate([operator_order(bias), np.zeros(4 * units, np.float32)])
        weights = [operator_order(w_ih), operator_order(w_hh), bias]
        weights = [self.constant(values[None]) for values in weights]
        _, h, c = self.op("LSTM", x, *weights, "", h, c, outputs=3, hidden_size=units)
        self.output(h, f"h{index}_out", *state)
        self.output(c, f"c{index}_out", *state)
        return h


def operator_order(weights):
    """Gates i, f, g, o as the operator wants them: i, o, f, g."""
    i, f, g, o = np.split(weights, 4)
    return np.concatenate([i, o, f, g])


def sigmoids_first(weights):
    """Gates i, f, g, o as i, f, o, g, so that one sigmoid serves three."""
    i, f, g, o = np.split(weights, 4)
    return np.concatenate([i, f, o, g])


def time_graph(network):
    graph = Graph()
    below = graph.input("x", 1, network.keys, 80)
    for index in range(len(network.time)):
        below = graph.lstm(below, network.layer(f"time.{index}"), index, network.keys)
    return graph.build("time")


def projection_graph(network):
    w_ih, _, bias = network.layer("note.0")
    width, gates = network.time[-1], len(bias)
    graph = Graph()
    u = graph.input("u", network.keys, width)
    weights = [sigmoids_first(w_ih[:, :width]).T, sigmoids_first(bias)]
    product = graph.op("Gemm", u, *[graph.constant(values) for values in weights])
    graph.output(product, "projection", network.keys, gates)
    return graph.build("projection")


def first_layer(graph, network):
    """The note stack's first layer for one key, given its projection; output [1, 1, H]."""
    w_ih, w_hh, _ = network.layer("note.0")
    units = network.note[0]
    h, c = graph.input("h0", 1, units), graph.input("c0", 1, units)
    weights = np.concatenate([w_ih[:, network.time[-1] :], w_hh], axis=1)
    known = graph.op("Concat", "bits", h, axis=1)
    z = graph.op("Gemm", known, graph.constant(sigmoids_first(weights).T), "projection")
    parts = graph.constant(np.array([3 * units, units]))
    z, g = graph.op("Split", z, parts, outputs=2, axis=1)
    i, f, o = graph.op("Split", graph.op("Sigmoid", z), outputs=3, axis=1, num_outputs=3)
    c = graph.op("Add", graph.op("Mul", f, c), graph.op("Mul", i, graph.op("Tanh", g)))
    h = graph.op("Mul", o, graph.op("Tanh", c))
    graph.output(h, "h0_out", 1, units)
    graph.output(c, "c0_out", 1, units)
    return graph.op("Unsqueeze", h, graph.constant(np.array([0])))


def loop_graph(network, task):
    gates = 4 * network.note[0]
    body = Graph()
    body.input("bits", 1, 2)
    # States first, among inputs and outputs alike, then what is scanned: the form of a `Scan`.
    body.outputs.append(helper.make_tensor_value_info("bits_out", F32, (1, 2)))
    top = first_layer(body, network)
    for index in range(1, len(network.note)):
        top = body.lstm(top, network.layer(f"note.{index}"), index, 1)
    states = len(body.inputs)
    shapes = [[d.dim_value for d in state.type.tensor_type.shape.dim] for state in body.inputs]
    body.input("projection", gates)
    body.input("uniforms", 2)
    # Temperature divides the logits: it costs nothing when the head is divided beforehand.
    head = [network.tensors[name].T / task.temperature for name in ("head.weight", "head.bias")]
    head = [body.constant(values.astype(np.float32)) for values in head]
    top = body.op("Squeeze", top, body.constant(np.array([0])))
    chances = body.op("Sigmoid", body.op("Gemm", top, *head))
    hits = body.op("Cast", body.op("Less", "uniforms", chances), to=F32)
    # (play, articulate) times (play, play): none is struck that does not play.
    plays = body.op("Gather", hits, body.constant(np.array([0, 0])), axis=1)
    bits = body.op("Mul", hits, plays)
    body.nodes.append(helper.make_node("Identity", [bits], ["bits_out"]))
    body.output(bits, "chosen", 1, 2)

    graph = Graph()
    zeros = [graph.constant(np.zeros(shape, np.float32)) for shape in shapes]
    rows = [graph.input("projection", network.keys, gates), graph.input("uniforms", network.keys, 2)]
    backwards = int(network.down)
    results = graph.op(
        "Scan", *zeros, *rows, outputs=states + 1, body=body.build("key"), num_scan_inputs=2,
        scan_input_directions=[backwards] * 2, scan_output_directions=[backwards],
    )
    graph.output(results[-1], "chosen", network.keys, 1, 2)
    return graph.build("loop")


def session(graph):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)


def bound(of, arrays):
    """A run of a session with every input and output bound to the memory of an array."""
    binding = of.io_binding()
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    for node in of.get_inputs():
        binding.bind_ortvalue_input(node.name, value(arrays[node.name]))
    for node in of.get_outputs():
        binding.bind_ortvalue_output(node.name, value(arrays[node.name]))
    return lambda: of.run_with_iobinding(binding)


class Engine:
    def __init__(self, network, task):
        self.features = Features(network)
        keys = network.keys
        zeros = lambda *shape: np.zeros(shape, np.float32)
        # Two sets of states: each step reads one and writes the other.
        self.states = [
            {f"{part}{n}": zeros(1, keys, units) for n, units in enumerate(network.time) for part in "hc"}
            for _ in range(2)
        ]
        projection = zeros(keys, 4 * network.note[0])
        self.uniforms, self.chosen = zeros(keys, 2), zeros(keys, 1, 2)
        time, product = session(time_graph(network)), session(projection_graph(network))
        x = self.features.rows[None]
        top = f"h{len(network.time) - 1}"
        self.turns = []
        for old, new in (self.states, self.states[::-1]):
            written = {name + "_out": array for name, array in new.items()}
            feed = bound(time, {"x": x, **old, **written})
            project = bound(product, {"u": new[top][0], "projection": projection})
            self.turns.append((feed, project))
        loop = {"projection": projection, "uniforms": self.uniforms, "chosen": self.chosen}
        self.loop = bound(session(loop_graph(network, task)), loop)
        self.turn = 0

    def reset(self):
        self.turn = 0
        for array in self.states[0].values():
            array[:] = 0

    def feed(self):
        self.turns[self.turn][0]()
        self.turn = 1 - self.turn

    def project(self):
        self.turns[1 - self.turn][1]()

    def choose(self, uniforms):
        self.uniforms[:] = uniforms
        self.loop()
        return self.chosen[:, 0].copy()


def main():
    network, task = Network(sys.argv[1]), Task(sys.argv[2])
    serve(onnxruntime.__version__, network, task, Engine(network, task))


if __name__ == "__main__":
    main()
