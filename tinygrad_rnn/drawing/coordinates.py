"""The x of each item of a period's rows: lines as straight and as short as the order in the rows allows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from tinygrad_rnn.drawing.rows import Item, Segment

CLOSE = 1e-6
"""What is nearer than this touches, in points."""


def assign_x(
    rows: Sequence[Sequence[Item]],
    segments: Sequence[Segment],
    level: Sequence[tuple[Item, Item, int]],
    distance: Callable[[Item, Item], float],
) -> dict[Item, float]:
    """The x of each item.

    First the items of a line are put above each other, into blocks that move as one: the heaviest lines
    first, and of several that are equally heavy at one item the middle one. A line that would put blocks into
    a circle of left and right stays slanted. Then the blocks are moved, alone and together with those that
    they push, as long as that makes the lines shorter.

    Args:
        rows: the items of each row from left to right.
        segments: lines between neighbouring rows.
        level: lines between items of one row, from left to right, with their weights.
        distance: how far apart the middles of two neighbours in a row have to be.
    """
    blocks = _Blocks(rows)
    off_centre = _off_centre(rows, segments)
    for segment in sorted(segments, key=lambda segment: (-segment.weight, off_centre[segment])):
        blocks.join(segment.below, segment.above)
    pulls = [(segment.below, segment.above, segment.weight) for segment in segments] + list(level)
    return _compact(blocks, rows, pulls, distance)


def _off_centre(rows: Sequence[Sequence[Item]], segments: Sequence[Segment]) -> dict[Segment, float]:
    """How far each segment is from the middle of those that are equally heavy at the item above it."""
    place = {item: k for row in rows for k, item in enumerate(row)}
    entering: dict[tuple[Item, int], list[Segment]] = defaultdict(list)
    for segment in sorted(segments, key=lambda segment: place[segment.below]):
        entering[segment.above, segment.weight].append(segment)
    return {segment: abs(k - (len(others) - 1) / 2) for others in entering.values() for k, segment in enumerate(others)}


class _Blocks:
    """Items that share one x, and which blocks stand left of which."""

    def __init__(self, rows: Sequence[Sequence[Item]]) -> None:
        self.of: dict[Item, int] = {item: number for number, item in enumerate(item for row in rows for item in row)}
        self.items: dict[int, list[Item]] = {number: [item] for item, number in self.of.items()}
        self.right: dict[Item, Item] = {left: right for row in rows for left, right in itertools.pairwise(row)}

    def join(self, one: Item, other: Item) -> None:
        """Make one block of two, unless one of them has to stand left of the other."""
        a, b = self.of[one], self.of[other]
        if a == b or self._stands_left(a, b) or self._stands_left(b, a):
            return
        for item in self.items[b]:
            self.of[item] = a
        self.items[a] += self.items.pop(b)

    def _stands_left(self, left: int, right: int) -> bool:
        """Whether one block stands left of another in some row, or left of one that does."""
        found, waiting = {left}, [left]
        while waiting:
            for item in self.items[waiting.pop()]:
                if item in self.right and (block := self.of[self.right[item]]) not in found:
                    if block == right:
                        return True
                    found.add(block)
                    waiting.append(block)
        return False


def _compact(
    blocks: _Blocks,
    rows: Sequence[Sequence[Item]],
    pulls: Sequence[tuple[Item, Item, int]],
    distance: Callable[[Item, Item], float],
) -> dict[Item, float]:
    """Each item's x: blocks as far left as they can stand, then moved to shorten the lines."""
    apart: dict[int, dict[int, float]] = defaultdict(dict)  # how far right of a block another has to stand
    for row in rows:
        for left, right in itertools.pairwise(row):
            a, b = blocks.of[left], blocks.of[right]
            apart[a][b] = max(apart[a].get(b, 0.0), distance(left, right))
    x = _leftmost(blocks.items, apart)
    lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, other, weight in pulls:
        a, b = blocks.of[one], blocks.of[other]
        if a != b:
            lines[a].append((b, weight))
            lines[b].append((a, weight))
    mirrored: dict[int, dict[int, float]] = defaultdict(dict)
    for a, others in apart.items():
        for b, gap in others.items():
            mirrored[b][a] = gap
    for _ in range(100):
        moved = False
        for block in x:
            moved |= _shift(block, 1, x, apart, lines) or _shift(block, -1, x, mirrored, lines)
        if not moved:
            break
    return {item: x[block] for item, block in blocks.of.items()}


def _leftmost(blocks: Mapping[int, object], apart: Mapping[int, Mapping[int, float]]) -> dict[int, float]:
    """How far left each block can stand, the leftmost at 0."""
    waiting_for = dict.fromkeys(blocks, 0)
    for others in apart.values():
        for other in others:
            waiting_for[other] += 1
    x = dict.fromkeys(blocks, 0.0)
    ready = [block for block in blocks if not waiting_for[block]]
    for block in ready:
        for other, gap in apart.get(block, {}).items():
            x[other] = max(x[other], x[block] + gap)
            waiting_for[other] -= 1
            if not waiting_for[other]:
                ready.append(other)
    return x


def _shift(
    block: int,
    direction: int,
    x: dict[int, float],
    apart: Mapping[int, Mapping[int, float]],
    lines: Mapping[int, Sequence[tuple[int, int]]],
) -> bool:
    """Move a block, with all that it pushes, as far as that shortens the lines; tell whether it moved."""
    pushed = _find_pushed(block, direction, x, apart)
    gain, room = 0, float("inf")
    for member in pushed:
        for right, gap in apart.get(member, {}).items():
            if right not in pushed:
                room = min(room, direction * (x[right] - x[member]) - gap)
        for other, weight in lines.get(member, ()):
            if other not in pushed:
                away = direction * (x[other] - x[member])
                gain += weight if away > CLOSE else -weight
                room = min(room, away) if away > CLOSE else room
    if gain <= 0 or room == float("inf"):
        return False
    for member in pushed:
        x[member] += direction * room
    return True


def _find_pushed(
    block: int, direction: int, x: Mapping[int, float], apart: Mapping[int, Mapping[int, float]]
) -> set[int]:
    """A block, and all those that it pushes when it moves, because they stand as near as they can."""
    pushed, waiting = {block}, [block]
    while waiting:
        left = waiting.pop()
        for right, gap in apart.get(left, {}).items():
            if right not in pushed and direction * (x[right] - x[left]) - gap <= CLOSE:
                pushed.add(right)
                waiting.append(right)
    return pushed
