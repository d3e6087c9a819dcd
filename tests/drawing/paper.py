"""What stands where on a drawing, read back from its DOT text alone."""

import html
import itertools
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np

from tinygrad_rnn.drawing.label import SCRIPT_SIZE, Run, width

STATEMENT = re.compile(r"^(\w+)(?: -> (\w+))?(?: \[(.*)\])?;$")
ATTRIBUTE = re.compile(r'([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|<(.*?)>(?=, [a-z]+=|$)|([^,\s]*))')
STATE_PEN = 1.5
WEIGHTS, LETTERS = 13.0, 9.0
"""The size of the text beside lines, and how high its letters are, in points."""


@dataclass(frozen=True)
class Sign:
    """A mark, a column, a title or a dot: its middle, its size, and what is written on it."""

    name: str
    x: float
    y: float
    width: float
    height: float
    round: bool
    text: str
    colour: str
    dashed: bool
    is_delay: bool
    fill: str = ""
    norm: float | None = None

    @property
    def left(self):
        return self.x - self.width / 2

    @property
    def right(self):
        return self.x + self.width / 2

    @property
    def bottom(self):
        return self.y - self.height / 2

    @property
    def top(self):
        return self.y + self.height / 2

    def distance(self, x, y):
        """How far a point lies outside the outline; negative inside."""
        if self.round:
            return math.hypot(x - self.x, y - self.y) - self.width / 2
        across, up = abs(x - self.x) - self.width / 2, abs(y - self.y) - self.height / 2
        return math.hypot(max(across, 0), max(up, 0)) + min(max(across, up), 0)


@dataclass(frozen=True)
class Line:
    """A line: the marks at its ends, the points along it, its tip, and how it is drawn."""

    tail: str
    head: str
    points: tuple
    tip: tuple | None
    width: float
    dashed: bool
    text: str
    colour: str = ""
    norm: float | None = None
    label: Sign | None = None

    @property
    def ends(self):
        return self.points[0], self.tip or self.points[-1]

    @cached_property
    def places(self):
        """The middles of short pieces of it, as an array (n, 2)."""
        return np.array([(piece.x, piece.y) for piece in _pieces(self)])


@dataclass
class Paper:
    """A drawing, sorted by what is on it."""

    marks: dict = field(default_factory=dict)
    columns: list = field(default_factory=list)
    titles: list = field(default_factory=list)
    dots: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    lines: list = field(default_factory=list)

    def column_of(self, mark):
        """The number of the column that a mark stands in, or None."""
        inside = [number for number, column in enumerate(self.columns) if abs(mark.x - column.x) < column.width / 2]
        return inside[0] if inside else None

    def called(self, text):
        """The one mark on which this is written."""
        (mark,) = self.written(text)
        return mark

    def written(self, text):
        """The marks on which this is written, from left to right."""
        return sorted((mark for mark in self.marks.values() if mark.text == text), key=lambda mark: mark.x)

    def line(self, tail, head):
        """The one line from one mark to another, each given by what is written on it."""
        (line,) = [line for line in self.lines if self.text_of(line) == (tail, head)]
        return line

    def text_of(self, line):
        return self.marks[line.tail].text, self.marks[line.head].text


def read(diagram):
    """Read a drawing's DOT text."""
    paper = Paper()
    kinds = {"c": paper.columns, "t": paper.titles, "d": paper.dots}
    for statement in diagram.source.splitlines():
        found = STATEMENT.match(statement)
        if found is None or found[1] in ("graph", "node", "edge"):
            continue
        attributes = {key: quoted or label or bare for key, quoted, label, bare in ATTRIBUTE.findall(found[3] or "")}
        if found[2]:
            paper.lines.append(_line(found[1], found[2], attributes))
        elif "pos" in attributes:
            sign = _sign(found[1], attributes)
            if found[1][0] in "np":  # a node, or a chip beside it
                paper.marks[sign.name] = sign
            elif found[1][0] not in kinds and "fontsize" in attributes:
                paper.notes.append(_words(attributes, "pos", float(attributes["fontsize"])))
            else:
                kinds.get(found[1][0], paper.notes).append(sign)
    return paper


def plain(label):
    """A label's text without its markup; a subscript follows "_", a superscript "^"."""
    label = re.sub(r"<SUB>", "_", label)
    label = re.sub(r"<SUP>", "^", label)
    label = re.sub(r"<BR/>", " ", label)
    text = html.unescape(re.sub(r"<[^>]*>", "", label))
    return text.replace("\\\\", "\\").replace("\xa0", " ")


