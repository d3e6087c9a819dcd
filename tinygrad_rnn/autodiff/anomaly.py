"""Where the first NaN or infinity comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.errors import NonFiniteError
from tinygrad_rnn.node import Operation, Setting, Tensor, current_context, explain


def detect_anomaly() -> Setting:
    """`with detect_anomaly():` raises an error as soon as an operation, or a derivative rule, gives a NaN or infinity.

    It holds for the graphs that are built and walked inside, in this thread. Every result is looked at, so it
    is for finding a fault and not for every day. Leaves may hold what they like; what is first computed from
    them may not.

    Raises:
        NonFiniteError: inside the block; says which operation, operands and step, forward or backward.

    >>> x = tg.parameter([1.0, 0.0], label="x")
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     tg.log(x)
    Traceback (most recent call last):
    tinygrad_rnn.errors.NonFiniteError: log of x (2,) float64: the result holds an infinity, the operands are finite
    """
    return Setting(lambda now: (*now[:4], _inspect))


def inspected(reached: Iterator[Any]) -> Iterator[Any]:
    """The nodes that backprop reaches as they come, with their adjoints inspected where anomalies are looked for."""
    return _inspect_adjoints(reached) if is_detecting() else reached


def is_detecting() -> bool:
    """Whether anomalies are looked for now."""
    return current_context()[4] is not None


def inspect_tangent(node: Tensor, tangent: Any) -> None:
    """Raise an error if the tangent of a node holds a NaN or infinity."""
    if found := _anomaly(tangent):
        raise NonFiniteError(f"forward mode, {node.describe()}: its tangent holds {found}")


def _inspect(op: Operation, inputs: Sequence[Tensor], value: Any) -> None:
    if found := _anomaly(value):
        culprits = [node.describe() for node in inputs if _anomaly(node._data)]
        cause = f"as {', '.join(culprits)} did before" if culprits else "the operands are finite"
        origins = current_context()[3]
        where = "in a backward pass " if origins is not None else ""
        raise explain(op.name, inputs, NonFiniteError(f"{where}the result holds {found}, {cause}"))


def _inspect_adjoints(reached: Iterator[Any]) -> Iterator[Any]:
    for node, adjoint, received in reached:
        if found := _anomaly(adjoint):
            raise NonFiniteError(f"backward pass, {node.describe()}: the adjoint that it receives in all holds {found}")
        for operand, contribution in enumerate(received):
            if found := _anomaly(contribution):
                raise NonFiniteError(
                    f"backward pass, {node.describe()}: what its rule hands to operand {operand}, "
                    f"{node.inputs[operand].describe()}, holds {found}; the adjoint before it is finite"
                )
        yield node, adjoint, received


def _anomaly(value: Any) -> str | None:
    """What a value holds that is not finite: arrays, Tensors, contributions at an index, None for nothing."""
    value = getattr(value, "part", value)
    value = value._data if isinstance(value, Tensor) else value
    if value is None or np.all(np.isfinite(value)):
        return None
    return "a NaN" if np.any(np.isnan(value)) else "an infinity"
