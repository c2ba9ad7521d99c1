"""`Schedule`, a value that says when to run again: made by its class methods, changed and combined by its methods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar, cast, final, overload

import attrs
from typing_extensions import TypeIs

from effio.data.cause_text import short_repr
from effio.data.duration import Seconds, seconds
from effio.data.made_elsewhere import made_elsewhere
from effio.schedule import combination, delay
from effio.schedule.rule import UNKNOWN, Moment, Rule, Step

Input = TypeVar("Input", contravariant=True)
Output = TypeVar("Output", covariant=True)
Given = TypeVar("Given")
Other = TypeVar("Other")
P = ParamSpec("P")
Made = TypeVar("Made", covariant=True)


class Constructor(Generic[P, Made]):
    """A static method that cannot be called on an instance, where it would silently forget that instance."""

    def __init__(self, function: Callable[P, Made]) -> None:
        self.__func__ = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Callable[P, Made]: ...
    @overload
    def __get__(self, instance: Any, owner: type[object]) -> NoReturn: ...
    def __get__(self, instance: object, owner: type[object]) -> Callable[P, Made]:
        if instance is None:
            return self.__func__
        name = self.__func__.__name__
        problem = AttributeError(f"{name} makes a new schedule and does not change {short_repr(instance)}")
        problem.add_note(f"combine the two: schedule & Schedule.{name}(...)")
        raise problem


@final
@made_elsewhere(Rule, "Schedule.recurs(3), Schedule.spaced(1) and the like are schedules")
@attrs.frozen(repr=False)
class Schedule(Generic[Input, Output]):
    """Decides after each run, from what it ended with, whether to run again and after how many seconds.

    `Input` is what it looks at: the value of the run when repeating, its error when retrying. `Output` is what it
    tells. Schedules are immutable; one may be followed by any number of programs at once.

    >>> (Schedule.exponential(0.1) & Schedule.recurs(4)).preview(10)
    [0.1, 0.2, 0.4, 0.8]
    """

    rule: Rule

    # -- How often -------------------------------------------------------------------------------------------

    @Constructor
    @staticmethod
    def recurs(times: int, /) -> Schedule[object, int]:
        """Run again `times` times, at once. Tells how often it has run again."""
        return Schedule(delay.Recurs(count("recurs", times)))

    @Constructor
    @staticmethod
    def forever() -> Schedule[object, int]:
        """Run again for ever, at once. Tells how often it has run again."""
        return Schedule(delay.Forever())

    @Constructor
    @staticmethod
    def during(duration: Seconds, /) -> Schedule[object, float]:
        """Run again, at once, for `duration` seconds from the start. Tells the seconds since then.

        The last run begins before they are over, also together with a schedule that waits.
        """
        return Schedule(delay.During(seconds(duration, "duration of during")))

    # -- How long in between ---------------------------------------------------------------------------------

    @Constructor
    @staticmethod
    def spaced(pause: Seconds, /) -> Schedule[object, int]:
        """Wait `pause` seconds from the end of a run to the begin of the next. Tells how often it has run again."""
        return Schedule(delay.Spaced(seconds(pause, "pause of spaced")))

    @Constructor
    @staticmethod
    def fixed(interval: Seconds, /) -> Schedule[object, int]:
        """Begin a run every `interval` seconds, counted from the first. Tells how often it has run again.

        After a run that took longer the next begins at once, the ones after it on time again; none are made up for.
        """
        return Schedule(delay.Fixed(interval_of("fixed", interval)))

    @Constructor
    @staticmethod
    def windowed(interval: Seconds, /) -> Schedule[object, int]:
        """Wait for the next multiple of `interval` seconds since the start. Tells how often it has run again.

        After a run that took longer this is the next multiple that is still to come.
        """
        return Schedule(delay.Windowed(interval_of("windowed", interval)))

    @Constructor
    @staticmethod
    def linear(first: Seconds, /) -> Schedule[object, float]:
        """Wait `first` seconds, then twice, three times as long, and so on. Tells the delay."""
        return Schedule(delay.Linear(seconds(first, "first delay of linear")))

    @Constructor
    @staticmethod
    def exponential(first: Seconds, /, factor: float = 2.0) -> Schedule[object, float]:
        """Wait `first` seconds, then each time `factor` times as long. Tells the delay.

        For a longest delay: `Schedule.exponential(0.1) | Schedule.spaced(60)`.
        """
        return Schedule(delay.Exponential(seconds(first, "first delay of exponential"), seconds(factor, "factor")))

    @Constructor
    @staticmethod
    def fibonacci(first: Seconds, /) -> Schedule[object, float]:
        """Wait `first` seconds twice, then each time as long as the two times before together. Tells the delay."""
        return Schedule(delay.Fibonacci(seconds(first, "first delay of fibonacci")))

    @Constructor
    @staticmethod
    def cron(expression: str, /, timezone: str = "UTC") -> Schedule[object, datetime]:
        """Wait for the next minute that a cron expression of five fields names. Tells that time.

        `timezone` is an IANA name. If days of the month and of the week are both limited, one of the two is enough.
        A time of day that daylight saving time skips comes as much later as the clock was moved; one that comes
        twice counts once, unless the expression names every hour. In virtual time the clock counts seconds since 1970.
        """
        from effio.schedule.cron import parsed

        return Schedule(parsed(expression, timezone))

    # -- Limits, chance, conditions --------------------------------------------------------------------------

    def up_to(self, duration: Seconds, /) -> Schedule[Input, Output]:
        """Begin no run later than `duration` seconds after the start."""
        return Schedule(combination.UpTo(self.rule, seconds(duration, "duration of up_to")))

    def jittered(self, seed: int | None = None, *, low: float = 0.8, high: float = 1.2) -> Schedule[Input, Output]:
        """Multiply each delay by a random number between `low` and `high`.

        Every series of runs draws its own numbers; with a `seed` they are always the same.
        """
        lowest, highest = seconds(low, "low of jittered"), seconds(high, "high of jittered")
        if lowest > highest:
            raise ValueError(f"low of jittered must not be greater than high, but {low!r} is greater than {high!r}")
        return Schedule(combination.Jittered(self.rule, lowest, highest, seed))

    def resetting_after(self, duration: Seconds, /) -> Schedule[Input, Output]:
        """Begin anew after a run that took `duration` seconds or longer, as after one that was in good health."""
        return Schedule(combination.ResettingAfter(self.rule, seconds(duration, "duration of resetting_after")))

    @overload
    def while_error(self, errors: type[Any] | tuple[type[Any], ...], /) -> Schedule[Input, Output]: ...
    @overload
    def while_error(self: Schedule[object, Output], test: Callable[[Given], bool], /) -> Schedule[Given, Output]: ...
    @overload
    def while_error(self, test: Callable[[Input], bool], /) -> Schedule[Input, Output]: ...
    def while_error(self, test: Any, /) -> Schedule[Any, Output]:
        """Go on only after an error for which `test` is true, or which is of the given class or classes."""
        return Schedule(combination.While(self.rule, condition("while_error", test), "while_error"))

    @overload
    def while_value(self, values: type[Any] | tuple[type[Any], ...], /) -> Schedule[Input, Output]: ...
    @overload
    def while_value(self: Schedule[object, Output], test: Callable[[Given], bool], /) -> Schedule[Given, Output]: ...
    @overload
    def while_value(self, test: Callable[[Input], bool], /) -> Schedule[Input, Output]: ...
    def while_value(self, test: Any, /) -> Schedule[Any, Output]:
        """Go on only after a value for which `test` is true, or which is of the given class or classes."""
        return Schedule(combination.While(self.rule, condition("while_value", test), "while_value"))

    # -- What it tells ---------------------------------------------------------------------------------------

    def map(self, f: Callable[[Output], Other], /) -> Schedule[Input, Other]:
        """Tell what `f` makes of the output."""
        return Schedule(combination.Mapped(self.rule, function("map", f)))

    def collect(self) -> Schedule[Input, list[Output]]:
        """Tell the list of all outputs so far. Cost: a copy of that list at each step."""
        return Schedule(combination.Collected(self.rule))

    # -- Two schedules ---------------------------------------------------------------------------------------

    @overload
    def and_then(self, other: Schedule[Input, Other], /) -> Schedule[Input, Output | Other]: ...
    @overload
    def and_then(
        self: Schedule[object, Output], other: Schedule[Given, Other], /
    ) -> Schedule[Given, Output | Other]: ...
    def and_then(self, other: Schedule[Any, Any], /) -> Schedule[Any, Any]:
        """Follow this one to its end, then `other`."""
        return Schedule(combination.in_turn(self.rule, rule_of("and_then", other)))

    @overload
    def both(self, other: Schedule[Input, Other], /) -> Schedule[Input, tuple[Output, Other]]: ...
    @overload
    def both(
        self: Schedule[object, Output], other: Schedule[Given, Other], /
    ) -> Schedule[Given, tuple[Output, Other]]: ...
    def both(self, other: Schedule[Any, Any], /) -> Schedule[Any, Any]:
        """Go on as long as both want to, after the longer delay; also written `&`."""
        return Schedule(combination.Both(self.rule, rule_of("both", other)))

    @overload
    def either(self, other: Schedule[Input, Other], /) -> Schedule[Input, tuple[Output, Other]]: ...
    @overload
    def either(
        self: Schedule[object, Output], other: Schedule[Given, Other], /
    ) -> Schedule[Given, tuple[Output, Other]]: ...
    def either(self, other: Schedule[Any, Any], /) -> Schedule[Any, Any]:
        """Go on as long as one of them wants to, after the shorter delay of those that do; also written `|`."""
        return Schedule(combination.Either(self.rule, rule_of("either", other)))

    @overload
    def __and__(self, other: Schedule[Input, Other], /) -> Schedule[Input, tuple[Output, Other]]: ...
    @overload
    def __and__(
        self: Schedule[object, Output], other: Schedule[Given, Other], /
    ) -> Schedule[Given, tuple[Output, Other]]: ...
    def __and__(self, other: Schedule[Any, Any], /) -> Schedule[Any, Any]:
        return self.both(other)

    @overload
    def __or__(self, other: Schedule[Input, Other], /) -> Schedule[Input, tuple[Output, Other]]: ...
    @overload
    def __or__(
        self: Schedule[object, Output], other: Schedule[Given, Other], /
    ) -> Schedule[Given, tuple[Output, Other]]: ...
    def __or__(self, other: Schedule[Any, Any], /) -> Schedule[Any, Any]:
        return self.either(other)

    # -- Following it ----------------------------------------------------------------------------------------

    def start(self, moment: Moment | None = None, /) -> Any:
        """The state with which a series of runs begins."""
        return self.rule.start(moment or Moment())

    def step(self, state: Any, given: Input, moment: Moment | None = None, /) -> Step[Output]:
        """Decide after a run that ended with `given`; a pure function."""
        return self.rule.step(state, given, moment or Moment())

    def preview(self, n: int, /, *, start: datetime | None = None) -> list[float]:
        """List the first `n` delays, in seconds, if a run takes no time and every condition holds.

        `start` is when the first run begins, by default the first moment of 1970; only `cron` looks at it.

        >>> Schedule.cron("0 9 * * mon-fri", "Europe/Berlin").preview(2, start=datetime(2026, 11, 20, 7, 30))
        [1800.0, 259200.0]
        """
        moment = Moment(0.0, 0.0 if start is None else wall_of(start))
        state = self.rule.start(moment)
        delays: list[float] = []
        while len(delays) < n:
            step = self.rule.step(state, UNKNOWN, moment)
            if step.delay is None or not step.goes_on:
                break
            delays.append(step.delay)
            state = step.state
            moment = moment.after(step.delay)
        return delays

    def __repr__(self) -> str:
        return str(self.rule)


# -- Arguments -----------------------------------------------------------------------------------------------


def wall_of(when: datetime) -> float:
    """Seconds since 1970; a time without a zone is taken as UTC."""
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()


def count(word: str, times: object) -> int:
    """Refuse what is no whole number of at least 0."""
    if isinstance(times, bool) or not isinstance(times, int):
        raise TypeError(f"times of {word} must be a whole number, not {short_repr(times)}")
    if times < 0:
        raise ValueError(f"times of {word} must be at least 0, not {times}")
    return times


def interval_of(word: str, interval: Seconds) -> float:
    """Refuse what is no length of time, and none at all."""
    length = seconds(interval, f"interval of {word}")
    if length == 0:
        raise ValueError(f"interval of {word} must be more than 0 seconds, not {interval!r}")
    return length


def function(word: str, given: Any) -> Any:
    """Refuse what cannot be called."""
    if not callable(given):
        raise TypeError(f"{word} needs a function, not {short_repr(given)}")
    return given


def condition(word: str, test: object) -> Callable[[Any], bool]:
    """A test for the classes, or the one that was given."""
    kinds = cast("tuple[object, ...]", test if isinstance(test, tuple) else (test,))
    classes = tuple(kind for kind in kinds if isinstance(kind, type))
    if classes and len(classes) == len(kinds):
        return combination.OneOf(classes)
    test_function: Callable[[Any], bool] = function(word, test)
    return test_function


def is_schedule(value: object) -> TypeIs[Schedule[Any, Any]]:
    """Whether it is a schedule."""
    return isinstance(value, Schedule)


def rule_of(word: str, other: object) -> Rule:
    """Refuse what is no schedule."""
    if not is_schedule(other):
        problem = TypeError(f"{word} needs a schedule, not {short_repr(other)}")
        problem.add_note("give for example Schedule.recurs(3)")
        raise problem
    return other.rule
