"""The words that are said in other words: a node for each, so that a program is shown as it was written.

`desugar` says each of them in the words of `primitive`. A wrong argument is refused when the node is built.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar, Literal, NoReturn, TypeAlias

import attrs

from effio.algebra.primitive import OnFailure
from effio.algebra.shape import (
    Again,
    Contest,
    Derived,
    Function,
    ManySources,
    OneSource,
    Program,
    TwoWays,
    WithFinalizer,
    WithFunction,
    WithItems,
    WithLimit,
    WithOther,
    WithSeconds,
    WithValue,
    Word,
    is_condition,
    is_function,
    is_function_or_none,
    is_program,
)
from effio.data.fiber_dump import FiberDump
from effio.data.origin import CallSite
from effio.schedule.schedule import Schedule

Strategy: TypeAlias = Literal["one_for_one", "one_for_all"]

# -- One after another ---------------------------------------------------------------------------------------


class Unit(Word[None]):
    """Succeed with None."""

    __slots__ = ()


class Tap(WithFunction):
    """Run `source`, then what `function` makes of its value; keep that value."""

    __slots__ = ()


class Zip(WithOther):
    """Run `source`, then `other`, and give both values."""

    __slots__ = ()


class Flatten(OneSource):
    """Run `source`, then the program that is its value."""

    __slots__ = ()


class AsValue(WithValue):
    """Run `source` and give `value` instead of its own."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class IfThen(Derived):
    """Run `if_true` or `if_false`, as `condition` says."""

    word: ClassVar[str] = "if_"
    condition: bool | Program = attrs.field(validator=is_condition)
    if_true: Program = attrs.field(validator=is_program)
    if_false: Program = attrs.field(validator=is_program)


class Collect(ManySources):
    """Run `ios` one after another and give the list of their values."""

    __slots__ = ()


class Traverse(WithItems):
    """Run what `function` makes of each of `items`, one after another, and give the list of values."""

    __slots__ = ()


class ZipAll(ManySources):
    """Run `ios` one after another and give the tuple of their values."""

    __slots__ = ()


class Repeat(Again):
    """Run `source`, then again as long as `schedule` says; give the last value."""

    __slots__ = ()


class Scheduled(Again):
    """Run `source`, then again as long as `schedule` says; give what that tells at the end."""

    __slots__ = ()


class Retry(Again):
    """Run `source`, again after typed failures as long as `schedule` says."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class RetryOrElse(Again):
    """Retry `source`; when `schedule` ends, run what `function` makes of the last error and of what that tells."""

    function: Function = attrs.field(validator=is_function)


@attrs.frozen(eq=False, repr=False)
class Retrying(Derived):
    """Run what `function` makes of the number of the attempt, again after typed failures as `schedule` says."""

    function: Function = attrs.field(validator=is_function)
    schedule: Schedule[Any, Any]


class Supervise(Again):
    """Run `source`, again after failures and bugs as long as `schedule` says."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class SuperviseAll(ManySources):
    """Run `ios` at once, each under its name; restart what fails, alone or all of them, as `schedule` says."""

    keys: tuple[Hashable, ...]
    schedule: Schedule[Any, Any]
    strategy: Strategy


class Memoize(OneSource):
    """Give a program that runs `source` once and has the same exit at every run."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class WithProgress(OneSource):
    """Run `source` and keep count of how far it is, under `label`, on the way to `total` (None: unknown)."""

    label: str
    total: float | None


# -- Failures ------------------------------------------------------------------------------------------------


class MapError(WithFunction):
    """Apply `function` to the typed errors of `source`."""

    __slots__ = ()


class CatchAll(WithFunction):
    """Go on with what `function` makes of the typed error of `source`."""

    __slots__ = ()


class CatchSome(WithFunction):
    """Go on with what `function` makes of the typed error of `source`, unless that is None."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class CatchOnly(WithFunction):
    """Go on with what `function` makes of the typed error of `source` if it is one of `exceptions`."""

    word: ClassVar[str] = "catch"
    exceptions: tuple[type[Any], ...]


class OrElse(WithOther):
    """Run `other` if `source` fails."""

    __slots__ = ()


class OrElseSucceed(WithValue):
    """Give `value` if `source` fails."""

    __slots__ = ()


