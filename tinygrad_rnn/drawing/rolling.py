"""A scene rolled up: what every step does, once; what is carried comes back to it through a delay."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tinygrad_rnn.drawing.label import Run, Script, Text
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Carrier, Link, Mark, Scene
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph.rolled import label_in_common

VARYING = "…"
"""What is written for what differs from step to step by no rule."""

Likes = dict[Hashable, dict[Mark, list[Link]]]
"""For links that are alike those of each step, by the mark that they lead to."""


def roll_scene(scene: Scene) -> Scene:
    """The rolled form of a scene, with the time step as t and a mark for each delay.

    Only what repeats is shown, as in the textbooks: marks and links that at least half of the steps have. Where a
    mark reads in at least half of them something that is not shown, an open line stands for it. What stands before
    the first step or after the last, such as initial states, is left out. A text is written with t where that is
    true of all steps, as in x_t; what else differs from step to step is "…", as in E[…] for E[2], E[0], E[3].

    Raises:
        SettingError: nothing repeats; or there are steps of different kinds, as an encoder's and a decoder's are.
    """
    return _Roller(scene).roll()


def repeated_part(scene: Scene, rolled: Scene) -> Scene:
    """The part of an unrolled scene that its rolled form shows: what gives every mark and line its place.

    Lines to what stands after the last step are in it, unless their values are carried: these have loops instead.
    """
    roles = {mark.role for mark in rolled.blocks[rolled.steps[0]]}
    carried = {link.carrier.role for link in rolled.links if link.carrier is not None}
    shown = {_alike(link) for link in rolled.links}
    ends = [link for link in scene.links if link.target is not None and link.target.time == AFTER]
    links = [link for link in scene.links if _alike(link) in shown and _is_usual(link)]
    links += [link for link in ends if _role(link.source) in roles - carried]
    blocks = {time: [mark for mark in marks if mark.role in roles] for time, marks in scene.blocks.items()}
    return replace(scene, blocks=blocks, links=[*links, *(link for link in rolled.links if link.source is None)])


def _alike(link: Link) -> tuple[Hashable, Hashable]:
    """What is equal for links that are the same link in different steps: what it comes from and what it leads to."""
    start = link.carrier or (None if link.source is None else link.source.role)
    return start, None if link.target is None else link.target.role


def _role(mark: Mark | None) -> Hashable:
    return None if mark is None else mark.role


def _is_usual(link: Link) -> bool:
    """Whether a link leads to a step, and if it is carried, from what it is the line of or from outside the steps."""
    if link.target is None or link.target.role is None:
        return False
    return link.carrier is None or _role(link.source) in (None, link.carrier.role)


class _Roller:
    """Makes one mark of those of each role, and one link of those that are alike."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.least = 2 if len(scene.steps) > 2 else 1  # in how many steps there is what repeats
        self.half = max(self.least, math.ceil(len(scene.steps) / 2))
        self.time = scene.steps[0]
        self.members: dict[Hashable, list[Mark]] = defaultdict(list)
        for time in scene.steps:
            for mark in scene.blocks[time]:
                self.members[mark.role].append(mark)
        self.marks = {role: self._mark(marks) for role, marks in self.members.items() if len(marks) >= self.half}
        self.likes = self._find_likes()
        self.delays: dict[Carrier, Mark] = {}

    def roll(self) -> Scene:
        if not self.marks:
            raise SettingError("no two time steps of this graph are alike, so that none can stand for all")
        self._check_kinds()
        usual = [steps for steps in self.likes.values() if len(steps) >= self.half]
        links = [link for steps in usual for link in self._links(steps)]
        links += self._open_links(links)
        blocks = {BEFORE: [], self.time: list(self.marks.values()), AFTER: list(self.delays.values())}
        omits = len(self.marks) < len(self.members) or len(usual) < len(self.likes)
        return replace(self.scene, blocks=blocks, links=links, hidden={}, is_rolled=True, omits=omits)

    def _find_likes(self) -> Likes:
        """The links between marks that are shown, or from what is carried of them."""
        likes: Likes = defaultdict(lambda: defaultdict(list))
        for link in self.scene.links:
            start = _role(link.source) if link.carrier is None else link.carrier.role
            if link.target and {start, link.target.role} <= self.marks.keys() and _is_usual(link):
                likes[_alike(link)][link.target].append(link)
        return likes

    def _check_kinds(self) -> None:
        """Refuse steps of which several have what several others haven't, and the other way round."""
        occurring: dict[Hashable, set[float]] = defaultdict(set)
        for role, marks in self.members.items():
            for mark in marks:
                occurring[role, mark.text if mark.is_cell and mark.caption else None].add(mark.time)
        for ends, targets in self.likes.items():
            occurring[ends].update(target.time for target in targets)
        kinds = {frozenset(times) for times in occurring.values() if len(times) > 1}
        for some, others in itertools.combinations(sorted(kinds, key=sorted), 2):
            if not some & others:
                one, other = (", ".join(f"{time:.0f}" for time in sorted(kind)) for kind in (some, others))
                raise SettingError(
                    f"no time step can stand for all: steps like {one} differ from steps like {other}; "
                    'draw them with view="folded" or "unrolled"'
                )

    def _mark(self, marks: Sequence[Mark]) -> Mark:
        """The mark that stands for those of one role."""
        steps = [int(mark.time) for mark in marks]
        text = text_in_common([mark.text for mark in marks], steps)
        caption = text_in_common([mark.caption for mark in marks], steps)
        return replace(marks[-1], time=self.time, text=text, caption=caption)

    def _links(self, steps: Mapping[Mark, Sequence[Link]]) -> Iterator[Link]:
        """The links that stand for those of several steps, as many as half of them have; before them a delay's."""
        number = sorted(map(len, steps.values()))[-self.half]
        for place in range(number):
            found = [links[place] for links in steps.values() if len(links) > place]
            times = [int(target.time) for target, links in steps.items() if len(links) > place]
            example, weights = found[0], text_in_common([link.weights for link in found], times)
            assert example.target is not None
            target, carrier = self.marks[example.target.role], example.carrier
            if carrier is None:
                yield Link(self.marks[_role(example.source)], target, None, weights)
                continue
            if carrier not in self.delays:
                yield self._delay(carrier)
            yield Link(self.delays[carrier], target, carrier, weights)

    def _open_links(self, shown: Iterable[Link]) -> Iterator[Link]:
        """An open line to each mark that reads more in half of the steps than what is shown."""
        entering = Counter(link.target for link in shown)
        read = Counter(link.target for link in self.scene.links)
        for role, mark in self.marks.items():
            usual = sorted(read[like] for like in self.members[role])[-self.half]
            if entering[mark] < usual:
                yield Link(None, mark, Carrier(("open", role), 1))

    def _delay(self, carrier: Carrier) -> Link:
        """Make the mark of a delay; the link to it."""
        source = self.marks[carrier.role]
        stride = self.scene.stride
        text: Text = (Run(_distance(carrier.lag), "sans"),)
        if stride is not None:
            text = (Run("t", "italic"), Run(f"{-carrier.lag * stride:+d}".replace("-", "−")))
        self.delays[carrier] = Mark(source.node, False, None, text, AFTER, kind="delay")
        return Link(source, self.delays[carrier], carrier)


