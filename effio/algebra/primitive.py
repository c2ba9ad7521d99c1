"""The words that the interpreter executes: every program is, in the end, a tree of these nodes.

Nodes are hand-slotted, since building one costs a third of an attrs.frozen value and a program builds one per step.
The slots are private and the fields read-only properties, so that a program cannot be changed once built; the step
loop dispatches on the integer `_tag` and reads the slots. A node that waits for the value of its source is its own
frame on the fiber's stack: no frame object is made for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Literal, TypeAlias, final

from effio.algebra import argument, tag
from effio.algebra.io import IO
from effio.data.cause import Cause
from effio.data.exit import Exit
from effio.data.origin import CallSite
from effio.data.touch import Touches

Policy: TypeAlias = Literal["all", "settle", "validate", "race", "first"]
OnFailure: TypeAlias = Literal["cancel", "collect", "ignore"]
Watching: TypeAlias = Literal["join", "exit", "cancel"]
Errors: TypeAlias = tuple[type[BaseException], ...]
Reason: TypeAlias = str | Callable[[], str]


def _field(name: str) -> Any:
    """A read-only view of the private slot `_name`."""
    return property(attrgetter("_" + name))


# -- Values and steps ----------------------------------------------------------------------------------------


@final
class Pure(IO[Any, Any]):
    """Succeed with `value`."""

    __slots__ = ("_value",)
    _tag: ClassVar[int] = tag.PURE

    def __init__(self, value: Any) -> None:
        self._value = value

    value = _field("value")


class Continued(IO[Any, Any]):
    """What runs `source` and gives its value to `function`."""

    __slots__ = ("_function", "_source")

    def __init__(self, source: IO[Any, Any], function: Callable[[Any], Any]) -> None:
        self._source = source
        self._function = function

    source = _field("source")
    function = _field("function")


@final
class FlatMap(Continued):
    """Run `source`, then the program that `function` makes of its value."""

    __slots__ = ()
    _tag: ClassVar[int] = tag.FLAT_MAP


@final
class Map(Continued):
    """Run `source`, then apply `function` to its value."""

    __slots__ = ()
    _tag: ClassVar[int] = tag.MAP


@final
class Then(IO[Any, Any]):
    """Run `source`, then `other`."""

    __slots__ = ("_other", "_source")
    _tag: ClassVar[int] = tag.THEN

    def __init__(self, source: IO[Any, Any], other: IO[Any, Any]) -> None:
        if not hasattr(other, "_tag"):
            raise argument.not_a_program("then", other)
        self._source = source
        self._other = other

    source = _field("source")
    other = _field("other")


class Invoked(IO[Any, Any]):
    """What calls `function`: what that raises is a typed failure if it is one of `catches`, a defect otherwise."""

    __slots__ = ("_args", "_catches", "_function", "_kwargs")

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        catches: Errors = (),
    ) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs
        self._catches = catches

    function = _field("function")
    args = _field("args")
    kwargs = _field("kwargs")
    catches = _field("catches")


@final
class Call(Invoked):
    """Call `function` and give its result."""

    __slots__ = ()
    _tag: ClassVar[int] = tag.CALL


@final
class Operation(Invoked):
    """Call `function`, whose whole effect is on the shared objects that `touches` names."""

    __slots__ = ("_touches",)
    _tag: ClassVar[int] = tag.CALL

    def __init__(self, function: Callable[..., Any], touches: Touches, args: tuple[Any, ...] = ()) -> None:
        self._function = function
        self._args = args
        self._kwargs = None
        self._catches = ()
        self._touches = touches

    touches = _field("touches")


@final
class Leaf(Invoked):
    """Await the coroutine that `function` makes, in the fiber's own host task."""

    __slots__ = ()
    _tag: ClassVar[int] = tag.LEAF


@final
class Suspend(IO[Any, Any]):
    """Run the program that `thunk` makes, anew each time."""

    __slots__ = ("_thunk",)
    _tag: ClassVar[int] = tag.SUSPEND

    def __init__(self, thunk: Callable[[], IO[Any, Any]]) -> None:
        self._thunk = thunk

    thunk = _field("thunk")


@final
class Generate(IO[Any, Any]):
    """Run the generator that `function` makes: each program it yields is run, its value sent back."""

    __slots__ = ("_args", "_function", "_kwargs")
    _tag: ClassVar[int] = tag.GENERATE

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    function = _field("function")
    args = _field("args")
    kwargs = _field("kwargs")


# -- Failures ------------------------------------------------------------------------------------------------


