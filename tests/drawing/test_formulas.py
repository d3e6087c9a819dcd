"""The formulas of the operations: one for each of the library's, and what they say is what it computes."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.ops.test_table import TABLE
from tinygrad_rnn.drawing.basics.label import shorten
from tinygrad_rnn.drawing.formulas import FORMULAS, INDICES, find_formula, formula_name
from tinygrad_rnn.drawing.scene.glyphs import index_text
from tinygrad_rnn.ops import OPERATIONS
from tinygrad_rnn.ops.declaration import declare

X = np.array([[0.5, 1.25, 2.0], [0.75, 1.5, 0.25]])


def nodes_of(line):
    """What a line of the table makes nodes of, and its gradients as nodes."""
    inputs = [tg.parameter(array) for array in line.draw()]
    output = line.function(*inputs)
    gradients = tg.grad(
        output, inputs, gradient=np.linspace(-1, 2, output.size).reshape(output.shape), create_graph=True
    )
    return [node for node in tg.Graph([output, *gradients]).nodes if node.op is not None]


def more_nodes():
    """Operations that no line of the table makes a node of, and other forms of some."""
    x = tg.parameter(X)
    return [
        OPERATIONS["astype_discrete"](x, dtype=np.dtype(int)), tg.linear(x[0], tg.parameter(X)),
        tg.linear(x[0], tg.parameter(X), tg.parameter(X[:, 0])), tg.linear(x[None], tg.parameter(X), x[:, 1]),
        tg.einsum("ij,ij->", x, x), tg.einsum("ij,kl->kj", x, x), tg.einsum("a...,...b", x, x[0, :, None]),
    ]  # fmt: skip


NODES = [node for line in TABLE for node in nodes_of(line)] + more_nodes()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_formula(name):
    nodes = [node for node in NODES if node.op.name == name]
    assert nodes
    for node in nodes:
        formula = find_formula(node)
        assert "∂" not in "".join(formula.rules)
        if formula.operands:
            assert len(formula.operands) == len(node.inputs)
            assert formula.value != name
        if node.op.differentiable:
            assert len(formula.rules) == (len(node.inputs) if formula.operands else 1)


def test_no_formula_is_without_an_operation():
    assert FORMULAS.keys() <= {formula_name(node) for node in NODES}


# ---------------------------------------------------------------------- what formulas say


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_formulas_say_what_is_computed(name):
    for node in [node for node in NODES if node.op.name == name]:
        formula, letters = find_formula(node), letters_of(node)
        check(formula.value, letters, node.data)
        if node.op.differentiable and node.requires_grad:
            g = np.linspace(-1, 2, node.size).reshape(node.shape)
            event = next(iter(tg.trace_backward(node, g)))
            assert event.node is node
            for operand, given in enumerate(event.contributions):
                if given is not None:
                    rule = formula.rules[operand if formula.operands else 0]
                    check(rule, letters_of(node, g, operand), given)


def check(text, letters, expected):
    """A formula says these numbers, but for the sum over what broadcasting repeated."""
    found = np.asarray(say(text, letters), dtype=float)
    if found.size != expected.size:
        extra = found.ndim - expected.ndim
        repeated = [k for k in range(found.ndim) if k < extra or found.shape[k] != expected.shape[k - extra]]
        found = (
            found.sum(axis=tuple(repeated)) if found.size > expected.size else np.broadcast_to(found, expected.shape)
        )
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-9, atol=1e-12, err_msg=text)


def letters_of(node, g=None, operand=None):
    """What the letters of a node's formula stand for, and what else a reader knows: its settings and shapes.

    In matrix products vectors are columns, and what is over whole axes has these with length 1.
    """
    formula, arrays, settings = find_formula(node), [np.asarray(array) for array in node.arrays], node.attributes
    y = node.data
    if "axis" in settings and "keepdims" in settings:
        shape = np.sum(arrays[0], axis=settings["axis"], keepdims=True).shape
        y, g = y.reshape(shape), g if g is None else g.reshape(shape)
    if node.op.name == "matmul" or (node.op.name == "linear" and node.inputs[0].ndim == 1):
        arrays, (y, g) = [column(array) for array in arrays], [column(array) for array in (y, g)]
    if node.op.name == "linear" and node.inputs[0].ndim > 2:
        arrays[0], y, g = (a if a is None else a.reshape(-1, a.shape[-1]) for a in (arrays[0], y, g))
    named = dict(zip(formula.operands, arrays, strict=False))
    return SimpleNamespace(**{"x": None, **named}, y=y, g=g, settings=settings, arrays=arrays, operand=operand)


def column(array):
    return array[:, None] if array is not None and array.ndim == 1 else array


def say(text, at):
    """The numbers that a formula stands for: by a reading of its own, as cases, as sums of products, or as Python."""
    if text in READINGS:
        return READINGS[text](at)
    if cases := re.fullmatch("(.*?) where (.*?), else (.*)", text):
        then, condition, otherwise = (say(part, at) for part in cases.groups())
        return np.where(condition, then, otherwise)
    if "inputs" in at.settings:
        return sum_products(text, at)
    if "index" in at.settings:
        index = f"[{shorten(index_text(at.settings['index']))}]"
        assert text == (f"x{index}" if at.g is None else f"ȳ at {index}, 0 elsewhere")
        return at.x[at.settings["index"]] if at.g is None else scattered(at, at.g)
    for pattern, replacement in PYTHON:
        text = re.sub(pattern, replacement, text)
    return eval(text, {"__builtins__": {}}, functions_over(at.settings.get("axis")) | vars(at))


def functions_over(axis):
    """The functions of formulas, where those over whole axes are over these."""
    axes = {"axis": axis, "keepdims": True}
    return FUNCTIONS | {
        "Σ": lambda x: np.sum(x, **axes), "Π": lambda x: np.prod(x, **axes), "mean": lambda x: np.mean(x, **axes),
        "softmax": lambda x: np.exp(x) / np.exp(x).sum(**axes),
    }  # fmt: skip


def sum_products(text, at):
    """A sum of products such as Σ ȳ[i, k] b[k, j] at [i, j], element by element."""
    product, _, place = text.partition(" at ")
    letters = place[1:-1].split(", ") if place else [INDICES[label] for label in at.settings["output"]]
    letters, shape = ([], ()) if at.operand is not None and not place else (letters, at.y.shape)
    shape = shape if at.operand is None else at.arrays[at.operand].shape
    factors = [
        (getattr(at, "g" if name == "ȳ" else name), indices.split(", ") if indices else [])
        for name, indices in re.findall(r"(ȳ|[a-h])(?:\[(.*?)\])?", product.removeprefix("Σ "))
    ]
    lengths = {}
    for dimensions, names in [(shape, letters), *((array.shape, names) for array, names in factors)]:
        for n, name in zip(dimensions, names, strict=True):
            lengths[name] = max(n, lengths.get(name, 0))
    assert product.startswith("Σ ") == (lengths.keys() > set(letters))
    total = np.zeros(shape)
    for index in itertools.product(*map(range, lengths.values())):
        here = dict(zip(lengths, index, strict=True))
        total[element(here, letters, shape)] += np.prod(
            [array[element(here, names, array.shape)] for array, names in factors]
        )
    return total


def element(here, names, shape):
    """An index; along an axis of length 1, which is repeated, it is 0."""
    return tuple(here[name] if n > 1 else 0 for name, n in zip(names, shape, strict=True))


PYTHON = [
    (r"\^\(", "**("), (r"(\w)⁻¹", r"inv(\1)"), (r"(\w)⁻ᵀ", r"inv(\1)ᵀ"), (r"(\w)⁺", r"pinv(\1)"), ("²", "**2"),
    (r"(\w|\w+\(.\))ᵀ", r"turned(\1)"), ("⊙", "*"), ("−", "-"), ("ȳ", "g"), ("π", "pi"),
    (r"\b(\d+|pi) (?=[a-z])", r"\1 * "), (r"\|(.)\|", r"abs(\1)"), (r"([√∛])(\w)", r"\1(\2)"), ("√", "sqrt"),
    ("∛", "cbrt"), ("⌊(.*?)⌋", r"floor(\1)"), ("⌈(.*?)⌉", r"ceil(\1)"), ("log₂", "log2"), ("log₁₀", "log10"),
    ("([xy]) ln", r"\1 * ln"), (" = ", " == "), (r"(\w+) is finite", r"isfinite(\1)"),
    (r"\b(\w{2,}|Π) ([abxy]|10|2)\b", r"\1(\2)"), (r"Σ (g \* y|g|x|e.*)", r"Σ(\1)"), (r"ln (Σ.*)", r"ln(\1)"),
    (r"\(1 - (turned\(.\) turned\(.\))\)", r"less(\1)"), (r"(?<=[\w)]) (?=[A-Za-z(])", " @ "),
]  # fmt: skip
"""How to read a formula as Python."""

FUNCTIONS = {
    "e": np.e, "ln": np.log, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt, "cbrt": np.cbrt, "pi": np.pi,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan,
    "arctan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arsinh": np.arcsinh,
    "arcosh": np.arccosh, "artanh": np.arctanh, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
    "trunc": np.trunc, "max": np.maximum, "min": np.minimum, "isfinite": np.isfinite, "inv": np.linalg.inv,
    "pinv": np.linalg.pinv, "turned": np.matrix_transpose, "less": lambda a: np.eye(a.shape[-1]) - a,
    "det": np.linalg.det, "σ": lambda x: 1 / (1 + np.exp(-x)),
    "tr": lambda a: np.trace(a, axis1=-2, axis2=-1)[..., None, None],
}  # fmt: skip


# ---------------------------------------------------------------------- readings of what is said in words


def deviation(at):
    return (at.x - at.x.mean(at.settings["axis"], keepdims=True)) / divisor(at)


def divisor(at):
    return at.x.size / at.y.size - at.settings["ddof"]


def variance(at):
    return (deviation(at) * (at.x - at.x.mean(at.settings["axis"], keepdims=True))).sum(at.settings["axis"])


def shared(at):
    ties = at.x == at.y
    return at.g * ties / ties.sum(at.settings["axis"], keepdims=True)


def product_of_others(at):
    """The product over an axis or several, each element of it left out in turn."""
    axes, result = at.settings["axis"], np.empty(at.x.shape)
    for index in np.ndindex(at.x.shape):
        without = at.x.copy()
        without[index] = 1
        here = tuple(slice(None) if axes is None or k in axes else i for k, i in enumerate(index))
        result[index] = without[here].prod()
    return at.g * result


def chained(at, factors, axis=-1):
    """λ[i] = ȳ[i] + factor[i + 1] λ[i + 1], from the last i."""
    g, factors = np.moveaxis(at.g, axis, -1), np.moveaxis(factors, axis, -1)
    result = g.copy()
    for i in reversed(range(g.shape[-1] - 1)):
        result[..., i] += factors[..., i + 1] * result[..., i + 1]
    return np.moveaxis(result, -1, axis)


def before(at, first, axis=-1):
    """y[i − 1], where y[−1] is the first."""
    start = np.full_like(np.take(at.y, [0], axis), first)
    return np.concatenate([start, np.delete(at.y, -1, axis)], axis)


def recurred(at):
    s = [at.b[..., 0]]
    for i in range(1, at.b.shape[-1]):
        s.append(at.a[..., i] * s[-1] + at.b[..., i])
    return np.stack(s, -1)


def on_diagonal(at, part, shape):
    total = np.zeros(shape)
    place = {name: at.settings[name] for name in ("offset", "axis1", "axis2")}
    diagonal = np.diagonal(total, **place)
    diagonal.setflags(write=True)
    diagonal[...] = part
    return total


def diagonal_of(at, x):
    return np.diagonal(x, at.settings["offset"], at.settings["axis1"], at.settings["axis2"])


def cofactors(a):
    return np.linalg.det(a)[..., None, None] * np.linalg.inv(a).mT


def symmetric(a):
    return (a + a.mT) / 2


def diag(s):
    return s[..., None] * np.eye(s.shape[-1])


def gaps(s):
    with np.errstate(divide="ignore"):
        return np.where(np.eye(s.shape[-1]), 0, 1 / (s[..., None, :] - s[..., :, None]))


def of_cholesky(at):
    inside = np.tril(at.y.mT @ at.g) - diag(np.diagonal(at.y.mT @ at.g, axis1=-2, axis2=-1)) / 2
    return symmetric(np.linalg.inv(at.y).mT @ inside @ np.linalg.inv(at.y))


def of_eigh(at):
    w, V, w_bar, V_bar = at.y[..., 0, :], at.y[..., 1:, :], at.g[..., 0, :], at.g[..., 1:, :]
    return symmetric(V @ (diag(w_bar) + gaps(w) * (V.mT @ V_bar)) @ V.mT)


def svd_parts(at, of):
    m = at.a.shape[-2]
    return of[..., :m, :], of[..., m, :], of[..., m + 1 :, :]


def of_svd(at):
    (U, s, V), (U_bar, s_bar, V_bar), F = svd_parts(at, at.y), svd_parts(at, at.g), gaps(svd_parts(at, at.y)[1] ** 2)
    S = diag(s)
    inside = F * (U.mT @ U_bar - U_bar.mT @ U) @ S + diag(s_bar) + S @ (F * (V.mT @ V_bar - V_bar.mT @ V))
    outside_U = (np.eye(U.shape[-2]) - U @ U.mT) @ U_bar @ np.linalg.inv(S) @ V.mT
    outside_V = U @ np.linalg.inv(S) @ V_bar.mT @ (np.eye(V.shape[-2]) - V @ V.mT)
    return U @ inside @ V.mT + outside_U + outside_V


def check_eigh(at):
    w, V = at.y[..., 0, :], at.y[..., 1:, :]
    np.testing.assert_allclose(at.a @ V, V @ diag(w), atol=1e-12)
    return at.y


def check_svd(at):
    U, s, V = svd_parts(at, at.y)
    np.testing.assert_allclose(U @ diag(s) @ V.mT, at.a, atol=1e-12)
    return at.y


def put_at(at, part, indices, shape):
    """Each part added at its index along an axis, one by one."""
    total = np.zeros(shape)
    indices = np.broadcast_to(indices, part.shape)
    for place in np.ndindex(part.shape):
        there = list(place)
        there[at.settings["axis"]] = indices[place]
        total[tuple(there)] += part[place]
    return total


def take_at(at, x):
    axis = at.settings["axis"]
    shape = list(x.shape)
    shape[axis] = at.i.shape[axis]
    return np.take_along_axis(x, np.broadcast_to(at.i, shape), axis)


def in_old_order(at):
    """What each element of the result has, at the place of the element of x that equals it; they are all different."""
    axis = at.settings["axis"]
    x, y, g = (np.moveaxis(array, axis, -1)[..., None] for array in (at.x, at.y, at.g))
    return np.moveaxis((g * (y == x.swapaxes(-1, -2))).sum(-2), -1, axis)


def sinc(x, order):
    """The derivative of sinc by the mean of its integral's form: ∫₀¹ cos(πxu) du, differentiated under it."""
    u, weights = np.polynomial.legendre.leggauss(40)
    u, weights = (u + 1) / 2, weights / 2
    return ((np.pi * u) ** order * np.cos(np.pi * x[..., None] * u + order * np.pi / 2) * weights).sum(-1)