class OrDie(OneSource):
    """Take every typed error of `source` for a defect."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class Refine(OneSource):
    """Take every typed error of `source` that is not one of `kept` for a defect."""

    kept: tuple[type[Any], ...]


class Either(OneSource):
    """Give the typed outcome of `source` as a value."""

    __slots__ = ()


class Absolve(OneSource):
    """Take on the outcome that is the value of `source`."""

    __slots__ = ()


class Flip(OneSource):
    """Exchange value and typed error of `source`."""

    __slots__ = ()


class FoldBoth(TwoWays):
    """Give what one of two functions makes of the typed outcome of `source`."""

    __slots__ = ()
    word: ClassVar[str] = "fold"


class FoldCause(TwoWays):
    """Give what one of two functions makes of the exit of `source`."""

    __slots__ = ()


class ToExit(OneSource):
    """Give the exit of `source` as a value."""

    __slots__ = ()
    word: ClassVar[str] = "exit"


class TapError(WithFunction):
    """Run what `function` makes of the typed error of `source`, and fail all the same."""

    __slots__ = ()


class Squashed(OneSource):
    """Fail with the primary error of `source` alone, the others being notes on it."""

    __slots__ = ()


# -- Finalizers ----------------------------------------------------------------------------------------------


class Ensuring(WithOther):
    """Run `other`, shielded, when `source` has ended."""

    __slots__ = ()


class OnCancel(WithFinalizer):
    """Run `finalizer`, shielded, when `source` was cancelled."""

    __slots__ = ()


class OnError(WithFinalizer):
    """Run `finalizer`, shielded, when `source` failed without being cancelled."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class Bracket(Derived):
    """Run `acquire`, shielded, what `use` makes of its value, and, shielded, what `release` makes of it.

    If it `sees_exit`, the release is given the exit of the use too.
    """

    acquire: Program = attrs.field(validator=is_program)
    use: Function = attrs.field(validator=is_function)
    release: Function = attrs.field(validator=is_function)
    sees_exit: bool = attrs.field(default=False, kw_only=True)


class Shielded(OneSource):
    """Run `source` protected from the scopes outside."""

    __slots__ = ()


# -- Time ----------------------------------------------------------------------------------------------------


class Now(Word[float]):
    """Give the time of the clock in seconds."""

    __slots__ = ()


class YieldNow(Word[None]):
    """Let the others run once."""

    __slots__ = ()


class EffectiveDeadline(Word[float]):
    """Give the earliest deadline around, infinite if there is none."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class SleepUntil(Derived):
    """Wait until the clock shows `deadline`."""

    deadline: float


@attrs.frozen(eq=False, repr=False)
class FailAfter(WithSeconds):
    """Cancel `source` after `seconds` and fail with `TimedOut`, from the line `site`."""

    site: CallSite


class MoveOnAfter(WithSeconds):
    """Cancel `source` after `seconds` and give None."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class TimeoutTo(WithSeconds):
    """Cancel `source` after `seconds` and run `fallback`."""

    fallback: Program = attrs.field(validator=is_program)


@attrs.frozen(eq=False, repr=False)
class AbandonAfter(WithSeconds):
    """Cancel `source` after `seconds`, fail with `TimedOut` at once; `group` (None: the run) sees it end."""

    group: Any
    site: CallSite


@attrs.frozen(eq=False, repr=False)
class CancelScoped(Derived):
    """Run what `body` makes of a new `CancelScope`; give None if the scope caught its own cancel."""

    word: ClassVar[str] = "cancel_scope"
    body: Function = attrs.field(validator=is_function)
    seconds: float | None
    name: str | None


# -- Together ------------------------------------------------------------------------------------------------


class ParZip(ManySources):
    """Run `ios` at once and give the tuple of their values."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class ParMap(ManySources):
    """Run `ios` at once and give what `function` makes of their values."""

    function: Function = attrs.field(validator=is_function)


class ParCollect(WithLimit):
    """Run `ios` at once and give the list of their values."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class ParTraverse(WithItems):
    """Run what `function` makes of each of `items`, at most `limit` at once; give the list of values."""

    limit: int | None


@attrs.frozen(eq=False, repr=False)
class ParDict(WithLimit):
    """Run `ios` at once and give their values as a dictionary by `keys`."""

    keys: tuple[Hashable, ...]


class ParSettle(WithLimit):
    """Run `ios` at once and give the list of their exits."""

    __slots__ = ()


class ParValidate(WithLimit):
    """Run `ios` at once; give the list of values, or fail with the tuple of all typed errors."""

    __slots__ = ()


class Race(Contest):
    """Run `ios` at once; the first success wins."""

    __slots__ = ()


class FirstCompleted(Contest):
    """Run `ios` at once; the first exit wins."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class RaceStaggered(Contest):
    """Start each of `ios` when the last one started fails or after `seconds`; the first success wins."""

    seconds: float


class Hedge(RaceStaggered):
    """Start the second of two equal `ios` when the first fails or after `seconds`; the first success wins."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class TaskGrouped(Derived):
    """Run what `body` makes of a new `TaskGroup`, then wait for all its children."""

    word: ClassVar[str] = "task_group"
    body: Function = attrs.field(validator=is_function)
    on_failure: OnFailure
    handler: Function | None = attrs.field(validator=is_function_or_none)
    name: str | None
    site: CallSite


@attrs.frozen(eq=False, repr=False)
class StartService(Derived):
    """Start in `group` what `service` makes of `started`; give the value `started` is called with."""

    word: ClassVar[str] = "start"
    group: Any
    service: Function = attrs.field(validator=is_function)
    name: str | None


# -- The world outside ---------------------------------------------------------------------------------------


class Never(Word[NoReturn]):
    """Wait for ever."""

    __slots__ = ()


@attrs.frozen(eq=False, repr=False)
class FromCallback(Derived):
    """Run the program that somebody calls the `resume` with that `register` is given."""

    register: Function = attrs.field(validator=is_function)


class ShowFibers(Word[str]):
    """Give one line with the names of all fibers and which one runs."""

    __slots__ = ()


class DumpFibers(Word[FiberDump]):
    """Give the tree of all fibers with what each one waits for."""

    __slots__ = ()
