"""The words that the interpreter executes: every program is, in the end, a tree of these nodes.

Nodes are hand-slotted, since building one costs a third of an attrs.frozen value and a program builds one per step.
The slots are private and the fields read-only properties, so that a program cannot be changed once built; the step
loop dispatches on the integer `_tag` and reads the slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias, final

from effio.algebra import argument, tag
from effio.algebra.field import field
from effio.algebra.io import IO
from effio.data.call_site import Site
from effio.data.cause import Cause
from effio.data.exit import Exit
from effio.data.native import mypyc_attr
from effio.data.touch import Touches

Policy: TypeAlias = Literal["all", "settle", "validate", "race", "first"]
OnFailure: TypeAlias = Literal["cancel", "collect", "ignore"]
Watching: TypeAlias = Literal["join", "exit", "cancel"]
Errors: TypeAlias = tuple[type[BaseException], ...]
Finalizer: TypeAlias = IO[Any, Any] | Callable[[Exit[Any, Any]], IO[Any, Any]]
Maker: TypeAlias = Callable[[Any], IO[Any, Any]]
Reason: TypeAlias = str | Callable[[], str]


# -- Values, steps, failures -------------------------------------------------------------------------------------


@final
@mypyc_attr(free_list_len=1)
class Pure(IO[Any, Any]):
    """Succeed with `value`."""

    __slots__ = ("_value",)
    _tag: int = tag.PURE

    def __init__(self, value: Any) -> None:
        self._value = value

    value: ClassVar[Any] = field("value")


class Sourced(IO[Any, Any]):
    """What runs `source` and goes on as `next` says; it is its own frame meanwhile."""

    __slots__ = ("_next", "_source")
    _source: IO[Any, Any]
    _next: Any

    source: ClassVar[Any] = field("source")


class Continued(Sourced):
    """What runs `source` and gives its value to `function`."""

    __slots__ = ()

    def __init__(self, source: IO[Any, Any], function: Callable[[Any], Any]) -> None:
        self._source = source
        self._next = function

    function: ClassVar[Any] = field("next")


@final
@mypyc_attr(free_list_len=1)
class FlatMap(Continued):
    """Run `source`, then the program that `function` makes of its value."""

    __slots__ = ()
    _tag: int = tag.FLAT_MAP


@final
@mypyc_attr(free_list_len=1)
class Map(Continued):
    """Run `source`, then apply `function` to its value."""

    __slots__ = ()
    _tag: int = tag.MAP


@final
@mypyc_attr(free_list_len=1)
class Then(Sourced):
    """Run `source`, then `other`."""

    __slots__ = ()
    _tag: int = tag.THEN

    def __init__(self, source: IO[Any, Any], other: Any) -> None:
        if not isinstance(other, IO):
            raise argument.not_a_program("then", other)
        self._source = source
        self._next = other

    other: ClassVar[Any] = field("next")


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

    function: ClassVar[Any] = field("function")
    args: ClassVar[Any] = field("args")
    kwargs: ClassVar[Any] = field("kwargs")
    catches: ClassVar[Any] = field("catches")


@final
@mypyc_attr(free_list_len=1)
class Call(Invoked):
    """Call `function` and give its result."""

    __slots__ = ()
    _tag: int = tag.CALL


@final
class Operation(Invoked):
    """Call `function`, whose whole effect is on the shared objects that `touches` names."""

    __slots__ = ("_touches",)
    _tag: int = tag.CALL

    def __init__(self, function: Callable[..., Any], touches: Touches, args: tuple[Any, ...] = ()) -> None:
        super().__init__(function, args)
        self._touches = touches

    touches: ClassVar[Any] = field("touches")


@final
@mypyc_attr(free_list_len=1)
class Leaf(Invoked):
    """Await the coroutine that `function` makes, in the fiber's own host task."""

    __slots__ = ()
    _tag: int = tag.LEAF


@final
class Suspend(IO[Any, Any]):
    """Run the program that `thunk` makes, anew each time."""

    __slots__ = ("_thunk",)
    _tag: int = tag.SUSPEND

    def __init__(self, thunk: Callable[[], IO[Any, Any]]) -> None:
        self._thunk = thunk

    thunk: ClassVar[Any] = field("thunk")


