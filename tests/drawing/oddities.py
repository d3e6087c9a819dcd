"""Graphs that are hard to draw, each as a function without arguments that gives what to draw."""

import itertools

import numpy as np

import tinygrad_rnn as tg
from tests.drawing.cells import chain, elman, lstm, named, squared_error, weights, zeros

ODDITIES = {}


def odd(build):
    """Put a graph on the list."""
    ODDITIES[build.__name__.replace("_", " ")] = build
    return build


def x_at(t, size=2):
    return tg.tensor(np.ones(size), label=f"x_{t}")


# ---------------------------------------------------------------------- steps


@odd
def one_step():
    return elman(1)


@odd
def two_steps():
    return elman(2)


@odd
def steps_from_minus_three():
    return chain(range(-3, 2))


@odd
def steps_with_holes():
    return chain([0, 10, 20])


@odd
def many_steps_with_holes():
    return chain([0, 10, 20, 21, 22, 30, 31, 32, 33, 34, 50, 60, 70, 71])


@odd
def long_names():
    """Values and weights whose names are sentences."""
    W, state = weights(2, 2, label="a very long weight name indeed"), zeros(2, "the initial state")
    for t in range(1, 4):
        with tg.step(t):
            x = tg.tensor(np.ones(2), label=f"input at time {t}")
            state = named(f"state at time {t}", tg.tanh(tg.linear(state, W) + x))
    return state


@odd
def two_layers_of_the_librarys_gru():
    return list(tg.nn.GRU(2, 3, num_layers=2).unroll(np.ones((3, 2))).graph.outputs)


@odd
def three_layers_in_both_directions():
    return list(tg.nn.LSTM(2, 3, num_layers=3, bidirectional=True).unroll(np.ones((3, 2))).graph.outputs)


@odd
def three_states():
    """Each of three values is carried, and read by the others."""
    U, V, W = (weights(2, 2, label=name) for name in "UVW")
    a, b, c = (zeros(2, f"{name}_0") for name in "abc")
    for t in range(1, 9):
        with tg.step(t):
            a = named(f"a_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(a, W) + c))
            b = named(f"b_{t}", tg.sigmoid(tg.linear(a, V) + b))
            c = named(f"c_{t}", a * b + c)
    return c


@odd
def the_state_before_and_the_one_three_steps_before():
    U, V, W = (weights(2, 2, label=name) for name in "UVW")
    states = [zeros(2, f"h_{k}") for k in (-2, -1, 0)]
    for t in range(1, 9):
        with tg.step(t):
            both = tg.linear(states[-1], W) + tg.linear(states[-3], V)
            states.append(named(f"h_{t}", tg.tanh(both + tg.linear(x_at(t), U))))
    return states[-1]


@odd
def only_inputs_marked():
    """The inputs alone are made in their steps."""
    U, W, s = weights(3, 2, label="U"), weights(3, 3, label="W"), zeros(3, "s_0")
    xs = []
    for t in range(1, 5):
        with tg.step(t):
            xs.append(x_at(t))
    for x in xs:
        s = tg.tanh(tg.linear(x, U) + tg.linear(s, W))
    return s.sum()


@odd
def first_step_different():
    U, W, s = weights(3, 2, label="U"), weights(3, 3, label="W"), None
    for t in range(1, 5):
        with tg.step(t):
            a = tg.linear(x_at(t), U)
            s = named(f"s_{t}", tg.tanh(a if s is None else a + tg.linear(s, W)))
    return s.sum()


@odd
def loss_every_second_step():
    V, total = weights(1, 3, label="V"), 0.0
    U, W, s = weights(3, 2, label="U"), weights(3, 3, label="W"), zeros(3, "s_0")
    for t in range(1, 7):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(s, W)))
            if t % 2 == 0:
                total = total + squared_error(named(f"y_{t}", tg.linear(s, V)), t)
    return total


@odd
def steps_with_nothing_in_common(steps=5):
    functions = [tg.tanh, tg.exp, tg.sigmoid, tg.cos, tg.sin, tg.relu, tg.softplus, tg.log_softmax]
    a = weights(3, label="a")
    for t in range(1, steps + 1):
        with tg.step(t):
            for k in range(4):
                a = functions[(5 * t + k * t * t) % 8](a)
            if t % 2:
                a = a * tg.tensor(np.ones(3), label=f"q_{t}")
            if t == 3:
                a = a.reshape(3, 1) @ a.reshape(1, 3)
            a = named(f"a_{t}", a)
    return a.sum()


