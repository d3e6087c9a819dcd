"""The formulas of the operations: one for every rule of the library's, and what they say is what it computes."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.drawing.formulas import FORMULAS, find_formula
from tinygrad_rnn.ops import OPERATIONS

CORE = [
    "add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "equal", "greater", "negative", "exp",
    "log", "sqrt", "square", "abs", "sign", "sin", "cos", "tanh", "sigmoid", "relu", "softplus", "copy", "matmul",
    "linear", "sum", "mean", "max", "min", "softmax", "logsumexp", "log_softmax", "reshape", "transpose", "sum_to",
    "broadcast_to", "astype", "astype_discrete", "getitem", "where", "concatenate", "stack", "accumulate",
]  # fmt: skip
"""The operations that a textbook's networks are made of, and those that backprop itself makes."""

ARITHMETIC = [
    "add", "subtract", "multiply", "divide", "power", "negative", "exp", "log", "sqrt", "square", "abs", "sin",
    "cos", "tan", "sinh", "cosh", "expm1", "log1p", "reciprocal", "tanh", "sigmoid", "softplus", "softmax",
    "log_softmax",
]  # fmt: skip

X = np.array([[0.5, 1.25, 2.0], [0.75, 1.5, 0.25]])


@pytest.mark.parametrize("name", CORE)
def test_every_core_operation_has_a_formula_for_each_rule(name):
    rules, formula = OPERATIONS[name].vjps, FORMULAS[name]
    if formula.operands:
        assert len(formula.rules) == len(rules)
        assert [bool(rule) for rule in formula.rules] == [rule is not None for rule in rules]
        assert set(formula.operands) <= set("".join([formula.value, *formula.rules]))
    else:
        assert len(formula.rules) == 1


def test_no_formula_is_without_an_operation():
    assert {name.split(" of ")[0].split(" without ")[0] for name in FORMULAS} <= OPERATIONS.keys()


PYTHON = [
    (r"\^\(", "**("), ("²", "**2"), ("ᵀ", ".T"), ("⊙", "*"), ("−", "-"), ("ȳ", "g"), (r"\b2 ", "2 * "),
    (r"\|(.)\|", r"abs(\1)"), ("√(.)", r"sqrt(\1)"), (r"\b(ln|sinh?|cosh?|tan|sign) ([abxy])", r"\1(\2)"),
    (r"Σ (g \* y|g|e.*)", r"total(\1)"), (r"ln (total.*)", r"ln(\1)"),
    (r"([\w)]) ([Wabgxy])\b(?!\()", r"\1 @ \2"),
]  # fmt: skip
"""How to read a formula as Python."""

FUNCTIONS = {
    "e": np.e, "ln": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "sign": np.sign,
    "abs": np.abs, "σ": lambda x: 1 / (1 + np.exp(-x)), "total": lambda x: x.sum(axis=-1, keepdims=True),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}  # fmt: skip


def compute(formula, **letters):
    """The numbers that a formula stands for; g is ȳ."""
    for pattern, replacement in PYTHON:
        formula = re.sub(pattern, replacement, formula)
    return eval(formula, {"__builtins__": {}}, FUNCTIONS | letters)


def check(node):
    """The formula's value is the node's, and each operand receives what its rule says."""
    formula = find_formula(node)
    letters = dict(zip(formula.operands, (source.data for source in node.inputs), strict=True))
    np.testing.assert_allclose(compute(formula.value, **letters), node.data, rtol=1e-12)
    g = np.linspace(-1, 2, node.size).reshape(node.shape)
    *_, event = (event for event in tg.trace_backward(node, g) if event.node is node)
    for rule, contribution in zip(formula.rules, event.contributions, strict=True):
        np.testing.assert_allclose(compute(rule, y=node.data, g=g, **letters), contribution, rtol=1e-12)


@pytest.mark.parametrize("name", ARITHMETIC)
def test_the_formulas_say_what_is_computed(name):
    arity = len(FORMULAS[name].operands)
    check(getattr(tg, name)(*[tg.parameter(X if k == 0 else X[::-1] + 0.5) for k in range(arity)]))


@pytest.mark.parametrize("x", [X, X[0]])
def test_the_formula_of_linear_depends_on_its_operands(x):
    W, b = tg.parameter(np.arange(12.0).reshape(4, 3)), tg.parameter(np.arange(4.0))
    x = tg.parameter(x)
    names = [find_formula(tg.linear(x, W, *bias)) for bias in ([], [b])]
    assert names[0] != names[1]
    assert "ᵀ" in names[0].value if x.ndim == 2 else names[0].value == "W x"


def test_the_formulas_of_products_say_what_is_computed():
    a, b = tg.parameter(X), tg.parameter(X.T @ X)
    check(a @ b)
    check(tg.linear(a, tg.parameter(np.arange(12.0).reshape(4, 3))))


def test_an_operation_without_a_formula_is_written_in_general_terms():
    op = tg.ops.declaration.declare("frobnicate", lambda x: 2 * x, [lambda g, y, x: 2 * g], lambda t, y, x: 2 * t[0])
    try:
        node = op(tg.parameter(X))
    finally:
        del OPERATIONS["frobnicate"]
    formula = find_formula(node)
    assert formula.value == "frobnicate"
    assert formula.operands == ""
    assert len(formula.rules) == 1
