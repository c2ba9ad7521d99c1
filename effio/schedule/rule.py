"""What every schedule is made of: a rule that decides after each run, from its own state, whether and when to go on."""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import Any, ClassVar, Final, Generic, TypeVar, final

import attrs

Output = TypeVar("Output", covariant=True)

TOLERANCE: Final = 1e-9
"""Seconds that do not count, since sums of floats are not exact."""


@final
@attrs.frozen
class Moment:
    """A point in time: `now` on the clock of the run, `wall` in seconds since 1970 in UTC.

    A rule inside of others is also told that the run that has ended did not begin when it wanted it: at `began`
    instead, and if `waited` is false, before it wanted it, since another rule did.
    """

    now: float = 0.0
    wall: float = 0.0
    began: float | None = attrs.field(default=None, kw_only=True)
    waited: bool = attrs.field(default=True, kw_only=True)

    def after(self, seconds: float) -> Moment:
        """The moment that comes `seconds` later."""
        return Moment(self.now + seconds, self.wall + seconds)

    def inside(self, due: float | None, *, waited: bool = True) -> Moment:
        """The same moment for a rule inside of one whose run was `due` then; None if it is the first run."""
        began = due if self.began is None else self.began
        return Moment(self.now, self.wall, began=began, waited=self.waited and waited)


@final
@attrs.frozen
class Step(Generic[Output]):
    """What a schedule decides after one run.

    `delay` is how many seconds later to run again; None ends it. A next run that could not begin `within` so many
    seconds must not begin at all. `state` is what the next step has to be given.
    """

    output: Output
    delay: float | None
    state: Any
    within: float = attrs.field(default=inf, kw_only=True)

    @property
    def goes_on(self) -> bool:
        """Whether to run again."""
        return self.delay is not None and self.delay <= self.within + TOLERANCE


@final
class Unknown:
    """Stands for the outcome of a run that nobody has made: every condition on it holds."""

    __slots__ = ()


UNKNOWN: Final = Unknown()


class Rule:
    """A pure rule. `timed` says that it looks at the moment that it is given."""

    __slots__ = ()
    timed: ClassVar[bool] = False

    @property
    def needs_time(self) -> bool:
        """Whether it, or a rule inside it, looks at the time."""
        pending: list[Rule] = [self]
        while pending:
            rule = pending.pop()
            if rule.timed:
                return True
            pending += rule.parts()
        return False

    def parts(self) -> tuple[Rule, ...]:
        """The rules that it is made of."""
        return ()

    @abstractmethod
    def start(self, moment: Moment) -> Any:
        """The state with which a series of runs begins at `moment`."""

    @abstractmethod
    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        """Decide after a run that ended at `moment` with `given`, a value or an error."""