@odd
def many_steps_with_nothing_in_common():
    return steps_with_nothing_in_common(20)


@odd
def a_mask_in_every_step():
    random = np.random.default_rng(0)
    U, W, s = weights(3, 2, label="U"), weights(3, 3, label="W"), zeros(3, "s_0")
    for t in range(1, 5):
        with tg.step(t):
            a = tg.linear(x_at(t), U) + tg.linear(s, W)
            s = named(f"s_{t}", tg.where(random.random(3) > 0.5, tg.tanh(a), 0.0))
    return s


# ---------------------------------------------------------------------- what is carried


@odd
def a_value_skips_a_step(steps=5):
    U, W, V = weights(3, 2, label="U"), weights(3, 3, label="W"), weights(3, 3, label="V")
    s = [zeros(3, "s_-1"), zeros(3, "s_0")]
    for t in range(1, steps + 1):
        with tg.step(t):
            a = tg.linear(x_at(t), U) + tg.linear(s[-1], W) + tg.linear(s[-2], V)
            s.append(named(f"s_{t}", tg.tanh(a)))
    return s[-1].sum()


@odd
def a_value_skips_a_step_many_times():
    return a_value_skips_a_step(20)


@odd
def the_first_state_is_read_at_the_end():
    W, s, first = weights(3, 3, label="W"), zeros(3, "s_0"), None
    for t in range(1, 6):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W)))
            first = s if first is None else first
    with tg.step(5):
        return (s + first).sum()


@odd
def both_directions(steps=4):
    W, U, V = weights(3, 3, label="W"), weights(3, 2, label="U"), weights(3, 3, label="V")
    B, C = weights(3, 2, label="B"), weights(1, 6, label="C")
    f, b, xs, fs, bs, total = zeros(3, "f_0"), zeros(3, "b_T"), {}, {}, {}, tg.tensor(0.0)
    for t in range(1, steps + 1):
        with tg.step(t):
            xs[t] = x_at(t)
            fs[t] = f = named(f"f_{t}", tg.tanh(tg.linear(xs[t], U) + tg.linear(f, W)))
    for t in range(steps, 0, -1):
        with tg.step(t):
            bs[t] = b = named(f"b_{t}", tg.tanh(tg.linear(xs[t], B) + tg.linear(b, V)))
    for t in range(1, steps + 1):
        with tg.step(t):
            total = total + squared_error(named(f"y_{t}", tg.linear(tg.concatenate([fs[t], bs[t]]), C)), t)
    return named("L", total)


@odd
def both_directions_for_long():
    return both_directions(20)


