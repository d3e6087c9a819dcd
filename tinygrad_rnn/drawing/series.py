"""What a network is over time, row by row: its states, and the gradients of states and parameters."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from tinygrad_rnn.autodiff import trace_backward
from tinygrad_rnn.drawing.adjoints import norm
from tinygrad_rnn.drawing.cells import find_recurrences
from tinygrad_rnn.drawing.glyphs import shape_text
from tinygrad_rnn.drawing.label import Run, Text, mathtext, typeset
from tinygrad_rnn.drawing.rolling import text_in_common
from tinygrad_rnn.drawing.scene import Mark
from tinygrad_rnn.drawing.staging import build_scene
from tinygrad_rnn.drawing.survey import Survey
from tinygrad_rnn.graph import Graph
from tinygrad_rnn.node import Array, Tensor

Row = TypeVar("Row")


def states_over_time(graph: Graph) -> dict[str, dict[int, Tensor]]:
    """What is carried from step to step, by the name that a rolled drawing gives it: the node of each step."""
    return _by_name(_states(graph))


def weights_of(graph: Graph) -> dict[str, Tensor]:
    """The parameters by name."""
    return _by_name((_parameter_text(node), node) for node in graph.parameters)


def gradients_over_time(graph: Graph, loss: Tensor) -> dict[str, dict[int, float]]:
    """For each state and each parameter, the norm of its gradient, or of its part of the gradient, by step.

    A step at which there is no gradient is missing.
    """
    adjoints: dict[Tensor, float] = {}
    parts: dict[Tensor, dict[int, Array]] = {node: {} for node in graph.parameters}
    for event in trace_backward(loss):
        adjoints[event.node] = norm(event.adjoint)
        for source, part in zip(event.node.inputs, event.contributions, strict=False):
            if source in parts and part is not None and event.node.step is not None:
                known = parts[source].get(event.node.step)
                parts[source][event.node.step] = part if known is None else known + part
    states = (
        (text, {step: adjoints[node] for step, node in nodes.items() if node in adjoints})
        for text, nodes in _states(graph)
    )
    parameters = (
        (_at_step(_parameter_text(node)), {step: norm(part) for step, part in series.items()})
        for node, series in parts.items()
        if series
    )
    return _by_name([*states, *parameters])


def _states(graph: Graph) -> Iterator[tuple[Text, dict[int, Tensor]]]:
    """The text and the nodes of each state; a sum of losses is none, however many are added in a step."""
    scene, survey = build_scene(graph), Survey(graph, graph.steps)
    recurrences = find_recurrences(survey)
    found: dict[Hashable, dict[int, Mark]] = {role: {} for role in reversed(scene.states)}
    for step in scene.steps:
        for mark in scene.blocks[step]:
            if mark.role in found and not (_is_sum(mark.node) and survey.roles.get(mark.node) not in recurrences):
                found[mark.role][int(step)] = mark
    for marks in found.values():
        if marks:
            text = text_in_common([mark.text for mark in marks.values()], list(marks))
            yield text, {step: mark.node for step, mark in marks.items()}


def _is_sum(node: Tensor) -> bool:
    return node.ndim == 0 and node.op is not None and node.op.name == "add"


def _parameter_text(node: Tensor) -> Text:
    """A parameter's label, or where it has none its shape."""
    return typeset(node.label) if node.label is not None else (Run(f"parameter {shape_text(node)}".rstrip()),)


def _at_step(text: Text) -> Text:
    """A variable's name for its use in step t: W as W^(t), W^(1) as W^(1,t)."""
    if text[0].style != "italic":
        return text
    above = "".join(run.text for run in text if run.script == "sup").strip("()")
    return (*(run for run in text if run.script != "sup"), Run(f"({above},t)" if above else "(t)", "italic", "sup"))


def _by_name(rows: Iterable[tuple[Text, Row]]) -> dict[str, Row]:
    """The rows by their texts as matplotlib writes them; those of one text have primes, in their order."""
    named: dict[str, Row] = {}
    for text, row in rows:
        name = mathtext(text)
        while name in named:
            name += "′"
        named[name] = row
    return named
