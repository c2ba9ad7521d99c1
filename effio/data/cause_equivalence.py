"""When two trees say the same: nesting flattened, and the order of what was side by side ignored."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Literal, TypeAlias, final

import attrs

Kind: TypeAlias = Literal["leaf", "then", "both"]


@final
@attrs.define(eq=False)
class Flat:
    """A flattened subtree: how its members belong together, and their numbers."""

    kind: Kind
    members: deque[int]


@final
@attrs.define(eq=False)
class Numbering:
    """Gives equal subtrees equal numbers, across all the trees that are read with it."""

    numbers: dict[Hashable, int] = attrs.field(factory=dict[Hashable, int])

    def leaf(self, leaf: Hashable) -> Flat:
        """Read a leaf."""
        return Flat("leaf", deque([self._number_of(leaf)]))

    def joined(self, kind: Literal["then", "both"], parts: Sequence[Flat]) -> Flat:
        """Read a node; parts of its own kind dissolve in it, and one part alone stands for itself."""
        if len(parts) == 1:
            return parts[0]
        # The longest part is extended in place: copying it would be quadratic in a deep tree.
        same = [index for index, part in enumerate(parts) if part.kind == kind]
        longest = max(same, key=lambda index: len(parts[index].members), default=0)
        members = parts[longest].members if same else deque([self.number(parts[0])])
        for part in reversed(parts[:longest]):
            members.extendleft(reversed(self._members(kind, part)))
        for part in parts[longest + 1 :]:
            members.extend(self._members(kind, part))
        return Flat(kind, members)

    def number(self, flat: Flat) -> int:
        """Name a whole subtree by one number."""
        if flat.kind == "leaf":
            return flat.members[0]
        ordered = flat.members if flat.kind == "then" else sorted(flat.members)
        return self._number_of((flat.kind, *ordered))

    def _members(self, kind: Kind, part: Flat) -> Sequence[int]:
        return part.members if part.kind == kind else (self.number(part),)

    def _number_of(self, key: Hashable) -> int:
        return self.numbers.setdefault(key, len(self.numbers))