@odd
def encoder_and_decoder(follows=False):
    """Two time lines; the decoder counts its steps from 1, or goes on where the encoder stops."""
    W, U, V = weights(3, 3, label="W"), weights(3, 2, label="U"), weights(3, 3, label="V")
    B, C = weights(3, 2, label="B"), weights(2, 3, label="C")
    s, y, ys = zeros(3, "s_0"), zeros(2, "<go>"), []
    for t in range(1, 4):
        with tg.step(t), tg.scope("encoder"):
            s = named(f"s_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(s, W)))
    for t in range(4, 7) if follows else range(1, 4):
        with tg.step(t), tg.scope("decoder"):
            s = named(f"d_{t}", tg.tanh(tg.linear(y, B) + tg.linear(s, V)))
            y = named(f"y_{t}", tg.linear(s, C))
            ys.append(y)
    return ys


@odd
def decoder_after_encoder():
    return encoder_and_decoder(follows=True)


@odd
def attention():
    W, U, Q, s, states = weights(3, 3, label="W"), weights(3, 2, label="U"), weights(3, 3, label="Q"), zeros(3), []
    for t in range(1, 4):
        with tg.step(t), tg.scope("encoder"):
            s = named(f"s_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(s, W)))
            states.append(s)
    H, q = tg.stack(states), s
    for t in range(1, 4):
        with tg.step(t), tg.scope("decoder"):
            q = named(f"q_{t}", tg.tanh(tg.linear(tg.softmax(H @ q) @ H, Q)))
    return q


@odd
def attention_at_each_step_of_a_decoder(length=3, steps=3):
    """Each step of the decoder reads all states of the encoder."""
    W, U, A, V, C = (weights(3, 3, label=label) for label in "WUAVC")
    s, states, made = zeros(3, "h_0"), [], []
    for t in range(1, length + 1):
        with tg.step(t), tg.scope("encoder"):
            s = named(f"h_{t}", tg.tanh(tg.linear(x_at(t, 3), U) + tg.linear(s, W)))
            states.append(s)
    for t in range(1, steps + 1):
        with tg.step(length + t), tg.scope("decoder"):
            H = tg.stack(states)
            scores = named(f"α_{t}", tg.softmax(H @ tg.linear(s, A)))
            context = named(f"c_{t}", scores @ H)
            s = named(f"s_{t}", tg.tanh(tg.linear(context, C) + tg.linear(s, V)))
            made.append(s)
    return made


@odd
def long_attention():
    return attention_at_each_step_of_a_decoder(6, 5)


@odd
def one_summary_for_all_later_steps():
    """A sequence is read to its end; each step of what follows reads the one summary of it."""
    W, U, C, V = (weights(3, 3, label=label) for label in "WUCV")
    s, ys = zeros(3, "h_0"), []
    for t in range(1, 4):
        with tg.step(t):
            s = named(f"h_{t}", tg.tanh(tg.linear(x_at(t, 3), U) + tg.linear(s, W)))
    with tg.step(3):
        summary, s = named("c", tg.tanh(s * 2.0)), zeros(3, "d_0")
    for t in range(4, 8):
        with tg.step(t):
            s = named(f"d_{t}", tg.tanh(tg.linear(summary, C) + tg.linear(s, V)))
            ys.append(s)
    return ys


@odd
def every_step_reads_all_before(steps=4):
    keys, ys = [], []
    for t in range(1, steps + 1):
        with tg.step(t):
            keys.append(named(f"k_{t}", tg.tanh(x_at(t))))
    for t in range(1, steps + 1):
        with tg.step(t):
            ys.append(named(f"y_{t}", sum((keys[k] * keys[t - 1]).sum() for k in range(t))))
    return ys


@odd
def every_one_of_nine_steps_reads_all_before():
    return every_step_reads_all_before(9)


@odd
def values_change_places():
    a, b = zeros(3, "a"), zeros(3, "b")
    for t in range(1, 5):
        with tg.step(t):
            a, b = named(f"a_{t}", tg.tanh(b)), named(f"b_{t}", tg.exp(a) + b)
    return [a, b]


@odd
def without_labels():
    U, W = weights(3, 2), weights(3, 3)
    s, r = zeros(3), zeros(3)
    for t in range(1, 5):
        with tg.step(t):
            s, r = tg.tanh(tg.linear(tg.tensor(np.ones(2)), U) + tg.linear(s, W) * r), tg.exp(r * s)
    return [s, r]


@odd
def a_way_around_the_nonlinearity():
    W, s = weights(3, 3, label="W"), zeros(3, "s_0")
    for t in range(1, 4):
        with tg.step(t):
            a = tg.linear(s, W) + x_at(t, 3)
            s = named(f"s_{t}", tg.tanh(a) + a)
    return s


# ---------------------------------------------------------------------- what stands outside the steps


@odd
def a_sequence_as_one_tensor():
    xs = tg.tensor(np.zeros((4, 2)), label="xs")
    return tg.nn.ElmanRNN(2, 3, 2).unroll(xs, np.ones((4, 2)))


@odd
def a_sum_of_what_runs_back():
    a, values = tg.tensor(np.ones(2), label="c"), []
    for t in (23, 19, 17, 13, 7, 4, -3):
        with tg.step(t):
            a = tg.cos(a)
            values.append(a)
    return sum(values)


@odd
def what_runs_back_stacked():
    a, values = tg.tensor(np.ones(2), label="c"), []
    for t in range(7, 0, -1):
        with tg.step(t):
            a = named(f"a_{t}", tg.cos(a))
            values.append(a)
    return tg.stack(values).sum()


@odd
def losses_stacked_at_the_end(steps=4):
    U, W, s, losses = weights(3, 2, label="U"), weights(3, 3, label="W"), zeros(3, "s_0"), []
    for t in range(1, steps + 1):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(s, W)))
            losses.append(named(f"L_{t}", tg.square(s).sum()))
    return named("L", tg.stack(losses).mean())


@odd
def many_losses_stacked_at_the_end():
    return losses_stacked_at_the_end(20)


