"""What stands where on a drawing, read back from its DOT text alone."""

import html
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tinygrad_rnn.drawing.basics.label import SCRIPT_SIZE, Run, width

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

    def distance(self, *place):
        """How far a point lies outside the outline; negative inside."""
        return self.distances(np.array([place]))[0]

    def distances(self, places):
        """How far each of some points (n, 2) lies outside the outline; negative inside."""
        x, y = abs(places - (self.x, self.y)).T
        if self.round:
            return np.hypot(x, y) - self.width / 2
        across, up = x - self.width / 2, y - self.height / 2
        return np.hypot(np.maximum(across, 0), np.maximum(up, 0)) + np.minimum(np.maximum(across, up), 0)


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
    def pieces(self):
        """The middles, directions and lengths of its pieces of at most two points, as arrays (n, 2), (n, 2), (n,)."""
        start, way = self.corners[:-1], np.diff(self.corners, axis=0)
        length = np.hypot(*way.T)
        count = np.where(length > 0.05, np.ceil(length / 2), 0).astype(int)
        start, along, length, whole = (np.repeat(array, count, axis=0) for array in (start, way, length, count))
        part = (np.arange(len(whole)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / whole
        return start + part[:, None] * along, along / length[:, None], length / whole

    @property
    def places(self):
        """The middles of its pieces, as an array (n, 2)."""
        return self.pieces[0]

    @cached_property
    def corners(self):
        """All points and the tip, as an array (n, 2)."""
        return np.array([*self.points, *([self.tip] if self.tip else [])]).reshape(-1, 2)


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
    marks = [*paper.marks.values()]
    return [
        (*paper.text_of(line), mark.text)
        for mark, line in _close(marks, paper.lines, [room] * len(marks))
        if mark.name not in (line.tail, line.head) and mark.distances(line.corners[: len(line.points)]).min() < room
    ]


def _close(signs, lines, rooms):
    """The pairs of signs and lines of which the boxes around them come closer to each other than there is room."""
    lines = [line for line in lines if line.points]
    if not signs or not lines:
        return []
    place = np.array([(sign.x, sign.y) for sign in signs])
    half = np.array([(sign.width, sign.height) for sign in signs]) / 2 + np.array(rooms)[:, None]
    low, high = (np.array([edge(line.corners, axis=0) for line in lines]) for edge in (np.min, np.max))
    near = ((low < (place + half)[:, None]) & ((place - half)[:, None] < high)).all(axis=2)
    return [(signs[sign], lines[line]) for sign, line in np.argwhere(near)]


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
    number, places, along, lengths = _all_pieces(paper.lines)
    one, other = _neighbours(np.rint(places / 3).astype(int))
    apart_from = ~_may_share(paper.lines)[number[one], number[other]]
    one, other = one[apart_from], other[apart_from]
    between, way, turned = places[other] - places[one], along[one], _across(along[one], along[other])
    aside, ahead = abs(_across(between, way)), abs((between * way).sum(axis=1))
    beside = (aside < room) & (ahead < 2) & (abs(turned) < 0.1)
    shared = Counter()
    for piece, line in {*zip(one[beside].tolist(), number[other[beside]].tolist(), strict=True)}:
        shared[number[piece], line] += lengths[piece]
    pairs = [(paper.lines[one], paper.lines[other], length) for (one, other), length in shared.items() if one < other]
    return [
        (paper.text_of(one), paper.text_of(other))
        for one, other, length in pairs
        if length > (longest if one.head == other.tail or one.tail == other.head else shortest)
    ]


def _may_share(lines):
    """For each two lines whether they may share a part of their way, as a line and itself may.

    They have a mark in common, or the gap, or each comes from a mark that leads to the other's as well.
    """
    names = {name: number for number, name in enumerate({end for line in lines for end in (line.tail, line.head)})}
    tail = np.array([names[line.tail] for line in lines], int)
    head = np.array([names[line.head] for line in lines], int)
    leads = np.zeros((len(names), len(names)), bool)
    leads[tail, head] = True
    same_marks = (tail[:, None] == head) & (head[:, None] == tail)
    across = leads[tail[:, None], head].astype(int) + leads[tail[:, None], head].T
    loop, dashed = tail == head, np.array([line.dashed for line in lines], bool)
    both = across >= 2 - (loop[:, None] | loop)
    return (tail[:, None] == tail) | (head[:, None] == head) | same_marks | both | (dashed[:, None] & dashed)


def _all_pieces(lines):
    """For the pieces of all lines: the numbers of their lines, their middles, directions and lengths."""
    pieces = [line.pieces for line in lines] or [(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))]
    places, along, lengths = map(np.concatenate, zip(*pieces, strict=True))
    return np.repeat(np.arange(len(pieces)), [len(found) for found, _, _ in pieces]), places, along, lengths


def _neighbours(cells):
    """All pairs of those (n, 2) that stand in one cell of a grid, or in two that touch."""
    width = 2 * abs(cells).max(initial=0) + 3
    keys = cells[:, 0] * width + cells[:, 1]
    order = np.argsort(keys, kind="stable")
    ones, others = [], []
    for offset in (across * width + up for across in (-1, 0, 1) for up in (-1, 0, 1)):
        first = np.searchsorted(keys[order], keys + offset)
        count = np.searchsorted(keys[order], keys + offset, side="right") - first
        ones.append(np.repeat(np.arange(len(keys)), count))
        others.append(order[np.arange(count.sum()) + np.repeat(first - np.cumsum(count) + count, count)])
    return np.concatenate(ones), np.concatenate(others)


def _across(one, other):
    """The cross products of vectors (n, 2)."""
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


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
    near = _close(texts, paper.lines, [room] * len(texts))
    return found + [(text.text, paper.text_of(line)) for text, line in near if _gap(text, line) < room]


def misplaced(paper, room=0.5):
    """The texts beside lines that stand nearer to another line than to their own, as (text, the other line)."""
    owners = {line.label: line for line in paper.lines if line.label}
    away = {text: _gap(text, line) - room for text, line in owners.items()}
    return [
        (text.text, paper.text_of(other))
        for text, other in _close([*owners], paper.lines, [*away.values()])
        if {other.tail, other.head} != {owners[text].tail, owners[text].head} and _gap(text, other) < away[text]
    ]


def _gap(text, line):
    """How far a line runs from a text; negative where it runs through it."""
    return text.distances(line.places).min(initial=math.inf)


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
