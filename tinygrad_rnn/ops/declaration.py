"""How operations are declared: families that keep an operation's value and rules together in one block.

A rule is written in operators and numpy's functions alone, or calls another `Operation`; these work alike
on arrays and on Tensors. So one rule serves both numbers and, under `create_graph`, nodes.

Rules read `rule(g, y, *xs, **attributes)`: g is the adjoint of the result y, xs are the operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, overload

import numpy as np

from tinygrad_rnn.node import Operation, Tensor, apply, constant, explain, make

Rule = Callable[..., Any]
Function = TypeVar("Function", bound=Callable[..., Any])

OPERATIONS: dict[str, Operation] = {}
"""Every declared operation by its name."""

NUMPY: dict[Callable[..., Any], Callable[..., Any]] = {}
"""For each numpy function that has a rule here, the function that builds its node."""


class Each(Sequence[Rule]):
    """One rule for every operand of an operation that takes any number: `rule(operand, g, y, *xs)`."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    @overload
    def __getitem__(self, operand: int) -> Rule: ...
    @overload
    def __getitem__(self, operand: slice) -> Sequence[Rule]: ...
    def __getitem__(self, operand: int | slice) -> Rule | Sequence[Rule]:
        return partial(self._rule, operand)

    def __len__(self) -> int:
        raise TypeError("as many rules as operands")


def declare(name: str, value: Rule, vjps: Sequence[Rule | None], jvp: Rule) -> Operation:
    """An operation from its name, value and rules, as `Operation` describes them."""
    OPERATIONS[name] = op = Operation(name, value, vjps, jvp)
    return op


def undifferentiable(name: str, value: Rule) -> Operation:
    """An operation whose result, such as a truth value, has no derivative: its node asks for none."""
    return declare(name, value, (), _no_tangent)


def _no_tangent(tangents: Sequence[Any], y: Any, *xs: Any, **attributes: Any) -> None:
    return None


def linear_in_all(name: str, value: Rule, vjps: Sequence[Rule]) -> Operation:
    """An operation that is linear in all its operands together: it is its own jvp.

    `vjps` give its transpose, operand by operand.
    """

    def jvp(tangents: Sequence[Any], y: Any, *xs: Any, **attributes: Any) -> Any:
        zero_or_tangent = [np.zeros(x.shape, x.dtype) if t is None else t for t, x in zip(tangents, xs, strict=True)]
        return op(*zero_or_tangent, **attributes)

    op = declare(name, value, vjps, jvp)
    return op


def linear_in_each(name: str, value: Rule, vjps: Sequence[Rule]) -> Operation:
    """An operation that is linear in each operand while the others are held, as a product is."""

    def jvp(tangents: Sequence[Any], y: Any, *xs: Any, **attributes: Any) -> Any:
        terms = [op(*xs[:k], t, *xs[k + 1 :], **attributes) for k, t in enumerate(tangents) if t is not None]
        return _sum(terms)

    op = declare(name, value, vjps, jvp)
    return op


def elementwise(name: str, value: Rule, *rules: Rule | None, doc: str) -> Callable[..., Tensor]:
    """The function of an operation that acts on each element by itself, and broadcasts.

    One rule per operand multiplies by the partial derivative, which is symmetric: with an adjoint it is
    the vjp, with a tangent the jvp.
    """

    def jvp(tangents: Sequence[Any], y: Any, *xs: Any) -> Any:
        return _sum([rule(t, y, *xs) for rule, t in zip(rules, tangents, strict=True) if t is not None and rule])

    op = declare(name, value, rules, jvp)
    make_function = {1: unary, 2: binary}.get(len(rules), any_arity)
    function = make_function(op)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    if hasattr(np, name):
        NUMPY[getattr(np, name)] = function
    return function


def implements(*numpy_functions: Callable[..., Any]) -> Callable[[Function], Function]:
    """Let these numpy functions call the decorated function when they are given a Tensor."""

    def register(function: Function) -> Function:
        NUMPY.update(dict.fromkeys(numpy_functions, function))
        return function

    return register


def _sum(terms: Sequence[Any]) -> Any:
    """The sum of all terms; None, a tangent of zero, if there are none."""
    if not terms:
        return None
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def any_arity(op: Operation) -> Callable[..., Tensor]:
    """The function that makes a node of an operation without attributes."""
    return lambda *operands: apply(op, operands)


# Small operations spend most of their time here, so these two do by hand what `node.apply` does in general.


def unary(op: Operation) -> Callable[..., Tensor]:
    """The function that makes a node of an operation with one operand and no attributes."""
    value = op.value

    def function(x: Any, /) -> Tensor:
        if type(x) is not Tensor:
            x = constant(op.name, x)
        array = x._data
        try:
            result = value(array)
        except (ValueError, TypeError) as error:
            raise explain(op.name, (x,), error) from error
        return make(op, (x,), (array,), result)

    return function


def binary(op: Operation) -> Callable[..., Tensor]:
    """The function that makes a node of an operation with two operands and no attributes."""
    value = op.value

    def function(x1: Any, x2: Any, /) -> Tensor:
        if type(x1) is not Tensor:
            x1 = constant(op.name, x1, (x2,))
        if type(x2) is not Tensor:
            x2 = constant(op.name, x2, (x1,))
        a = x1._data
        b = x2._data
        try:
            result = value(a, b)
        except (ValueError, TypeError) as error:
            raise explain(op.name, (x1, x2), error) from error
        return make(op, (x1, x2), (a, b), result)

    return function