def joined_part(at):
    """The part of ȳ that lies where the operand's elements do."""
    n, shape = at.operand, at.arrays[at.operand].shape
    axis = at.settings["axis"]
    if "starts" not in at.settings:
        return np.take(at.g, n, axis)
    start = sum(array.shape[axis] for array in at.arrays[:n])
    return np.take(at.g, range(start, start + shape[axis]), axis)


def added_up(at):
    total = np.zeros(at.settings["shape"])
    for index, part in zip(at.settings["indices"], at.arrays, strict=True):
        np.add.at(total, index, part)
    return total


def scattered(at, part):
    total = np.zeros(at.x.shape)
    np.add.at(total, at.settings["index"], part)
    return total


def padding(at):
    return [slice(low, low + n) for (low, _), n in zip(at.settings["pad_width"], at.x.shape, strict=True)]


READINGS = {
    # elementwise
    "|a| with the sign of b": lambda at: np.copysign(at.a, at.b),
    "max(a, b) but for NaN": lambda at: np.fmax(at.a, at.b),
    "min(a, b) but for NaN": lambda at: np.fmin(at.a, at.b),
    "sinc⁽ⁿ⁾(x)": lambda at: sinc(at.x, at.settings["order"]),
    "ȳ ⊙ sinc⁽ⁿ⁺¹⁾(x)": lambda at: at.g * sinc(at.x, at.settings["order"] + 1),
    "round x": lambda at: np.round(at.x, at.settings.get("decimals", 0)),
    "x where finite, else replaced": lambda at: np.nan_to_num(at.x, **at.settings),
    # matrices
    "ȳ, summed over its rows": lambda at: at.g.sum(0),
    "ȳ ⊙ cof a": lambda at: at.g[..., None, None] * cofactors(at.a),
    "cof a": lambda at: cofactors(at.a),
    "(sign det a, ln |det a|)": lambda at: np.stack(
        [np.sign(np.linalg.det(at.a)), np.log(np.abs(np.linalg.det(at.a)))], -1
    ),
    "ȳ[1] ⊙ a⁻ᵀ": lambda at: at.g[..., 1, None, None] * np.linalg.inv(at.a).mT,
    "L with L Lᵀ = a": lambda at: np.linalg.cholesky(at.a),
    "sym(y⁻ᵀ Φ(yᵀ ȳ) y⁻¹), where Φ takes the lower triangle and half the diagonal": of_cholesky,
    "(w; V) with a V = V diag w": check_eigh,
    find_formula(tg.linalg.eigh(np.eye(2))[0].inputs[0]).rules[0]: of_eigh,
    "(U; s; V) with a = U diag s Vᵀ": check_svd,
    find_formula(tg.linalg.svdvals(np.eye(2)).inputs[0]).rules[0]: of_svd,
    "diagonal of x": lambda at: diagonal_of(at, at.x),
    "diagonal of ȳ": lambda at: diagonal_of(at, at.g),
    "x on the diagonal, 0 elsewhere": lambda at: on_diagonal(at, at.x, at.settings["shape"]),
    "ȳ on the diagonal, 0 elsewhere": lambda at: on_diagonal(at, at.g, at.x.shape),
    "lower triangle of x": lambda at: np.tril(at.x, at.settings["k"]),
    "lower triangle of ȳ": lambda at: np.tril(at.g, at.settings["k"]),
    "upper triangle of x": lambda at: np.triu(at.x, at.settings["k"]),
    "upper triangle of ȳ": lambda at: np.triu(at.g, at.settings["k"]),
    # over whole axes
    "ȳ, for every element that was summed": lambda at: np.broadcast_to(at.g, at.x.shape),
    "ȳ / n, for every one of n elements": lambda at: np.broadcast_to(at.g * at.y.size / at.x.size, at.x.shape),
    "max x": lambda at: at.x.max(at.settings["axis"]),
    "min x": lambda at: at.x.min(at.settings["axis"]),
    "ȳ where x = y, shared where several are": shared,
    "ȳ times all other elements": product_of_others,
    "Σ (x − mean x)² / (n − ddof)": variance,
    "√(Σ (x − mean x)² / (n − ddof))": lambda at: np.sqrt(variance(at)),
    "2 ȳ ⊙ (x − mean x) / (n − ddof)": lambda at: 2 * at.g * deviation(at),
    "ȳ / y ⊙ (x − mean x) / (n − ddof)": lambda at: at.g / at.y * deviation(at),
    "√(Σ x²)": lambda at: np.sqrt((at.x**2).sum(at.settings["axis"])),
    "(Σ |x|^(p))^(1/p)": lambda at: (
        (np.abs(at.x) ** at.settings["ord"]).sum(at.settings["axis"]) ** (1 / at.settings["ord"])
    ),
    "ȳ ⊙ sign x ⊙ (|x| / y)^(p − 1)": lambda at: (
        at.g * np.sign(at.x) * (np.abs(at.x) / at.y) ** (at.settings["ord"] - 1)
    ),
    "running sum of x": lambda at: np.cumsum(at.x, at.settings["axis"]),
    "running sum of ȳ from its end": lambda at: chained(at, np.ones_like(at.x), at.settings["axis"]),
    "running product of x": lambda at: np.cumprod(at.x, at.settings["axis"]),
    FORMULAS["cumprod"].rules[0]: lambda at: (
        chained(at, at.x, at.settings["axis"]) * before(at, 1, at.settings["axis"])
    ),
    "s[i] = a[i] s[i − 1] + b[i]": recurred,
    FORMULAS["recurrence"].rules[0]: lambda at: chained(at, at.a) * before(at, 0),
    FORMULAS["recurrence"].rules[1]: lambda at: chained(at, at.a),
    # shapes
    "x, reshaped": lambda at: at.x,
    "ȳ, in its old shape": lambda at: at.g,
    "xᵀ": lambda at: at.x.T,
    "ȳᵀ": lambda at: at.g.T,
    "x, axes in another order": lambda at: at.x.transpose(at.settings["axes"]),
    "ȳ, axes in their old order": lambda at: np.moveaxis(at.g, range(at.g.ndim), at.settings["axes"]),
    "x, summed over what was repeated": lambda at: at.x,  # which is how every formula is checked
    "ȳ, repeated": lambda at: np.broadcast_to(at.g, at.x.shape),
    "x, repeated": lambda at: np.broadcast_to(at.x, at.settings["shape"]),
    "ȳ, summed over the repetitions": lambda at: at.g,
    "x, in another dtype": lambda at: at.x.astype(at.settings["dtype"]),
    "ȳ, in its old dtype": lambda at: at.g,
    "x, shifted round": lambda at: np.roll(at.x, at.settings["shift"], at.settings["axis"]),
    "ȳ, shifted back": lambda at: np.roll(at.g, -np.array(at.settings["shift"]), at.settings["axis"]),
    "x, padded": lambda at: np.pad(at.x, at.settings["pad_width"], constant_values=at.settings["constant_values"]),
    "ȳ without the padding": lambda at: at.g[tuple(padding(at))],
    # picking and joining
    "x[i]": lambda at: take_at(at, at.x),
    "ȳ[i]": lambda at: take_at(at, at.g),
    "x added up at i, 0 elsewhere": lambda at: put_at(at, at.x, at.i, at.settings["shape"]),
    "ȳ added up at i, 0 elsewhere": lambda at: put_at(at, at.g, at.i, at.x.shape),
    "x, sorted": lambda at: np.sort(at.x, at.settings["axis"]),
    "order of x": lambda at: np.argsort(at.x, at.settings["axis"], kind="stable"),
    "x, partly sorted": lambda at: np.partition(at.x, at.settings["kth"], at.settings["axis"]),
    "partial order of x": lambda at: np.argpartition(at.x, at.settings["kth"], at.settings["axis"]),
    "ȳ, back in the old order": in_old_order,
    "concatenate": lambda at: np.concatenate(at.arrays, at.settings["axis"]),
    "stack": lambda at: np.stack(at.arrays, at.settings["axis"]),
    "its part of ȳ": joined_part,
    "sum of adjoints": added_up,
    "ȳ at its index": lambda at: at.g[at.settings["indices"][at.operand]],
}