@final
class Fail(IO[Any, Any]):
    """Fail with the typed `error`; `site` is the line that built it."""

    __slots__ = ("_error", "_site")
    _tag: ClassVar[int] = tag.FAIL

    def __init__(self, error: Any, site: CallSite | None = None) -> None:
        self._error = error
        self._site = site

    error = _field("error")
    site = _field("site")


@final
class Halt(IO[Any, Any]):
    """Fail with the whole `cause`, whose leaves keep the places they know."""

    __slots__ = ("_cause", "_site")
    _tag: ClassVar[int] = tag.HALT

    def __init__(self, cause: Cause[Any], site: CallSite | None = None) -> None:
        self._cause = cause
        self._site = site

    cause = _field("cause")
    site = _field("site")


@final
class Fold(IO[Any, Any]):
    """Run `source`; go on with what `on_failure` makes of its cause, or `on_success` (None: as it is) of its value."""

    __slots__ = ("_on_failure", "_on_success", "_source")
    _tag: ClassVar[int] = tag.FOLD

    def __init__(
        self,
        source: IO[Any, Any],
        on_failure: Callable[[Cause[Any]], IO[Any, Any]],
        on_success: Callable[[Any], IO[Any, Any]] | None = None,
    ) -> None:
        self._source = source
        self._on_failure = on_failure
        self._on_success = on_success

    source = _field("source")
    on_failure = _field("on_failure")
    on_success = _field("on_success")


@final
class OnExit(IO[Any, Any]):
    """Run `source`, then the shielded program that `finalizer` makes of its exit, whatever that is."""

    __slots__ = ("_finalizer", "_source")
    _tag: ClassVar[int] = tag.ON_EXIT

    def __init__(self, source: IO[Any, Any], finalizer: Callable[[Exit[Any, Any]], IO[Any, Any]]) -> None:
        self._source = source
        self._finalizer = finalizer

    source = _field("source")
    finalizer = _field("finalizer")


# -- Waiting -------------------------------------------------------------------------------------------------


@final
class Sleep(IO[Any, Any]):
    """Wait for `seconds`; zero lets the others run once."""

    __slots__ = ("_seconds",)
    _tag: ClassVar[int] = tag.SLEEP

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    seconds = _field("seconds")


@final
class Park(IO[Any, Any]):
    """Wait until somebody calls the `resume` that `enlist` is given, and go on with the program it is called with.

    `enlist` may instead return the program to go on with at once. `withdraw` is called with the same `resume` when
    the wait is cancelled; a resume that was called already always wins. `reason` tells dumps what is waited for, a
    text or what makes one when somebody looks; `outside` says that somebody out of the interpreter's sight may
    resume, so that virtual time must not jump. `touches` names the shared objects that the call of `enlist` looks at
    or changes, if it is known.
    """

    __slots__ = ("_enlist", "_outside", "_reason", "_touches", "_withdraw")
    _tag: ClassVar[int] = tag.PARK

    def __init__(
        self,
        enlist: Callable[[Any], IO[Any, Any] | None],
        withdraw: Callable[[Any], None] | None,
        reason: Reason,
        outside: bool = False,
        touches: Touches | None = None,
    ) -> None:
        self._enlist = enlist
        self._withdraw = withdraw
        self._reason = reason
        self._outside = outside
        self._touches = touches

    enlist = _field("enlist")
    withdraw = _field("withdraw")
    reason = _field("reason")
    outside = _field("outside")
    touches = _field("touches")


@final
class Watch(IO[Any, Any]):
    """Wait for the end of `fiber`: "join" takes on its exit, "exit" gives it, "cancel" asks for it first."""

    __slots__ = ("_fiber", "_how", "_reason")
    _tag: ClassVar[int] = tag.WATCH

    def __init__(self, fiber: Any, how: Watching, reason: object = None) -> None:
        self._fiber = fiber
        self._how = how
        self._reason = reason

    fiber = _field("fiber")
    how = _field("how")
    reason = _field("reason")


@final
class Ask(IO[Any, Any]):
    """Give what `question` answers about the running fiber; an action, like a call, unless it only takes a `peek`."""

    __slots__ = ("_peek", "_question", "_touches")
    _tag: ClassVar[int] = tag.ASK

    def __init__(self, question: Callable[[Any], Any], *, peek: bool = False, touches: Touches | None = None) -> None:
        self._question = question
        self._peek = peek
        self._touches = touches

    question = _field("question")
    peek = _field("peek")
    touches = _field("touches")


# -- Scopes --------------------------------------------------------------------------------------------------