@final
class Generate(IO[Any, Any]):
    """Run the generator that `function` makes: each program it yields is run, its value sent back."""

    __slots__ = ("_args", "_function", "_kwargs")
    _tag: int = tag.GENERATE

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    function: ClassVar[Any] = field("function")
    args: ClassVar[Any] = field("args")
    kwargs: ClassVar[Any] = field("kwargs")


@final
class Fail(IO[Any, Any]):
    """Fail with the typed `error`; `site` is the line that built it."""

    __slots__ = ("_error", "_site")
    _tag: int = tag.FAIL

    def __init__(self, error: Any, site: Site | None = None) -> None:
        self._error = error
        self._site = site

    error: ClassVar[Any] = field("error")
    site: ClassVar[Any] = field("site")


@final
class Halt(IO[Any, Any]):
    """Fail with the whole `cause`, whose leaves keep the places they know."""

    __slots__ = ("_cause", "_site")
    _tag: int = tag.HALT

    def __init__(self, cause: Cause[Any], site: Site | None = None) -> None:
        self._cause = cause
        self._site = site

    cause: ClassVar[Any] = field("cause")
    site: ClassVar[Any] = field("site")


@final
class Fold(Sourced):
    """Run `source`; go on with what `on_failure` makes of its cause, or `on_success` (None: as it is) of its value."""

    __slots__ = ("_on_failure",)
    _tag: int = tag.FOLD

    def __init__(self, source: IO[Any, Any], on_failure: Maker, on_success: Maker | None = None) -> None:
        self._source = source
        self._on_failure = on_failure
        self._next = on_success

    on_failure: ClassVar[Any] = field("on_failure")
    on_success: ClassVar[Any] = field("next")


@final
class OnExit(Sourced):
    """Run `source`, then, shielded, the program `finalizer`, or that it makes of the exit, whatever that is."""

    __slots__ = ()
    _tag: int = tag.ON_EXIT

    def __init__(self, source: IO[Any, Any], finalizer: Finalizer) -> None:
        self._source = source
        self._next = finalizer

    finalizer: ClassVar[Any] = field("next")


# -- Waiting -------------------------------------------------------------------------------------------------


@final
@mypyc_attr(free_list_len=1)
class Sleep(IO[Any, Any]):
    """Wait for `seconds`; zero lets the others run once."""

    __slots__ = ("_seconds",)
    _tag: int = tag.SLEEP

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    seconds: ClassVar[Any] = field("seconds")


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
    _tag: int = tag.PARK

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

    enlist: ClassVar[Any] = field("enlist")
    withdraw: ClassVar[Any] = field("withdraw")
    reason: ClassVar[Any] = field("reason")
    outside: ClassVar[Any] = field("outside")
    touches: ClassVar[Any] = field("touches")


@final
@mypyc_attr(free_list_len=1)
class Watch(IO[Any, Any]):
    """Wait for the end of `fiber`: "join" takes on its exit, "exit" gives it, "cancel" asks for it first."""

    __slots__ = ("_fiber", "_how", "_reason")
    _tag: int = tag.WATCH

    def __init__(self, fiber: Any, how: Watching, reason: object = None) -> None:
        self._fiber = fiber
        self._how = how
        self._reason = reason

    fiber: ClassVar[Any] = field("fiber")
    how: ClassVar[Any] = field("how")
    reason: ClassVar[Any] = field("reason")


@final
class Ask(IO[Any, Any]):
    """Give what `question` answers about the running fiber; an action, like a call, unless it only takes a `peek`."""

    __slots__ = ("_peek", "_question", "_touches")
    _tag: int = tag.ASK

    def __init__(self, question: Callable[[Any], Any], *, peek: bool = False, touches: Touches | None = None) -> None:
        self._question = question
        self._peek = peek
        self._touches = touches

    question: ClassVar[Any] = field("question")
    peek: ClassVar[Any] = field("peek")
    touches: ClassVar[Any] = field("touches")


# -- Scopes --------------------------------------------------------------------------------------------------


