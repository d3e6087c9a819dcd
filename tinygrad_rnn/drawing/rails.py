"""Which carried values run through all steps as one straight row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import NamedTuple

from tinygrad_rnn.drawing.rows import rank

Role = Hashable
"""What is the same mark in every step."""


class Carried(NamedTuple):
    """A line from a role of one step to a role of a step that is `lag` later (or earlier, if negative)."""

    source: Role
    target: Role
    lag: int


def find_rails(
    inside: Mapping[Role, Collection[Role]], carried: Iterable[Carried], combining: set[Role]
) -> dict[Role, list[Role]]:
    """For each carried role that gets a rail, the roles along it, from where the value enters to the role itself.

    A rail is the shortest way through a step from a reader of the carried value to the value's successor.
    It may be one if only one reader leads back to the value, or if the way consists of additions and
    products alone, as a memory cell's does; and if the step stays free of circles when each rail counts
    as one. Shorter rails come first.

    Args:
        inside: within a step, what each role leads to.
        carried: the lines between steps.
        combining: the roles of additions and products.
    """
    readers: dict[Role, list[Role]] = defaultdict(list)
    for line in carried:
        if line.target not in readers[line.source]:
            readers[line.source].append(line.target)
    candidates = []
    for source, targets in readers.items():
        ways = [way for target in targets if (way := shortest_way(inside, target, source))]
        if ways:
            way = min(ways, key=len)
            if len(ways) == 1 or combining.issuperset(set(way) - {source}):
                candidates.append((source, way))
    rails: dict[Role, list[Role]] = {}
    rail_of: dict[Role, Role] = {}
    for source, way in sorted(candidates, key=lambda candidate: len(candidate[1])):
        tried = rail_of | dict.fromkeys(way, source)
        if not any(role in rail_of for role in way) and rank(inside, tried, {}) is not None:
            rails[source], rail_of = way, tried
    return rails


def shortest_way(inside: Mapping[Role, Collection[Role]], start: Role, end: Role) -> list[Role]:
    """The roles on the shortest way between two, both included; none if there is no way."""
    before: dict[Role, Role | None] = {start: None}
    waiting = [start]
    for role in waiting:
        for following in inside.get(role, ()):
            if following not in before:
                before[following] = role
                waiting.append(following)
    way: list[Role] = []
    at: Role | None = end if end in before else None
    while at is not None:
        way.append(at)
        at = before[at]
    return way[::-1]