def _sign(name, attributes):
    x, y = map(float, attributes["pos"].split(","))
    return Sign(
        name, x, y, 72 * float(attributes["width"]), 72 * float(attributes.get("height", attributes["width"])),
        attributes.get("shape", "circle") in ("circle", "point"), plain(attributes.get("label", "")),
        attributes.get("color", ""), "dashed" in attributes.get("style", ""),
        name[0] == "n" and attributes["fillcolor"] == attributes["color"],
        attributes.get("fillcolor", ""), _norm(attributes),
    )  # fmt: skip


def _line(tail, head, attributes):
    tip, places = None, []
    for word in attributes.get("pos", "").split():
        if word.startswith("e,"):
            tip = tuple(map(float, word[2:].split(",")))
        else:
            places.append(tuple(map(float, word.split(","))))
    return Line(
        tail, head, tuple(_curve(places)), tip, float(attributes.get("penwidth", 1)),
        "dashed" in attributes.get("style", ""), plain(attributes.get("label", "")), attributes.get("color", ""),
        _norm(attributes), _words(attributes, "lp", WEIGHTS) if "lp" in attributes else None,
    )  # fmt: skip


def _words(attributes, place, size):
    """A text by itself, as large as its letters, not as the room that Graphviz has for it."""
    x, y = map(float, attributes[place].split(","))
    rows = [
        sum(
            width((Run(plain(script or base)),), size * (SCRIPT_SIZE if tag else 1))
            for tag, script, base in re.findall(r"<(SUB|SUP)>(.*?)</\1>|([^<>]+)(?=<|$)", row)
        )
        for row in attributes["label"].split("<BR/>")
    ]
    height = size * (LETTERS / WEIGHTS + len(rows) - 1)
    return Sign("", x, y, max(rows), height, False, plain(attributes["label"]), "", False, False)


def _norm(attributes):
    """The norm of an adjoint, where one is noted."""
    return float(attributes["norm"]) if "norm" in attributes else None


def _curve(places, pieces=24):
    """Points along joined cubic curves, closely spaced."""
    if not places:
        return []
    points = [places[0]]
    for start in range(0, len(places) - 3, 3):
        a, b, c, d = places[start : start + 4]
        for k in range(1, pieces + 1):
            t = k / pieces
            u = 1 - t
            points.append(
                tuple(
                    u**3 * p + 3 * u * u * t * q + 3 * u * t * t * r + t**3 * s
                    for p, q, r, s in zip(a, b, c, d, strict=True)
                )
            )
    return points


# ---------------------------------------------------------------------- what is wrong with it


def overlaps(paper, room=2.0):
    """The pairs of marks that come closer to each other than `room`."""
    marks = sorted(paper.marks.values(), key=lambda mark: mark.left)
    found = []
    for number, mark in enumerate(marks):
        for other in marks[number + 1 :]:
            if other.left >= mark.right + room:
                break
            if mark.bottom < other.top + room and other.bottom < mark.top + room:
                found.append((mark.text, other.text))
    return found


def collisions(paper, room=1.0):
    """The lines that run through a mark that is not at one of their ends, as (tail, head, mark)."""
    found = []
    for line in paper.lines:
        if not line.points:
            continue
        xs, ys = zip(*line.points, strict=True)
        left, right, bottom, top = min(xs) - room, max(xs) + room, min(ys) - room, max(ys) + room
        for mark in paper.marks.values():
            near = left < mark.right and mark.left < right and bottom < mark.top and mark.bottom < top
            is_other = mark.name not in (line.tail, line.head)
            if near and is_other and any(mark.distance(*point) < room for point in line.points):
                found += [(*paper.text_of(line), mark.text)]
    return found


def loose_ends(paper, slack=1.7):
    """The lines that end neither at the edge of their own marks, nor at a dot on another line, nor at a gap."""
    found = []
    for line in paper.lines:
        if not line.points:
            continue
        start, end = line.ends
        on_dot = any(math.dist(start, (dot.x, dot.y)) < slack for dot in paper.dots)
        starts = line.dashed or on_dot or abs(paper.marks[line.tail].distance(*start)) < slack
        joins = line.norm is not None and any(math.dist(end, (dot.x, dot.y)) < slack for dot in paper.dots)
        is_open = line.tip is None and line.dashed
        joins = joins or (line.tip is None and any(math.dist(end, (dot.x, dot.y)) < slack for dot in paper.dots))
        ends = is_open or joins or abs(paper.marks[line.head].distance(*end)) < slack
        if not (starts and ends):
            found.append(paper.text_of(line))
    return found