@final
class Named(IO[Any, Any]):
    """Run `source` under `name`, which stands in the path of every failure inside."""

    __slots__ = ("_name", "_source")
    _tag: int = tag.NAMED

    def __init__(self, source: IO[Any, Any], name: str) -> None:
        self._source = source
        self._name = name

    name: ClassVar[Any] = field("name")
    source: ClassVar[Any] = field("source")


@final
class Shield(IO[Any, Any]):
    """Run what `body` makes of `restore`, protected from the scopes outside."""

    __slots__ = ("_body",)
    _tag: int = tag.SHIELD

    def __init__(self, body: Callable[[Callable[[IO[Any, Any]], IO[Any, Any]]], IO[Any, Any]]) -> None:
        self._body = body

    body: ClassVar[Any] = field("body")


@final
class Restore(IO[Any, Any]):
    """Run `source` as if the shield with the region `shield` were not there."""

    __slots__ = ("_shield", "_source")
    _tag: int = tag.RESTORE

    def __init__(self, source: IO[Any, Any], shield: Any) -> None:
        self._source = source
        self._shield = shield

    shield: ClassVar[Any] = field("shield")
    source: ClassVar[Any] = field("source")


@final
@mypyc_attr(free_list_len=1)
class Scoped(IO[Any, Any]):
    """Run `body`, a program or what makes one of the scope, in a new cancel scope that ends after `seconds`, if any.

    If the scope catches its own cancel, run what `expired` makes of it.
    """

    __slots__ = ("_body", "_expired", "_name", "_seconds")
    _tag: int = tag.SCOPED

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

    body: ClassVar[Any] = field("body")
    seconds: ClassVar[Any] = field("seconds")
    expired: ClassVar[Any] = field("expired")
    name: ClassVar[Any] = field("name")


# -- Together ------------------------------------------------------------------------------------------------


@final
class Group(IO[Any, Any]):
    """Run what `body` makes of a new task group, built at `site`, then wait for all its children."""

    __slots__ = ("_body", "_handler", "_name", "_on_failure", "_site")
    _tag: int = tag.GROUP

    def __init__(
        self,
        body: Callable[[Any], IO[Any, Any]],
        on_failure: OnFailure = "cancel",
        handler: Callable[[Cause[Any]], IO[Any, Any]] | None = None,
        name: str = "task_group",
        site: Site | None = None,
    ) -> None:
        self._body = body
        self._on_failure = on_failure
        self._handler = handler
        self._name = name
        self._site = site

    body: ClassVar[Any] = field("body")
    on_failure: ClassVar[Any] = field("on_failure")
    handler: ClassVar[Any] = field("handler")
    name: ClassVar[Any] = field("name")
    site: ClassVar[Any] = field("site")


@final
@mypyc_attr(free_list_len=1)
class Fork(IO[Any, Any]):
    """Start `source` as a child of `group` and give its fiber; the child has not run yet."""

    __slots__ = ("_group", "_name", "_source")
    _tag: int = tag.FORK

    def __init__(self, group: Any, source: IO[Any, Any], name: str | None = None) -> None:
        self._group = group
        self._source = source
        self._name = name

    group: ClassVar[Any] = field("group")
    source: ClassVar[Any] = field("source")
    name: ClassVar[Any] = field("name")


@final
@mypyc_attr(free_list_len=1)
class Parallel(IO[Any, Any]):
    """Run the programs that `function` makes of `items` (None: the items themselves) at once, at most `limit` of them.

    `policy` says when it ends and with what:
    "all": the list of values, or the first failure cancels the others; "settle": the list of exits;
    "validate": the list of values, or all typed errors as a tuple; "race": the first success; "first": the first exit.
    `dispose` is called with a value that was won and cannot be delivered.
    """

    __slots__ = ("_dispose", "_function", "_items", "_labels", "_limit", "_name", "_policy")
    _tag: int = tag.PARALLEL

    def __init__(
        self,
        items: Sequence[Any],
        policy: Policy,
        name: str,
        *,
        function: Callable[[Any], Any] | None = None,
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

    items: ClassVar[Any] = field("items")
    policy: ClassVar[Any] = field("policy")
    name: ClassVar[Any] = field("name")
    function: ClassVar[Any] = field("function")
    limit: ClassVar[Any] = field("limit")
    labels: ClassVar[Any] = field("labels")
    dispose: ClassVar[Any] = field("dispose")