@final
class Named(IO[Any, Any]):
    """Run `source` under `name`, which stands in the path of every failure inside."""

    __slots__ = ("_name", "_source")
    _tag: ClassVar[int] = tag.NAMED

    def __init__(self, source: IO[Any, Any], name: str) -> None:
        self._source = source
        self._name = name

    source = _field("source")
    name = _field("name")


@final
class Shield(IO[Any, Any]):
    """Run what `body` makes of `restore`, protected from the scopes outside."""

    __slots__ = ("_body",)
    _tag: ClassVar[int] = tag.SHIELD

    def __init__(self, body: Callable[[Callable[[IO[Any, Any]], IO[Any, Any]]], IO[Any, Any]]) -> None:
        self._body = body

    body = _field("body")


@final
class Restore(IO[Any, Any]):
    """Run `source` as if the shield with the region `shield` were not there."""

    __slots__ = ("_shield", "_source")
    _tag: ClassVar[int] = tag.RESTORE

    def __init__(self, source: IO[Any, Any], shield: Any) -> None:
        self._source = source
        self._shield = shield

    source = _field("source")
    shield = _field("shield")


@final
class Scoped(IO[Any, Any]):
    """Run `body`, a program or what makes one of the scope, in a new cancel scope.

    If the scope catches its own cancel, run what `expired` makes of it.

    `seconds` is the deadline, counted from when the scope is entered (None: no deadline).
    """

    __slots__ = ("_body", "_expired", "_name", "_seconds")
    _tag: ClassVar[int] = tag.SCOPED

    def __init__(
        self,
        body: IO[Any, Any] | Callable[[Any], IO[Any, Any]],
        seconds: float | None,
        expired: Callable[[Any], IO[Any, Any]],
        name: str = "cancel_scope",
    ) -> None:
        self._body = body
        self._seconds = seconds
        self._expired = expired
        self._name = name

    body = _field("body")
    seconds = _field("seconds")
    expired = _field("expired")
    name = _field("name")


# -- Together ------------------------------------------------------------------------------------------------


@final
class Group(IO[Any, Any]):
    """Run what `body` makes of a new task group, built at `site`, then wait for all its children."""

    __slots__ = ("_body", "_handler", "_name", "_on_failure", "_site")
    _tag: ClassVar[int] = tag.GROUP

    def __init__(
        self,
        body: Callable[[Any], IO[Any, Any]],
        on_failure: OnFailure = "cancel",
        handler: Callable[[Cause[Any]], IO[Any, Any]] | None = None,
        name: str = "task_group",
        site: CallSite | None = None,
    ) -> None:
        self._body = body
        self._on_failure = on_failure
        self._handler = handler
        self._name = name
        self._site = site

    body = _field("body")
    on_failure = _field("on_failure")
    handler = _field("handler")
    name = _field("name")
    site = _field("site")


@final
class Fork(IO[Any, Any]):
    """Start `source` as a child of `group` and give its fiber; the child has not run yet."""

    __slots__ = ("_group", "_name", "_source")
    _tag: ClassVar[int] = tag.FORK

    def __init__(self, group: Any, source: IO[Any, Any], name: str | None = None) -> None:
        self._group = group
        self._source = source
        self._name = name

    group = _field("group")
    source = _field("source")
    name = _field("name")


@final
class Parallel(IO[Any, Any]):
    """Run the programs that `function` makes of `items` (None: the items themselves) at once, at most `limit` of them.

    `policy` says when it ends and with what:
    "all": the list of values, or the first failure cancels the others; "settle": the list of exits;
    "validate": the list of values, or all typed errors as a tuple; "race": the first success; "first": the first exit.
    `dispose` is called with a value that was won and cannot be delivered.
    """

    __slots__ = ("_dispose", "_function", "_items", "_labels", "_limit", "_name", "_policy")
    _tag: ClassVar[int] = tag.PARALLEL

    def __init__(
        self,
        items: Sequence[Any],
        policy: Policy,
        name: str,
        *,
        function: Callable[[Any], IO[Any, Any]] | None = None,
        limit: int | None = None,
        labels: Sequence[str] | None = None,
        dispose: Callable[[Any], IO[Any, Any]] | None = None,
    ) -> None:
        self._items = items
        self._policy = policy
        self._name = name
        self._function = function
        self._limit = limit
        self._labels = labels
        self._dispose = dispose

    items = _field("items")
    policy = _field("policy")
    name = _field("name")
    function = _field("function")
    limit = _field("limit")
    labels = _field("labels")
    dispose = _field("dispose")