@odd
def losses_summed_at_the_end():
    U, W, s, losses = weights(3, 2, label="U"), weights(3, 3, label="W"), zeros(3, "s_0"), []
    for t in range(1, 6):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(x_at(t), U) + tg.linear(s, W)))
            losses.append(named(f"L_{t}", tg.square(s).sum()))
    return named("L", sum(losses) / 5)


@odd
def regularised():
    net = tg.nn.ElmanRNN(2, 3, 2)
    run = net.unroll(np.zeros((3, 2)), np.ones((3, 2)))
    return named("J", run.loss + 0.01 * tg.square(net.parameters["W_hh"]).sum())


@odd
def a_learned_initial_state():
    return elman(3, initial_state=tg.parameter(np.zeros(3), label="h_0"))


@odd
def a_computed_initial_state():
    h_0 = tg.tanh(tg.linear(tg.tensor(np.ones(4), label="z"), weights(3, 4, label="A")))
    return elman(3, initial_state=named("h_0", h_0))


@odd
def copies_of_the_parameters():
    return elman(3, copies=True)


@odd
def computed_weights():
    """Shared by all steps, but no leaves."""
    W, U = weights(3, 3, label="W"), weights(2, 3, label="U")
    turned, scaled, s = W.T, U / tg.sqrt(tg.square(U).sum()), zeros(3, "s_0")
    for t in range(1, 4):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(x_at(t) @ scaled + s @ turned))
    return s.sum()


@odd
def outputs_alone():
    return elman(4, targets=False)


@odd
def only_the_last_output():
    return chain(range(1, 5), end=lambda s: named("L", tg.square(tg.linear(s, weights(1, 3, label="V"))).sum()))


@odd
def a_leaf_read_by_two_of_six_steps():
    W, s, c = weights(3, 3, label="W"), zeros(3, "s_0"), tg.tensor(np.ones(3), label="c")
    for t in range(1, 7):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W) * (c if t in (2, 5) else x_at(t, 3))))
    return s


@odd
def leaves_read_outside_their_steps():
    xs, ys = [], []
    for t in range(1, 5):
        with tg.step(t):
            xs.append(x_at(t))
            ys.append(tg.tensor(np.ones(2), label=f"y_{t}"))
    return tg.stack(xs) * tg.stack(ys)


@odd
def an_input_read_a_step_later():
    U, V, W, s = weights(3, 2, label="U"), weights(3, 2, label="V"), weights(3, 3, label="W"), zeros(3, "s_0")
    before = zeros(2, "x_0")
    for t in range(1, 5):
        with tg.step(t):
            x = x_at(t)
            s = named(f"s_{t}", tg.tanh(tg.linear(x, U) + tg.linear(s, W) + tg.linear(before, V)))
            before = x
    return s


@odd
def inputs_read_only_a_step_later():
    W, s, before = weights(3, 3, label="W"), zeros(3, "s_0"), zeros(3, "x_0")
    for t in range(1, 5):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(tg.linear(s, W) + before))
            before = x_at(t, 3)
    return [s, before]


@odd
def twelve_inputs_in_every_step():
    s = zeros(3, "s_0")
    for t in range(1, 4):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(sum(tg.exp(tg.tensor(np.ones(3), label=f"x{k}_{t}")) * s for k in range(12))))
    return s


@odd
def the_gradient_of_an_unrolled_network():
    run = elman(3)
    return list(tg.grad(run.loss, [*tg.Graph(run.loss).parameters], create_graph=True))


@odd
def the_gradient_of_a_long_network():
    run = elman(20)
    return list(tg.grad(run.loss, [*tg.Graph(run.loss).parameters], create_graph=True))


@odd
def the_gradient_of_an_lstm():
    loss = lstm(3)
    return list(tg.grad(loss, [*tg.Graph(loss).parameters], create_graph=True))


# ---------------------------------------------------------------------- several ways from one value to another


@odd
def gates_by_hand():
    """A gate without a name: two ways lead from one state to the next."""
    W, V, U, h = weights(3, 3, label="W"), weights(3, 3, label="V"), weights(3, 2, label="U"), zeros(3, "h_0")
    for t in range(1, 5):
        with tg.step(t):
            h = named(f"h_{t}", tg.tanh(W @ h + U @ x_at(t)) * tg.sigmoid(V @ h))
    return h


