"""Rows of a period: which row a mark stands in, and the order within each row."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tinygrad_rnn.drawing.period import Role

# ---------------------------------------------------------------------- which row


def assign_rows(inside: Mapping[Role, Collection[Role]], rail_of: Mapping[Role, Role]) -> dict[Role, int]:
    """Each role's row, counted from the bottom; a rail has a row for itself.

    What nothing leads to stands just below its readers.

    Args:
        inside: within a step, what each role leads to; without circles, each rail counted as one.
        rail_of: the carried role whose rail a role is on.
    """
    ranked = rank(inside, rail_of)
    assert ranked is not None, "whoever asks has made sure that there is no circle"
    ranks, following = ranked
    rails = dict.fromkeys(rail_of.values())
    led_to = {group for others in following.values() for group in others}
    sources = {group for group in ranks if group not in led_to and group not in rails and following[group]}
    by_rank: dict[int, list[Role]] = defaultdict(list)
    for group in ranks:
        if group not in sources and group not in rails:
            by_rank[ranks[group]].append(group)
    rows: list[list[Role]] = []
    for level in range(max(ranks.values(), default=-1) + 1):
        rows += [by_rank[level]] if level in by_rank else []
        rows += [[rail] for rail in rails if ranks[rail] == level]
    for source in ranks:
        if source in sources:
            _add_source(rows, source, following[source], rails)
    row_of = {group: number for number, row in enumerate(rows) for group in row}
    return {role: row_of[rail_of.get(role, role)] for role in inside}


def _add_source(rows: list[list[Role]], source: Role, readers: Collection[Role], rails: Collection[Role]) -> None:
    """Put a source into the row below its lowest reader, or into a new one where that row is a rail's."""
    lowest = next(number for number, row in enumerate(rows) if any(group in readers for group in row))
    if not lowest or rows[lowest - 1][0] in rails:
        rows.insert(lowest, [source])
    else:
        rows[lowest - 1].append(source)


def rank(
    inside: Mapping[Role, Collection[Role]], rail_of: Mapping[Role, Role]
) -> tuple[dict[Role, int], dict[Role, dict[Role, None]]] | None:
    """The length of the longest way to each group, and the groups it leads to; None if groups make a circle.

    A rail is one group, under its carried role; any other role is a group of its own.
    """
    following: dict[Role, dict[Role, None]] = {rail_of.get(role, role): {} for role in inside}
    for role, targets in inside.items():
        group = rail_of.get(role, role)
        for target in targets:
            if (other := rail_of.get(target, target)) != group:
                following[group][other] = None
    entering = Counter(other for others in following.values() for other in others)
    ranks = dict.fromkeys(following, 0)
    ready = [group for group in following if not entering[group]]
    for group in ready:
        for other in following[group]:
            ranks[other] = max(ranks[other], ranks[group] + 1)
            entering[other] -= 1
            if not entering[other]:
                ready.append(other)
    return (ranks, following) if len(ready) == len(following) else None


# ---------------------------------------------------------------------- in which order


class Bend(NamedTuple):
    """The place in a row where a line passes that joins rows farther apart."""

    source: Role
    target: Role
    row: int


Item = Hashable
"""What stands in a row: a role or a bend."""


class Segment(NamedTuple):
    """A piece of a line, from one row to the next above it; the heavier, the straighter."""

    below: Item
    above: Item
    weight: int


def cut_lines(lines: Iterable[tuple[Role, Role, int]], rows: Mapping[Role, int]) -> list[Segment]:
    """Lines between roles, with their weights, cut into segments from row to row."""
    segments = []
    for source, target, weight in lines:
        bends: list[Item] = [Bend(source, target, row) for row in range(rows[source] + 1, rows[target])]
        items = [source, *bends, target]
        for below, above in itertools.pairwise(items):
            between = isinstance(below, Bend) and isinstance(above, Bend)
            segments.append(Segment(below, above, 2 * weight if between else weight))
    return segments


