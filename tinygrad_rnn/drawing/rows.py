"""Rows of a period: which row a mark stands in, and the order within each row."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

Role = Hashable

# ---------------------------------------------------------------------- which row


def assign_rows(inside: Mapping[Role, Collection[Role]], rail_of: Mapping[Role, Role]) -> dict[Role, int]:
    """Each role's row, counted from the bottom; a rail has a row for itself.

    Args:
        inside: within a step, what each role leads to.
        rail_of: the carried role whose rail a role is on.
    """
    rails = list(dict.fromkeys(rail_of.values()))
    floors: dict[Role, int] = {}
    while True:
        ranked = rank(inside, rail_of, floors)
        assert ranked is not None, "whoever asks has made sure that there is no circle"
        rows, following = ranked
        led_to = {group for others in following.values() for group in others}
        for rail in sorted(rails, key=rows.__getitem__):
            row = rows[rail]
            company = [group for group in rows if rows[group] == row and group != rail]
            for group in company:
                if group in rails:
                    floors[max(group, rail, key=rails.index)] = row + 1
                elif group in led_to:
                    floors[group] = row + 1
                else:  # nothing leads to it: it stands just below its readers, so these move up
                    floors |= {reader: row + 2 for reader in following[group] if rows[reader] == row + 1}
            if company:
                break
        else:
            return {role: rows[rail_of.get(role, role)] for role in inside}


def rank(
    inside: Mapping[Role, Collection[Role]], rail_of: Mapping[Role, Role], floors: Mapping[Role, int]
) -> tuple[dict[Role, int], dict[Role, dict[Role, None]]] | None:
    """The row of each group by the longest way to it, and the groups it leads to; None if groups make a circle.

    A rail is one group, under its carried role; any other role is a group of its own.
    """
    following: dict[Role, dict[Role, None]] = {rail_of.get(role, role): {} for role in inside}
    for role, targets in inside.items():
        group = rail_of.get(role, role)
        for target in targets:
            if (other := rail_of.get(target, target)) != group:
                following[group][other] = None
    entering = Counter(other for others in following.values() for other in others)
    rows = {group: floors.get(group, 0) for group in following}
    ready = [group for group in following if not entering[group]]
    sources = [group for group in ready if group not in rail_of.values()]
    for group in ready:
        for other in following[group]:
            rows[other] = max(rows[other], rows[group] + 1)
            entering[other] -= 1
            if not entering[other]:
                ready.append(other)
    if len(ready) < len(following):
        return None
    for group in sources:  # nothing leads to it: it stands just below the lowest of its readers
        rows[group] = max(0, min((rows[other] for other in following[group]), default=1) - 1)
    return rows, following


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
