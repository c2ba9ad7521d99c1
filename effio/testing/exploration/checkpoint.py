"""What a search has learned and has still to do, as plain data that JSON can hold, and back again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import attrs

from effio.testing.exploration.schedules.search import Branch, Counts, Node, Search
from effio.testing.exploration.schedules.token import Token, TokenMismatch
from effio.testing.exploration.simulation import Simulation, follow
from effio.testing.exploration.steps.footprints import Knowledge
from effio.testing.exploration.steps.stepping import Stepped

State: TypeAlias = Mapping[str, Any]
"""How far an exploration or a sweep came: what `json` can write and read."""

KIND: Final = "effio exploration"
SWEEP: Final = "effio sweep"
NAMES: Final = {KIND: "an exploration", SWEEP: "a sweep"}
VERSION: Final = 4

KNOWN: Final = ("cancelled", "decided", "exchanged", "overwritten", "tied")
"""The plain sets of `Knowledge`."""


class NotResumable(ValueError):
    """A search cannot be gone on with: it is of another program, or was made with other options."""

    def __init__(self, problem: str, *notes: str) -> None:
        super().__init__(problem)
        for note in notes:
            self.add_note(note)


def state_from(resume: State | str | Path, kind: str = KIND) -> State:
    """Read a state, from a file if it is the path of one; refuses what is none of this kind."""
    state = resume if isinstance(resume, Mapping) else parsed(Path(resume))
    if state.get("kind") != kind:
        raise NotResumable(f"cannot resume from what is not the state of {NAMES[kind]}")
    if state.get("version") != VERSION:
        raise NotResumable(f"cannot resume a state of version {state.get('version')!r}: this effio writes {VERSION}")
    return state


def parsed(path: Path) -> State:
    """What the file says; an empty state if it is no JSON object."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return cast("State", found) if isinstance(found, dict) else {}


def save_state(path: str | Path, state: State) -> None:
    """Write a state to a file, all of it or nothing."""
    part = Path(f"{path}.part")
    part.write_text(json.dumps(state, separators=(",", ":")), encoding="utf-8")
    part.replace(path)


def same_options(state: State, options: State) -> None:
    """Refuse to go on with other options than those of the state."""
    for name, now in options.items():
        then = state["options"][name]
        if then != now:
            raise NotResumable(f"cannot resume with {name}={now!r} what was begun with {name}={then!r}")


def run_again(system: Stepped, token: str) -> Simulation:
    """A run of an earlier call; if there is none any more, the program has changed."""
    try:
        return follow(system, Token.parse(token))
    except TokenMismatch as mismatch:
        where = "" if mismatch.turn is None else f", at turn {mismatch.turn}"
        raise NotResumable(
            f"cannot resume the exploration of another program{where}: {mismatch.text}",
            "a program that was changed has to be explored from the beginning",
        ) from None


# -- What is left to do --------------------------------------------------------------------------------------


def plain_search(search: Search) -> State:
    """The branches that wait, with the states that they begin in; a set of steps is written in hexadecimal."""
    numbers: dict[Node | None, int] = {None: -1}
    rows: list[list[Any]] = []
    for branch in search.branches:
        for node in path_to(branch[4], numbers):
            numbers[node] = len(rows)
            rows.append(plain_node(node, numbers[node.parent]))
    return {
        "counts": attrs.asdict(search.counts),
        "sequence": search.sequence,
        "nodes": rows,
        "branches": [[*branch[:4], numbers[branch[4]]] for branch in search.branches],
    }


def path_to(node: Node | None, known: Mapping[Node | None, int]) -> list[Node]:
    """The states on the way to a node that are not known yet, the first one first."""
    path: list[Node] = []
    while node is not None and node not in known:
        path.append(node)
        node = node.parent
    path.reverse()
    return path


def plain_node(node: Node, parent: int) -> list[Any]:
    """A state by the number of the one before it; how many preemptions led there follows from that."""
    return [
        parent,
        node.thread,
        f"{node.before:x}",
        f"{node.needs:x}",
        node.planned,
        node.asleep,
        node.ready,
        node.busy,
    ]


def restore_search(search: Search, state: State) -> None:
    """Let a new search go on where another one stopped."""
    nodes: list[Node] = []
    parent: int
    for parent, thread, before, needs, *sets in state["nodes"]:
        node = Node(nodes[parent] if parent >= 0 else None, thread, int(before, 16), int(needs, 16))
        node.planned, node.asleep, node.ready, node.busy = sets
        nodes.append(node)
    branches: list[Branch] = [(*rest, nodes[index]) for *rest, index in state["branches"]]
    search.branches = branches
    search.sequence = state["sequence"]
    search.counts = Counts(**state["counts"])


# -- What was learned ----------------------------------------------------------------------------------------


def plain_system(system: Stepped) -> State:
    """The numbers of the fibers, and what was learned about them."""
    return {
        "places": [[*place, thread] for place, thread in system.places.items()],
        "names": list(system.names),
        "cancellable": sorted(system.cancellable),
        "sightings": dict(system.sightings),
        "knowledge": plain_knowledge(system.knowledge),
    }


def plain_knowledge(knowledge: Knowledge) -> State:
    """What counts, and as `news` what counts from the next run on."""
    return {
        **{name: sorted(getattr(knowledge, name)) for name in KNOWN},
        "effects": [[place, sorted(effects)] for place, effects in sorted(knowledge.effects.items())],
        "news": [[*shelf_of(knowledge, shelf), what] for shelf, what in knowledge.news],
    }


def shelf_of(knowledge: Knowledge, shelf: set[Any]) -> tuple[str, Any]:
    """The name of one of the sets that make up what is known."""
    for name in KNOWN:
        if shelf is getattr(knowledge, name):
            return name, None
    return "effects", next(place for place, effects in knowledge.effects.items() if shelf is effects)


def restore_system(system: Stepped, state: State) -> None:
    """Let a new system know what another one had learned."""
    system.places.update({(owner, ordinal, index): thread for owner, ordinal, index, thread in state["places"]})
    system.names[:] = state["names"]
    system.cancellable.update(state["cancellable"])
    system.sightings.update(state["sightings"])
    restore_knowledge(system.knowledge, state["knowledge"])


def restore_knowledge(knowledge: Knowledge, state: State) -> None:
    """Let a run know what counts, and what counts from the next one on."""
    for name in KNOWN:
        getattr(knowledge, name).update(state[name])
    for place, effects in state["effects"]:
        knowledge.effects[place_of(place)] = {effect_of(effect) for effect in effects}
    for name, place, what in state["news"]:
        if name == "effects":
            knowledge.learn(place_of(place), effect_of(what))
        else:
            knowledge.note(getattr(knowledge, name), what)


def place_of(pair: Any) -> tuple[int, int]:
    """A place that JSON turned into a list."""
    thread, number = pair
    return thread, number


def effect_of(pair: Any) -> tuple[str, tuple[int, int]]:
    """An effect that JSON turned into a list."""
    kind, place = pair
    return kind, place_of(place)