def order_rows(
    rows: Mapping[Role, int],
    segments: Sequence[Segment],
    rails: Iterable[Sequence[Item]],
    ends: Mapping[Role, int],
) -> list[list[Item]]:
    """Each row from left to right, with few crossings.

    Each row is sorted by where its neighbours below, then above, stand, again and again (Sugiyama, Tagawa
    and Toda 1981); neighbours in a row change places where that leaves fewer crossings.

    Args:
        rows: each role's row.
        segments: the lines, cut from row to row.
        rails: items of one row that stand in this order.
        ends: roles that stand first (−1) or last (1) in their row.
    """
    arrangement = _Arrangement(rows, segments, rails, ends)
    best, fewest = arrangement.copy(), arrangement.crossings()
    for sweep in range(12):
        arrangement.sort(upwards=sweep % 2 == 0)
        arrangement.exchange()
        crossings = arrangement.crossings()
        if crossings < fewest:
            best, fewest = arrangement.copy(), crossings
    return best


class _Arrangement:
    """The order of the items in each row, which is improved step by step."""

    def __init__(
        self,
        rows: Mapping[Role, int],
        segments: Sequence[Segment],
        rails: Iterable[Sequence[Item]],
        ends: Mapping[Role, int],
    ) -> None:
        self.rows: list[list[Item]] = [[] for _ in range(max(rows.values()) + 1)]
        for role, row in rows.items():
            self.rows[row].append(role)
        for segment in segments:
            if isinstance(segment.above, Bend):
                self.rows[segment.above.row].append(segment.above)
        self.segments = segments
        self.rails = [list(rail) for rail in rails]
        self.on_rail = {item for rail in self.rails for item in rail}
        self.ends = ends
        self.below: dict[Item, list[Item]] = defaultdict(list)
        self.above: dict[Item, list[Item]] = defaultdict(list)
        for segment in segments:
            self.below[segment.above].append(segment.below)
            self.above[segment.below].append(segment.above)
        for items in self.rows:
            self._keep_order(items)

    def copy(self) -> list[list[Item]]:
        return [list(row) for row in self.rows]

    def sort(self, *, upwards: bool) -> None:
        """Sort each row by the mean place of its neighbours in the row before."""
        neighbours = self.below if upwards else self.above
        rows = self.rows if upwards else self.rows[::-1]
        for before, row in itertools.pairwise(rows):
            place = {item: (k + 0.5) / len(before) for k, item in enumerate(before)}
            own = {item: (k + 0.5) / len(row) for k, item in enumerate(row)}
            mean = {
                item: sum(place[other] for other in others) / len(others) if (others := neighbours[item]) else own[item]
                for item in row
            }
            row.sort(key=mean.__getitem__)
            self._keep_order(row)

    def _keep_order(self, row: list[Item]) -> None:
        """Put the items of a rail into its order, within the places that they hold, and ends at the ends."""
        for rail in self.rails:
            places = [k for k, item in enumerate(row) if item in rail]
            for k, item in zip(places, rail if places else (), strict=bool(places)):
                row[k] = item
        row.sort(key=lambda item: self.ends.get(item, 0))

    def exchange(self) -> None:
        """Let neighbours in a row change places where that leaves fewer crossings."""
        place = {item: k for row in self.rows for k, item in enumerate(row)}
        improved = True
        while improved:
            improved = False
            for row in self.rows:
                for k in range(len(row) - 1):
                    left, right = row[k], row[k + 1]
                    if {left, right} <= self.on_rail or left in self.ends or right in self.ends:
                        continue
                    if self._crossings_of(right, left, place) < self._crossings_of(left, right, place):
                        row[k], row[k + 1] = right, left
                        place[left], place[right] = k + 1, k
                        improved = True

    def _crossings_of(self, left: Item, right: Item, place: Mapping[Item, int]) -> int:
        """How often the lines of two neighbours cross when one stands left of the other."""
        return sum(
            place[a] > place[b]
            for neighbours in (self.below, self.above)
            for a in neighbours[left]
            for b in neighbours[right]
        )

    def crossings(self) -> int:
        """How many pairs of segments cross."""
        place = {item: k for row in self.rows for k, item in enumerate(row)}
        return sum(
            self._crossings_of(left, right, place) if left is not right else 0
            for row in self.rows
            for k, left in enumerate(row)
            for right in row[k + 1 :]
        )
