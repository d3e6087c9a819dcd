"""Trunks: lines above the columns, to which lines from several steps rise, or from which they come down.

What one mark outside the steps reads of several of them, as the sum of a parameter's gradients does, comes along
one line; so does what several steps read of one mark. Marks of several steps that are read by the same marks of
other steps share a line as well, as the states do to which a decoder attends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping

from tinygrad_rnn.drawing.scene import AFTER, BEFORE, Carrier, Link, Mark, Role, Scene, Trunk
from tinygrad_rnn.node import Tensor

Leads = Mapping[Mark, Collection[Mark]]
"""For each of some marks, those that it leads to."""


def join_trunks(scene: Scene, hidden: Iterable[Tensor]) -> None:
    """Let links that belong to trunks be carried by them.

    Args:
        scene: what is shown.
        hidden: the nodes of steps that are left out.
    """
    _join_outside(scene)
    _join_steps(scene, hidden)


# ---------------------------------------------------------------------- between a mark outside the steps and steps


def _join_outside(scene: Scene) -> None:
    """Make trunks of the links that join one mark outside the steps to several of them, for each role its own.

    What a role starts from belongs to it.
    """
    links: dict[tuple[Mark, Hashable], list[Link]] = defaultdict(list)
    starts: dict[Mark | None, Hashable] = {
        link.source: link.carrier.role
        for link in scene.links
        if link.carrier is not None and link.source is not None and link.source.time == BEFORE
        if link.target is not None and link.target.role is not None
    }
    for link in scene.links:
        source, target, carrier = link.source, link.target, link.carrier
        if carrier is not None and target is not None:
            if target.time == AFTER:
                links[target, starts.get(source, carrier.role)].append(link)
            elif source is not None and target.role is not None and carrier.role is source:
                links[source, None].append(link)
    for (mark, role), members in links.items():
        gathers = role is not None
        ends = [link.source if gathers else link.target for link in members]
        if len({None if end is None else end.time for end in ends} & {None, *scene.positions}) > 1:
            trunk = Trunk(target=mark, role=_common_role(ends)) if gathers else Trunk(source=mark)
            _carry(members, trunk)


def _common_role(marks: Iterable[Mark | None]) -> Role | None:
    """The role of all marks that are shown, if it is one."""
    roles = {mark.role for mark in marks if mark is not None}
    return roles.pop() if len(roles) == 1 else None


def _carry(links: Iterable[Link], trunk: Trunk) -> None:
    """Let a trunk carry links."""
    for link in links:
        assert link.carrier is not None
        link.carrier = Carrier(trunk, link.carrier.lag)


# ---------------------------------------------------------------------- from steps to steps


def _join_steps(scene: Scene, hidden: Iterable[Tensor]) -> None:
    """Make trunks of the links that join several marks to the same marks of other steps."""
    joined: dict[Mark, dict[Mark, Trunk]] = defaultdict(dict)
    for sources, targets in _find_meshes(scene):
        trunk = Trunk(role=_common_role(sources))
        for mark in sources:
            joined[mark] |= dict.fromkeys(targets, trunk)
    from_gaps = [link for link in scene.links if link.source is None]
    joining: dict[tuple[Mark, Trunk], list[Link]] = defaultdict(list)
    for link in scene.links:
        source, target = link.source, link.target
        if source is not None and target is not None and target in joined.get(source, ()):
            joining[target, joined[source][target]].append(link)
    for (_, trunk), links in joining.items():
        usual = Counter(link.weights for link in links).most_common(1)[0][0]
        _carry([link for link in links if link.weights == usual], trunk)  # beside another line there are others
    carriers = {link.carrier for link in scene.links if link.source is not None}
    into = {target: trunk for trunks in joined.values() for target, trunk in trunks.items()}
    for link in from_gaps:
        if link.target is not None and link.target in into and link.carrier not in carriers:
            _carry([link], into[link.target])
    scene.links += _into_gaps(joined, hidden)


def _find_meshes(scene: Scene) -> Iterator[tuple[Collection[Mark], Collection[Mark]]]:
    """Marks of steps, and marks of other steps to each of which each of the former leads."""
    leads: dict[Hashable, dict[Mark, dict[Mark, None]]] = defaultdict(lambda: defaultdict(dict))
    for link in scene.links:
        source, target = link.source, link.target
        if source is not None and target is not None and source.role and target.role and source.time != target.time:
            leads[source.role, target.role][source][target] = None
    by_sources: dict[frozenset[Mark], dict[Mark, None]] = defaultdict(dict)
    for part in leads.values():
        for sources, targets in _complete(part):
            by_sources[frozenset(sources)] |= dict.fromkeys(targets)
    by_targets: dict[frozenset[Mark], dict[Mark, None]] = defaultdict(dict)
    for alike, read_by in by_sources.items():
        by_targets[frozenset(read_by)] |= dict.fromkeys(alike)
    for alike, read in by_targets.items():
        yield read, alike


def _complete(leads: Leads) -> Iterator[tuple[Collection[Mark], Collection[Mark]]]:
    """Those marks that lead to the same marks, to which no others lead; more than one to one.

    Where several lead to several, marks that lead nowhere else may lead there too, as a decoder's state before does.
    What is read from one and from three steps before is no case of this.
    """
    together: dict[frozenset[Mark], list[Mark]] = defaultdict(list)
    readings = Counter(target for targets in leads.values() for target in targets)
    for source, targets in leads.items():  # what it alone leads to is carried as usual
        together[frozenset(target for target in targets if readings[target] > 1) or frozenset(targets)].append(source)
    only_there: Counter[Mark] = Counter()
    for targets, sources in together.items():
        if len(targets) == 1:
            only_there.update(dict.fromkeys(targets, len(sources)))
    for targets, sources in together.items():
        several = len(sources) > 1 and len(targets) > 1
        least = 2 if len(targets) > 1 or all(len(leads[source]) == 1 for source in sources) else 3
        others = {target: readings[target] - len(sources) - several * only_there[target] for target in targets}
        if len(sources) * len(targets) >= least and not any(others.values()):
            yield sources, targets


def _into_gaps(joined: Mapping[Mark, Mapping[Mark, Trunk]], hidden: Iterable[Tensor]) -> Iterator[Link]:
    """Lines of the sources of trunks that steps left out read as well: two of them at once, or the only one."""
    marks = {mark.node: mark for mark in joined}
    found: dict[tuple[Mark, Trunk], None] = {}
    for node in hidden:
        read: dict[Trunk, dict[Mark, None]] = defaultdict(dict)
        for source in node.inputs:
            if (mark := marks.get(source)) is not None:
                for trunk in joined[mark].values():
                    read[trunk][mark] = None
        for trunk, sources in read.items():
            alone = sum(trunk in trunks.values() for trunks in joined.values()) == 1
            if alone or len(sources) > 1:
                found |= dict.fromkeys((mark, trunk) for mark in sources)
    for mark, trunk in found:
        yield Link(mark, None, Carrier(trunk, 1))
