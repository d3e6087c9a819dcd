"""Which carried values run through all steps as one straight row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from tinygrad_rnn.drawing.layout.period import Carried, Role
from tinygrad_rnn.drawing.layout.rows import rank


def find_rails(
    inside: Mapping[Role, Collection[Role]],
    carried: Iterable[Carried],
    backward: Collection[Role],
    combining: Collection[Role],
) -> dict[Role, list[Role]]:
    """For each carried role that gets a rail, the roles along it, from where the value enters to the role itself.

    A rail is the shortest way through a step from a reader of the last step's value to the value's successor.
    It may be one if only one reader leads back to the value, or if the way consists of additions and
    products alone, as a memory cell's does; and if the step stays free of circles when each rail counts
    as one; where it does not, the longest way may. Shorter rails come first.

    Args:
        inside: within a step, what each role leads to.
        carried: the lines that come in from other steps.
        backward: the roles that are carried from later steps to earlier ones.
        combining: the roles of additions and products.
    """
    readers: dict[Role, list[Role]] = defaultdict(list)
    for line in carried:
        last = line.lag == (-1 if line.source in backward else 1)
        if last and line.source in inside and line.target not in readers[line.source]:
            readers[line.source].append(line.target)
    candidates = []
    for source, targets in readers.items():
        ways = [way for target in targets if (way := shortest_way(inside, target, source))]
        if ways:
            way = min(ways, key=len)
            if len(ways) == 1 or set(combining) >= set(way) - {source}:
                candidates.append((source, way))
    rails: dict[Role, list[Role]] = {}
    rail_of: dict[Role, Role] = {}
    for source, shortest in sorted(candidates, key=lambda candidate: len(candidate[1])):
        for way in (shortest, longest_way(inside, shortest[0], source)):
            tried = rail_of | dict.fromkeys(way, source)
            if way and source not in rails and rail_of.keys().isdisjoint(way) and rank(inside, tried) is not None:
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


def longest_way(inside: Mapping[Role, Collection[Role]], start: Role, end: Role) -> list[Role]:
    """The roles on a longest way between two, both included; none if there is no way, or circles."""
    ranked = rank(inside, {})
    if ranked is None:
        return []
    rows, _ = ranked
    ways: dict[Role, list[Role]] = {start: [start]}
    for role in sorted(inside, key=lambda role: (rows[role], role != start)):
        for following in inside[role] if role in ways else ():
            if len(ways[role]) >= len(ways.get(following, ())):
                ways[following] = [*ways[role], following]
    return ways.get(end, [])
