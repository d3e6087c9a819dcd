"""Einstein sums: products of arrays, summed over the letters that the result does not have.

A sum of products is linear in each operand, and what an operand receives is another such sum: of the
result's adjoint with the other operands, over all letters but the operand's own.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.node import Array, Tensor, apply
from tinygrad_rnn.ops.declaration import Each, implements, linear_in_each
from tinygrad_rnn.ops.shaping import as_tensor, explained

Term: TypeAlias = list[Hashable]
"""One operand's letters, or whatever else names its axes; `...` stands for those without a name."""

Labels: TypeAlias = tuple[int, ...]
"""The same with a number for each axis."""


def _value(*xs: Array, inputs: Sequence[Labels], output: Labels, optimize: Any) -> Any:
    return np.einsum(*[each for pair in zip(xs, inputs, strict=True) for each in pair], output, optimize=optimize)


def _vjp(k: int, g: Any, y: Any, *xs: Any, inputs: Sequence[Labels], output: Labels, optimize: Any) -> Any:
    """What operand k receives.

    A vector of ones repeats the sum along an axis of the operand that nothing else has; an identity matrix
    puts it on the diagonal where the operand has a label twice.
    """
    operands = [g, *xs[:k], *xs[k + 1 :]]
    labels = [output, *inputs[:k], *inputs[k + 1 :]]
    known = {axis for x, term in zip(operands, labels, strict=True) for axis in zip(term, x.shape, strict=True)}
    unused = itertools.count(1 + max(itertools.chain(*inputs), default=0))
    result: list[int] = []
    for label, n in zip(inputs[k], xs[k].shape, strict=True):
        axis = label
        if label in result:
            axis = next(unused)
            operands.append(np.eye(n, dtype=g.dtype))
            labels.append((label, axis))
        elif (label, n) not in known:
            operands.append(np.ones(n, g.dtype))
            labels.append((label,))
        result.append(axis)
    return _einsum(*operands, inputs=tuple(labels), output=tuple(result), optimize=optimize)


_einsum = linear_in_each("einsum", _value, Each(_vjp))


@implements(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Tensor:
    """The sum of products that a string such as "ij,jk->ik" describes.

    Args:
        operands: the string and the operands; or each operand and the list of its axes' labels in turn, and
            perhaps the list of the result's. As in numpy, `...` stands for axes without a letter, a letter
            that an operand has twice takes its diagonal, and a result that is not described has the
            letters that occur once, in their order.
        optimize: numpy's choice of the order of products.

    Raises:
        ShapeError: a description that is not one of these operands.

    >>> a = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tg.einsum("ii", a).item(), tg.einsum("ij->j", a).data
    (5.0, array([4., 6.]))
    """
    if operands and isinstance(operands[0], str):
        nodes = [as_tensor("einsum", operand) for operand in operands[1:]]
        before, arrow, after = operands[0].replace(" ", "").partition("->")
        terms, result = [_term(text) for text in before.split(",")], _term(after) if arrow else None
    else:
        pairs, rest = operands[: len(operands) // 2 * 2], operands[len(operands) // 2 * 2 :]
        nodes = [as_tensor("einsum", operand) for operand in pairs[::2]]
        with explained("einsum", *nodes):
            terms, result = [list(term) for term in pairs[1::2]], list(rest[0]) if rest else None
    with explained("einsum", *nodes):
        inputs, output = _labelled(nodes, terms, result)
    return apply(_einsum, nodes, {"inputs": inputs, "output": output, "optimize": optimize})


def _term(text: str) -> Term:
    """The letters of a part of the description; "..." is one of them."""
    before, dots, after = text.partition("...")
    return [*before, *([...] if dots else []), *after]


def _labelled(nodes: Sequence[Tensor], terms: list[Term], result: Term | None) -> tuple[tuple[Labels, ...], Labels]:
    """The labels of each operand and of the result, with numbers for letters and for axes without one."""
    if len(terms) != len(nodes):
        raise ValueError(f"{len(terms)} operands are described, and {len(nodes)} given")
    used = {name for term in terms for name in term if name is not ...}
    for name in (*used, *(result or [])):
        if name is not ... and (name not in used or not (isinstance(name, int) or str(name).isalpha())):
            raise ValueError(f"{name!r} is not a letter, or not one that an operand has")
    names = sorted(used, key=lambda name: (str(type(name)), name))
    unnamed = [node.ndim - len(term) + 1 for node, term in zip(nodes, terms, strict=True) if ... in term]
    if result is None:
        counts = Counter(itertools.chain(*terms))
        result = [*([...] if unnamed else []), *[name for name in names if counts[name] == 1]]
    if max(unnamed, default=0) > 0 and ... not in result:
        raise ValueError("the result needs '...' where operands have axes without a letter")
    dots = list(range(max(unnamed, default=0)))
    numbers = {name: len(dots) + i for i, name in enumerate(names)}
    inputs = []
    for node, term in zip(nodes, terms, strict=True):
        labels = _numbered(term, numbers, dots[len(dots) - node.ndim + len(term) - 1 :])
        if len(labels) != node.ndim:
            raise ValueError(f"{len(labels)} axes are described, and {node.describe()} has {node.ndim}")
        inputs.append(labels)
    return tuple(inputs), _numbered(result, numbers, dots)


def _numbered(term: Iterable[Hashable], numbers: dict[Hashable, int], dots: Sequence[int]) -> Labels:
    return tuple([label for name in term for label in (dots if name is ... else [numbers[name]])])
