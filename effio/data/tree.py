"""Trees of any depth: loops with a stack of their own, so that no recursion limit applies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import attrs

Node = TypeVar("Node")
Result = TypeVar("Result")

PARTS = "causes"

REPR_NODES = 12
REPR_PARTS = 6
NOT_SHOWN = frozenset({"at", "children", "scope", "when"})


def leaves(root: Node, parts: Callable[[Node], Sequence[Node]]) -> Iterator[Node]:
    """Yield the nodes without parts, from left to right."""
    pending = [root]
    while pending:
        node = pending.pop()
        below = parts(node)
        if below:
            pending.extend(reversed(below))
        else:
            yield node


def post_order(root: Node, parts: Callable[[Node], Sequence[Node]]) -> list[Node]:
    """List every node after all of its parts, the parts from left to right."""
    backwards: list[Node] = []
    pending = [root]
    while pending:
        node = pending.pop()
        backwards.append(node)
        pending.extend(parts(node))
    backwards.reverse()
    return backwards


def fold(
    root: Node,
    parts: Callable[[Node], Sequence[Node]],
    combine: Callable[[Node, tuple[Result, ...]], Result],
) -> Result:
    """Combine every node with the results of its parts, deepest first."""
    results: list[Result] = []
    for node in post_order(root, parts):
        start = len(results) - len(parts(node))
        below = tuple(results[start:])
        del results[start:]
        results.append(combine(node, below))
    return results[0]


# -- Values that are trees ----

PickledNode: TypeAlias = tuple[Callable[..., "Tree"], int, dict[str, object]]


class Tree(ABC):
    """A value made of parts of its own kind: comparing, hashing, showing and pickling it never recurses.

    Its classes are made by attrs; where there are parts, they are the field `causes`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def parts(self) -> tuple[Tree, ...]:
        """The nodes directly inside this one; a leaf has none."""

    def _key(self) -> object:
        """Return what makes this node equal to another, its class and its parts apart."""
        return None

    def _name(self) -> str:
        """Return the repr of a leaf, or what stands before the parts of a node."""
        return type(self).__name__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return NotImplemented
        pending: list[tuple[Tree, Tree]] = [(self, other)]
        while pending:
            mine, theirs = pending.pop()
            if mine is theirs:
                continue
            if type(mine) is not type(theirs) or len(mine.parts) != len(theirs.parts):
                return False
            if mine._key() != theirs._key():
                return False
            pending += zip(mine.parts, theirs.parts, strict=True)
        return True

    def __hash__(self) -> int:
        def combine(node: Tree, below: tuple[int, ...]) -> int:
            return hash((type(node), node._key(), below))

        return fold(self, parts_of, combine)

    def __repr__(self) -> str:
        shown: list[str] = []
        pending: list[Tree | str] = [self]
        nodes = 0
        while pending:
            item = pending.pop()
            if isinstance(item, str):
                shown.append(item)
                continue
            nodes += 1
            shown.append(item._name())
            pending += _repr_of_parts(item.parts, shortened=nodes > REPR_NODES)
        return "".join(shown)

    def __rich_repr__(self) -> Iterator[object]:
        # Rich recurses: what is deeper than the parts is shown by its own repr, which is bounded.
        for part in self.parts[:REPR_PARTS]:
            yield AsText(repr(part)) if part.parts else part
        if len(self.parts) > REPR_PARTS:
            yield AsText(f"… {len(self.parts) - REPR_PARTS} more")
        for name, value in _options(self).items():
            if name not in NOT_SHOWN and value is not None:
                yield name, value

    def __reduce__(self) -> tuple[object, ...]:
        nodes: list[PickledNode] = [
            (type(node), len(node.parts), _options(node)) for node in post_order(self, parts_of)
        ]
        return (_assemble, (nodes,))


class AsText:
    """Something whose repr is this text; no attrs class, since rich would show the fields of one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def parts_of(node: Tree) -> tuple[Tree, ...]:
    """Return the parts of a node."""
    return node.parts


def check_parts(node: Tree, *, at_least: int) -> None:
    """Raise unless a node has enough parts, and nothing but trees among them."""
    kind = type(node).__name__
    for part in node.parts:
        if not isinstance(cast("object", part), Tree):
            raise TypeError(f"a {kind} holds {PARTS}, not {part!r}")
    if len(node.parts) < at_least:
        problem = ValueError(f"a {kind} holds {at_least} or more {PARTS}, not {len(node.parts)}")
        problem.add_note("then(...) and both(...) leave out what is empty")
        raise problem


def _repr_of_parts(parts: Sequence[Tree], *, shortened: bool) -> list[Tree | str]:
    """List what follows a node's name, the end first."""
    if not parts:
        return []
    limit = 0 if shortened else REPR_PARTS
    rest = len(parts) - limit
    items: list[Tree | str] = [")"]
    if rest > 0:
        items.append(f"… {rest} more")
    for index, part in reversed(list(enumerate(parts[:limit]))):
        separated = index < min(limit, len(parts)) - 1 or rest > 0
        items += [", ", part] if separated else [part]
    items.append("(")
    return items


def _options(node: Tree) -> dict[str, object]:
    fields: tuple[attrs.Attribute[object], ...] = attrs.fields(cast("type[attrs.AttrsInstance]", type(node)))
    return {field.name: getattr(node, field.name) for field in fields if field.init and field.name != PARTS}


def _assemble(nodes: Sequence[PickledNode]) -> Any:
    """Make a tree again from its nodes, every node after its parts."""
    made: list[Tree] = []
    for make, count, options in nodes:
        start = len(made) - count
        parts = tuple(made[start:])
        del made[start:]
        made.append(make(**{PARTS: parts}, **options) if count else make(**options))
    return made[0]