@odd
def leaky_units():
    """A leaky reservoir, and the mean of its losses."""
    W, U, V, h = weights(3, 3, label="W"), weights(3, 2, label="U"), weights(1, 3, label="V"), zeros(3, "h_0")
    losses = []
    for t in range(1, 5):
        with tg.step(t):
            h = named(f"h_{t}", 0.7 * h + 0.3 * tg.tanh(W @ h + U @ x_at(t)))
            losses.append(squared_error(named(f"y_{t}", V @ h), t))
    return named("L", sum(losses) / 4)


@odd
def gated_units_without_names():
    """A GRU of which only the states have names, with an input of its own for each gate."""
    W, U = ({gate: weights(3, size, label=f"{name}_{gate}") for gate in "zrn"} for name, size in (("W", 3), ("U", 2)))
    h = zeros(3, "h_0")
    for t in range(1, 4):
        with tg.step(t):
            z, r = (tg.sigmoid(W[gate] @ h + U[gate] @ x_at(t)) for gate in "zr")
            h = named(f"h_{t}", z * h + (1 - z) * tg.tanh(W["n"] @ (r * h) + U["n"] @ x_at(t)))
    return h


@odd
def gates_without_names():
    """An LSTM of which only the states have names."""
    W, U = ({gate: weights(3, size, label=f"{name}_{gate}") for gate in "ifgo"} for name, size in (("W", 3), ("U", 2)))
    h, c = zeros(3, "h_0"), zeros(3, "c_0")
    for t in range(1, 4):
        with tg.step(t):
            x = x_at(t)
            i, f, g, o = (W[gate] @ h + U[gate] @ x for gate in "ifgo")
            c = named(f"c_{t}", tg.sigmoid(f) * c + tg.sigmoid(i) * tg.tanh(g))
            h = named(f"h_{t}", tg.sigmoid(o) * tg.tanh(c))
    return h


# ---------------------------------------------------------------------- what all steps lead to


def _states_and_outputs():
    W, V, h, states, outputs = weights(3, 3, label="W"), weights(2, 3, label="V"), zeros(3, "h_0"), [], []
    for t in range(1, 5):
        with tg.step(t):
            states.append(h := named(f"h_{t}", tg.tanh(tg.linear(h, W) + x_at(t, 3))))
            outputs.append(named(f"y_{t}", tg.linear(h, V)))
    return states, outputs


@odd
def all_states_and_outputs_read_at_the_end():
    states, outputs = _states_and_outputs()
    return named("L", tg.square(tg.stack(states)).sum() + tg.square(tg.stack(outputs)).sum())


@odd
def a_state_and_an_output_read_at_the_end():
    states, outputs = _states_and_outputs()
    return named("L", tg.stack([states[2].sum(), outputs[3].sum()]).sum())


# ---------------------------------------------------------------------- without steps


@odd
def one_node():
    return tg.tensor(3.0)


@odd
def one_node_of_a_step():
    with tg.step(5):
        return tg.tensor(3.0, label="x")


@odd
def only_leaves():
    return [tg.tensor(1.0), weights(3, label="w"), tg.tensor([1.0, 2.0])]


@odd
def only_leaves_of_steps():
    leaves = []
    for t in range(3):
        with tg.step(t):
            leaves += [tg.tensor(1.0, label=f"x_{t}"), tg.tensor(2.0)]
    return leaves


@odd
def the_same_node_twice():
    a = weights(3, label="a")
    return a * a


@odd
def the_same_output_twice():
    a = tg.exp(weights(3, label="a"))
    return [a, a]


@odd
def a_diamond():
    b = tg.exp(weights(3, label="a"))
    return tg.sin(b) * tg.cos(b)


@odd
def several_outputs():
    a, b = weights(3, label="a"), weights(3, label="b")
    return [a * b, tg.exp(a), tg.sin(b).sum()]


@odd
def numbers():
    return tg.tensor(2.0) * tg.tensor(3) + 1


@odd
def words_looked_up():
    """A language model whose one table gives the inputs and the scores; each loss reads one entry."""
    E, W, s = weights(4, 3, label="E"), weights(3, 3, label="W"), zeros(3, "s_0")
    words, losses = [0, 2, 1, 3], []
    for t, (word, following) in enumerate(itertools.pairwise(words), start=1):
        with tg.step(t):
            s = named(f"s_{t}", tg.tanh(E[word] + tg.linear(s, W)))
            losses.append(named(f"L_{t}", -tg.log_softmax(tg.linear(s, E))[following]))
    return named("L", sum(losses))