# ---------------------------------------------------------------------- what formulas depend on


@pytest.mark.parametrize("x", [X, X[0]])
def test_the_formula_of_linear_depends_on_its_operands(x):
    W, b = tg.parameter(np.arange(12.0).reshape(4, 3)), tg.parameter(np.arange(4.0))
    x = tg.parameter(x)
    names = [find_formula(tg.linear(x, W, *bias)) for bias in ([], [b])]
    assert names[0] != names[1]
    assert "ᵀ" in names[0].value if x.ndim == 2 else names[0].value == "W x"


@pytest.mark.parametrize(
    ("description", "value", "rules"),
    [
        ("ij,jk->ik", "Σ a[i, j] b[j, k]", ("Σ ȳ[i, k] b[j, k] at [i, j]", "Σ ȳ[i, k] a[i, j] at [j, k]")),
        ("ii->i", "a[i, i]", ("ȳ[i] at [i, i]",)),
        ("ij->", "Σ a[i, j]", ("ȳ at [i, j]",)),
        (",i->i", "a b[i]", ("Σ ȳ[i] b[i]", "ȳ[i] a at [i]")),
    ],
)
def test_a_sum_of_products_is_written_with_its_indices(description, value, rules):
    operands = [tg.parameter(np.ones((2,) * len(term))) for term in description.partition("->")[0].split(",")]
    assert find_formula(tg.einsum(description, *operands))[1:] == (value, rules)


def test_a_sum_of_very_many_products_is_written_in_words():
    x = tg.parameter([1.0, 2.0])
    node = tg.einsum(",".join("abcdefghij") + "->", *[x] * 10)
    assert find_formula(node).operands == ""
    assert find_formula(node).value == "einsum"


def double(name, make):
    return make(name, lambda x: 2 * x, [lambda g, y, x: 2 * g], lambda t, y, x: 2 * t[0])


@pytest.mark.parametrize("name", ["frobnicate", "add", "linear", "norm", "einsum"])
def test_an_operation_declared_elsewhere_is_written_in_general_terms_whatever_its_name(name, tmp_path):
    node = double(name, tg.Operation)(tg.parameter(X))
    assert find_formula(node) == ("", name, ("ȳ · ∂y/∂x",))
    assert formula_name(node) not in FORMULAS
    tg.draw(node.sum()).save(tmp_path / "x.dot")


def test_an_operation_that_was_added_to_the_library_is_written_in_general_terms():
    op = double("frobnicate", declare)
    try:
        assert find_formula(op(tg.parameter(X))).value == "frobnicate"
    finally:
        del OPERATIONS["frobnicate"]