def shadows(paper, room=0.8, shortest=5.0, longest=12.0):
    """The pairs of lines of which one runs behind the other for a while, though they have nothing in common.

    Lines from one mark may run together, and lines to one mark; those that join the same two marks do. Where one
    leads to the mark that the other comes from they may meet for a little longer. Dashed lines all come from the
    gap, or lead into it.
    """
    ends = {(line.tail, line.head) for line in paper.lines}

    @cache
    def may_share(one, other):
        return one == other or _have_in_common(paper.lines[one], paper.lines[other], ends)

    near = defaultdict(list)
    for number, line in enumerate(paper.lines):
        for piece in _pieces(line):
            near[round(piece.x / 3), round(piece.y / 3)].append((number, piece))
    shared = Counter()
    for (column, row), here in near.items():
        around = [found for dx in (-1, 0, 1) for dy in (-1, 0, 1) for found in near.get((column + dx, row + dy), ())]
        for number, piece in here:
            foreign = ((other, there) for other, there in around if not may_share(number, other))
            for other in {other for other, there in foreign if _is_along(piece, there, room)}:
                shared[number, other] += piece.length
    pairs = [(paper.lines[one], paper.lines[other], length) for (one, other), length in shared.items() if one < other]
    return [
        (paper.text_of(one), paper.text_of(other))
        for one, other, length in pairs
        if length > (longest if one.head == other.tail or one.tail == other.head else shortest)
    ]


def _have_in_common(one, other, ends):
    """Whether two lines may share a part of their way: a mark, the gap, or that each's mark leads to the other's."""
    if one.tail == other.tail or one.head == other.head or {one.tail, one.head} == {other.tail, other.head}:
        return True
    through_gap = one.tail == one.head or other.tail == other.head
    both = ((one.tail, other.head) in ends) + ((other.tail, one.head) in ends) >= 2 - through_gap
    return both or (one.dashed and other.dashed)


@dataclass(frozen=True)
class Piece:
    """A short piece of a line: its middle, its direction and its length."""

    x: float
    y: float
    along: tuple
    length: float


def _pieces(line):
    """A line cut into pieces of at most two points."""
    points = [*line.points, line.tip] if line.tip else line.points
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        length = math.hypot(to_x - x, to_y - y)
        count = math.ceil(length / 2)
        for k in range(count if length > 0.05 else 0):
            part = (k + 0.5) / count
            along = (to_x - x) / length, (to_y - y) / length
            yield Piece(x + part * (to_x - x), y + part * (to_y - y), along, length / count)


def _is_along(one, other, room):
    """Whether two pieces lie beside each other, closer than `room`, and in one direction or its opposite."""
    dx, dy = other.x - one.x, other.y - one.y
    aside, ahead = abs(dx * one.along[1] - dy * one.along[0]), abs(dx * one.along[0] + dy * one.along[1])
    turned = abs(one.along[0] * other.along[1] - one.along[1] * other.along[0])
    return aside < room and ahead < 2 and turned < 0.1


def outside(paper):
    """The marks of a column that reach beyond its edges."""
    found = []
    for mark in paper.marks.values():
        number = paper.column_of(mark)
        if number is not None and not mark.is_delay:
            column = paper.columns[number]
            inside = column.left <= mark.left and mark.right <= column.right
            if not (inside and column.bottom <= mark.bottom and mark.top <= column.top):
                found.append(mark.text)
    return found


def illegible(paper, room=0.5):
    """The texts beside lines that touch a mark, a line or another text, as (text, what it touches)."""
    found, texts = [], [line.label for line in paper.lines if line.label]
    for number, text in enumerate(texts):
        for other in (*paper.marks.values(), *paper.notes, *texts[:number]):
            across, up = abs(text.x - other.x), abs(text.y - other.y)
            if 2 * across < text.width + other.width + room and 2 * up < text.height + other.height + room:
                found.append((text.text, other.text))
        found += [(text.text, paper.text_of(line)) for line in paper.lines if _gap(text, line) < room]
    return found


def misplaced(paper, room=0.5):
    """The texts beside lines that stand nearer to another line than to their own, as (text, the other line)."""
    found = []
    for line in paper.lines:
        if line.label:
            own, ends = _gap(line.label, line), {line.tail, line.head}
            others = (other for other in paper.lines if {other.tail, other.head} != ends)
            found += [
                (line.label.text, paper.text_of(other)) for other in others if _gap(line.label, other) < own - room
            ]
    return found


def _gap(text, line):
    """How far a line runs from a text; negative where it runs through it."""
    if not line.points:
        return math.inf
    across, up = abs(line.places - (text.x, text.y)).T - [[text.width / 2], [text.height / 2]]
    outside = np.hypot(np.maximum(across, 0), np.maximum(up, 0))
    return (outside + np.minimum(np.maximum(across, up), 0)).min()


def faults(diagram):
    """All that is wrong with a drawing: empty for a good one."""
    paper = read(diagram)
    return {
        name: wrong
        for name, wrong in (
            ("overlaps", overlaps(paper)),
            ("collisions", collisions(paper)),
            ("shadows", shadows(paper)),
            ("loose ends", loose_ends(paper)),
            ("outside", outside(paper)),
            ("illegible", illegible(paper)),
            ("misplaced", misplaced(paper)),
        )
        if wrong
    }