def _distance(lag: int) -> str:
    """Such as "previous", or "2 later"."""
    if abs(lag) == 1:
        return "previous" if lag > 0 else "next"
    return f"{abs(lag)} {'earlier' if lag > 0 else 'later'}"


def text_in_common(texts: Sequence[Text], steps: Sequence[int]) -> Text:
    """What the texts of several steps have in common, with the step as t and "…" for what differs.

    Texts of another form than half of them have, as a last step's may be, don't count.
    """
    ((form, number),) = Counter(map(_form, texts)).most_common(1)
    if 2 * number < len(texts):
        return (Run(VARYING),)
    alike = [(text, step) for text, step in zip(texts, steps, strict=True) if _form(text) == form]
    times = [step for _, step in alike]
    return tuple(_run_in_common(runs, times) for runs in zip(*(text for text, _ in alike), strict=True))


def _form(text: Text) -> tuple[Script, ...]:
    return tuple(run.script for run in text)


def _run_in_common(runs: Sequence[Run], steps: Sequence[int]) -> Run:
    texts, last = [run.text for run in runs], runs[-1]
    words = label_in_common(texts, steps)
    if words is None:
        return Run(_around(texts), last.style, last.script)
    is_letter = words != last.text and last.script != "base"
    return Run(words.replace("-", "−"), "italic" if is_letter else last.style, last.script)


def _around(texts: Sequence[str]) -> str:
    """The signs around what differs, as in […] for [2] and [10], with "…" for the words and numbers in which it is."""
    openings = [re.match(r"[^\w.−-]*", text) for text in texts]
    endings = [re.search(r"[^\w.−-]*$", text) for text in texts]
    before, after = ({found[0] for found in side if found is not None} for side in (openings, endings))
    return VARYING.join(signs.pop() if len(signs) == 1 else "" for signs in (before, after))
