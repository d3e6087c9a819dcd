"""A scene rolled up: what every step does, once; what is carried comes back to it through a delay."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from tinygrad_rnn.drawing.label import Run, Text
from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Carrier, Link, Mark, Scene
from tinygrad_rnn.errors import SettingError
from tinygrad_rnn.graph.rolled import label_in_common


def roll_scene(scene: Scene) -> Scene:
    """The rolled form of a scene, with the time step as t and a mark for each delay.

    Only what repeats is shown, as in the textbooks: what fewer than half of the steps have is left out, and so
    is what stands before the first step or after the last, such as initial states.

    Raises:
        SettingError: nothing repeats; or there are steps of different kinds, as an encoder's and a decoder's are.
    """
    return _Roller(scene).roll()


def without_ends(scene: Scene) -> Scene:
    """The scene without the lines of carried values to what stands after the last step: they have loops instead."""
    to_end = {link for link in scene.links if link.target is not None and link.target.time == AFTER}
    carried = {link.carrier.role for link in scene.links if link.carrier is not None and link not in to_end}
    kept = [link for link in scene.links if link not in to_end or _role(link.source) not in carried]
    return replace(scene, links=kept)


def _role(mark: Mark | None) -> Hashable:
    return None if mark is None else mark.role


class _Roller:
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
        self.delays: dict[Carrier, Mark] = {}

    def roll(self) -> Scene:
        if not self.marks:
            raise SettingError("no two time steps of this graph are alike, so that none can stand for all")
        self._check_kinds()
        links = [*self._links_within(), *self._loops()]
        blocks = {BEFORE: [], self.time: list(self.marks.values()), AFTER: list(self.delays.values())}
        return replace(self.scene, blocks=blocks, links=links, hidden={}, is_rolled=True)

    def _check_kinds(self) -> None:
        """Refuse steps of which several have what several others haven't, and the other way round."""
        occurring: dict[Hashable, list[float]] = defaultdict(list)
        for role, marks in self.members.items():
            for mark in marks:
                occurring[role, mark.text if mark.is_cell and mark.caption else None].append(mark.time)
        kinds = {frozenset(times) for times in occurring.values() if len(times) > 1}
        for some, others in itertools.combinations(sorted(kinds, key=sorted), 2):
            if not some & others:
                one, other = (", ".join(f"{time:.0f}" for time in sorted(kind)) for kind in (some, others))
                raise SettingError(
                    f"no time step can stand for all: steps like {one} differ from steps like {other}; "
                    'draw them with view="folded" or "unrolled"'
                )

    def _mark(self, marks: Sequence[Mark]) -> Mark:
        steps = [int(mark.time) for mark in marks]
        text = text_in_common([mark.text for mark in marks], steps)
        caption = text_in_common([mark.caption for mark in marks], steps)
        return replace(marks[-1], time=self.time, text=text, caption=caption)

    def _links_within(self) -> list[Link]:
        alike: dict[Hashable, dict[Mark, list[Link]]] = defaultdict(lambda: defaultdict(list))
        for link in self.scene.links:
            source, target = link.source, link.target
            within = link.carrier is None and source is not None and source.role in self.marks
            if within and source is not None and target is not None and target.role in self.marks:
                alike[source.role, target.role][target].append(link)
        return [
            Link(self.marks[link.source.role], self.marks[link.target.role], None, link.weights)
            for steps in alike.values()
            if len(steps) >= self.half
            for link in max(steps.values(), key=len)
            if link.source is not None and link.target is not None
        ]

    def _loops(self) -> list[Link]:
        """For each carried value the link to its delay, and those from the delay to where steps read it."""
        alike: dict[Hashable, dict[Mark, list[Link]]] = defaultdict(lambda: defaultdict(list))
        for link in self.scene.links:
            source, target, carrier = link.source, link.target, link.carrier
            if carrier is None or target is None or carrier.role not in self.marks or target.role not in self.marks:
                continue
            if source is None or source.role in (None, carrier.role):
                alike[carrier, target.role][target].append(link)
        links = []
        for steps in alike.values():
            for link in max(steps.values(), key=len):
                assert link.carrier is not None
                assert link.target is not None
                if link.carrier not in self.delays:
                    links.append(self._delay(link.carrier))
                delay = self.delays[link.carrier]
                links.append(Link(delay, self.marks[link.target.role], link.carrier, link.weights))
        return links

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
    """What the texts of several steps have in common, with the step as t; the last of them if that is nothing."""
    common = []
    for runs in zip(*texts, strict=False):
        words = label_in_common([run.text for run in runs], steps)
        if words is None or len(set(map(len, texts))) > 1:
            return texts[-1]
        is_letter = words != runs[-1].text and runs[-1].script != "base"
        common.append(Run(words.replace("-", "−"), "italic" if is_letter else runs[-1].style, runs[-1].script))
    return tuple(common)
