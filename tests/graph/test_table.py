"""A graph as a table."""

import numpy as np

import tinygrad_rnn as tg


def lines(*outputs):
    return str(tg.Graph(outputs)).splitlines()


def test_a_line_for_each_node():
    W, h = tg.parameter(np.ones((2, 2)), label="W"), tg.tensor(np.ones((16, 2)), label="h_2")
    with tg.step(3), tg.scope("cell"):
        a = h @ W
        a.label = "a_3"
        h = tg.tanh(a)
        h.label = "h_3"
    assert lines(h) == [
        "W = parameter          (2, 2) float64",
        "h_2 = constant         (16, 2) float64",
        "a_3 = matmul(h_2, W)   (16, 2) float64   step 3 cell",
        "h_3 = tanh(a_3)        (16, 2) float64   step 3 cell",
    ]


def test_nodes_without_a_label_of_their_own_are_numbered():
    a, b = tg.tensor(1.0, label="x"), tg.tensor(1.0, label="x")
    assert lines(a * b) == [
        "x%0 = constant            () float64",
        "x%1 = constant            () float64",
        "%2 = multiply(x%0, x%1)   () float64",
    ]


def test_attributes_are_short():
    x = tg.tensor(np.ones((3, 4)), label="x")
    made = [x[1:, ::2], x[..., None], x[[0, 2]], x.astype(np.float32), x[0], x.sum(axis=1), x[-1:]]
    assert [line.split("   ")[0] for line in lines(*made)[1:]] == [
        "%1 = getitem(x, index=(1:, ::2))",
        "%2 = getitem(x, index=(..., None))",
        "%3 = getitem(x, index=int64[2])",
        "%4 = astype(x, dtype=float32)",
        "%5 = getitem(x, index=0)",
        "%6 = sum(x, axis=(1,), keepdims=False)",
        "%7 = getitem(x, index=-1:)",
    ]


def test_many_operands_are_left_out():
    xs = [tg.tensor([1.0], label=f"x_{t}") for t in range(1, 10)]
    assert lines(tg.stack(xs))[-1].startswith("%9 = stack(x_1, x_2, x_3, x_4, …, x_9, axis=0) ")


def test_the_whole_graph_is_printed_and_its_repr_is_short():
    y = tg.tensor(1.0)
    for _ in range(2000):
        y = -y
    graph = tg.Graph(y)
    assert len(str(graph).splitlines()) == 2001
    assert repr(graph) == "<graph of negative (): 2001 nodes, 0 parameters, 0 time steps>"


def test_a_long_label_moves_its_own_line_alone():
    x, y = tg.tensor(1.0, label="x"), tg.tensor(1.0, label="y" * 200)
    assert lines(x, y) == [f"{'x = constant':80}   () float64", f"{'y' * 200} = constant   () float64"]
