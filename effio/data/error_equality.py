"""When two errors are the same: exceptions by type and fields, unless their class compares them itself."""

from __future__ import annotations

from typing import final

import attrs

from effio.data.errors import members_of

UNCOMPARED = ("__effio_mark__", "__notes__")


@final
@attrs.frozen(eq=False)
class ErrorKey:
    """Compares and hashes an error of any kind, also one that was pickled or cannot be hashed."""

    error: object

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ErrorKey):
            return NotImplemented
        pending: list[tuple[object, object]] = [(self.error, other.error)]
        while pending:
            mine, theirs = pending.pop()
            if mine is theirs:
                continue
            if not _same_apart_from_members(mine, theirs):
                return False
            pending += zip(_members(mine), _members(theirs), strict=True)
        return True

    def __hash__(self) -> int:
        error = self.error
        if not isinstance(error, BaseException) or _compares_itself(error):
            return _hash_or(0, error)
        kind = hash(type(error))
        return kind if _members(error) else _hash_or(kind, (kind, error.args))


def _hash_or(default: int, value: object) -> int:
    try:
        return hash(value)
    except TypeError:
        return default


def _compares_itself(error: BaseException) -> bool:
    return type(error).__eq__ is not object.__eq__


def _members(error: object) -> tuple[BaseException, ...]:
    """Return what equality looks into: the members of a group that does not compare itself."""
    return () if type(error).__eq__ is not object.__eq__ else members_of(error)


def _same_apart_from_members(mine: object, theirs: object) -> bool:
    if not (isinstance(mine, BaseException) and isinstance(theirs, BaseException)) or _compares_itself(mine):
        return bool(mine == theirs)
    if type(mine) is not type(theirs) or len(_members(mine)) != len(_members(theirs)):
        return False
    if _members(mine):
        return str(mine) == str(theirs)
    return mine.args == theirs.args and _fields(mine) == _fields(theirs)


def _fields(error: BaseException) -> dict[str, object]:
    return {name: value for name, value in vars(error).items() if name not in UNCOMPARED}
