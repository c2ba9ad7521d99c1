"""The step loop: what makes a fiber run. The one long function of the library, so that a step costs no call.

The loop looks at one node at a time. A node that has a source is pushed and its source comes next; a value or a
cause goes back to the top of the stack, which says what comes then. Hot nodes are handled in line, the others by the
table of `action`; derived nodes are replaced by what they mean.

Where the core is compiled, a node is known by its class as soon as it stands in a variable of that class: hence the
many names for one node.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# A tag tells the class of a node, which pyright cannot know.
# pyright: reportPrivateUsage=false, reportAssignmentType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any, Final, cast

from effio.algebra.argument import returned_no_program
from effio.algebra.desugar import TABLE
from effio.algebra.io import IO
from effio.algebra.primitive import Call, Fold, Halt, Invoked, Map, Pure, Sourced, Suspend
from effio.algebra.tag import (
    CALL,
    DERIVED,
    FAIL,
    FLAT_MAP,
    FOLD,
    FORK,
    GENERATE,
    HALT,
    MAP,
    NAMED,
    ON_EXIT,
    PARALLEL,
    PARK,
    PURE,
    SLEEP,
    SUSPEND,
    THEN,
    WATCH,
    Tagged,
)
from effio.data.cause import Cause, Die
from effio.data.origin import origin_of
from effio.interpreter.action import ACTIONS, fork, parallel, park, sleep, watch
from effio.interpreter.fiber import GIVEN, NOTHING, PREEMPTED, QUEUED, RUNNING, YIELDED, Fiber
from effio.interpreter.frames import END, NO_BODY, Frame, GeneratorFrame, begin_finalizer, cause_of

STEPS_PER_TURN: Final = 1024
CALLS_PER_LOOK: Final = 3  # a mask: the clock is read every fourth call

MEANINGS: Final = TABLE  # a name of this module, which the compiled loop need not look up

# What the names of a step stand for when it is over.
NO_SOURCE: Final = Map(NOTHING, tuple)
NO_CALL: Final = Call(tuple)
NO_THUNK: Final = Suspend(lambda: NOTHING)


def advance(fiber: Fiber) -> None:
    """Run `fiber` until it ends, waits, or has had its turn."""
    stack = fiber.stack
    scheduler = fiber.scheduler
    steering = scheduler.steering
    node: Any = fiber.node
    fiber.node = NOTHING
    calls = 1  # the actions of this turn; who was woken comes with the value of one
    if fiber.state != QUEUED:
        calls = 0
        if fiber.state == YIELDED and fiber.check:
            cancelled = fiber.poll()
            if cancelled is not None:
                node = Halt(cancelled)
    fiber.state = RUNNING
    scheduler.current = fiber
    steps = STEPS_PER_TURN
    if scheduler.rest:
        steps, scheduler.rest = scheduler.rest, 0
    maker: Any = None
    function: Any
    value: Any = None
    frame: Any
    after: IO[Any, Any] | Cause[Any] | None
    failed: Any
    cause: Cause[Any] | None = None
    program: IO[Any, Any]
    tagged: Tagged
    sourced: Sourced
    generator: GeneratorFrame
    own: Frame
    try:
        while True:
            if steps <= 0:
                fiber.node = node
                fiber.state = PREEMPTED if calls else YIELDED
                scheduler.late = scheduler.turn_is_over()
                if fiber.unarmed:
                    fiber.arm_deadlines()
                scheduler.enqueue(fiber)
                return
            try:
                program = node
                tag = program._tag
            except (AttributeError, TypeError):
                if isinstance(maker, GeneratorFrame):
                    maker = maker.generator
                node = Halt(Die(returned_no_program(maker or fiber.name, node), fiber.at(origin_of(maker))))
                tag = HALT

            # -- One node: it gives a value, a cause, or the next node ----
            if tag <= ON_EXIT:
                sourced = node
                stack.append(sourced)
                node = sourced._source
                continue
            if tag == PURE:
                pure: Pure = node
                value = pure._value
            elif tag == CALL:
                if fiber.check:
                    if steering is not None and steering.stops_before(fiber, node):
                        fiber.hold(node)
                        return
                    cause = fiber.poll()
                if cause is None:
                    call: Invoked = node
                    steps -= 1
                    function = call._function  # in a variable, since a call through a field looks it up by name
                    try:
                        if call._kwargs:
                            value = function(*call._args, **call._kwargs)
                        elif call._args:
                            value = function(*call._args)
                        else:
                            value = function()
                    except BaseException as error:
                        cause = fiber.raised(error, call._catches)
                    calls += 1
                    if not calls & CALLS_PER_LOOK and scheduler.turn_is_over():
                        steps, scheduler.rest, scheduler.late = 0, steps, True
            elif tag > DERIVED:
                if tag > NAMED:
                    calls += 1
                    if fiber.check and steering is not None and steering.stops_before(fiber, node):
                        fiber.hold(node)
                        return
                # The hottest are called by name, which costs a quarter where they are compiled.
                if tag == FORK:
                    node = fork(fiber, node)
                elif tag == WATCH:
                    node = watch(fiber, node)
                elif tag == SLEEP:
                    node = sleep(fiber, node)
                elif tag == PARALLEL:
                    node = parallel(fiber, node)
                elif tag == PARK:
                    node = park(fiber, node)
                else:
                    node = ACTIONS[tag](fiber, node)
                if node is None:
                    return
                if node is not GIVEN:
                    continue
                value = fiber.value
                fiber.value = None
            elif tag == DERIVED:
                maker = type(node)
                node = MEANINGS[maker](node)
                continue
            elif tag == SUSPEND:
                suspend: Suspend = node
                steps -= 1
                maker = suspend._thunk
                try:
                    node = maker()
                except BaseException as error:
                    node = Halt(fiber.raised(error))
                continue
            elif tag == FAIL:
                cause = fiber.failure(node)
            elif tag == HALT:
                cause = cause_of(fiber, node)
            else:
                try:
                    stack.append(GeneratorFrame(node._function(*node._args, **node._kwargs)))
                    value = None
                except BaseException as error:
                    cause = fiber.raised(error)

            # -- A value goes back ----
            if cause is None:
                while True:
                    steps -= 1
                    frame = stack.pop()
                    tagged = frame
                    tag = tagged._tag
                    if tag == FLAT_MAP:
                        sourced = frame
                        maker = sourced._next
                        try:
                            node = maker(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                        break
                    if tag >= GENERATE:
                        if tag != GENERATE:
                            own = frame
                            node = own.returned(fiber, value)
                            if node is None:
                                return
                            if node is not GIVEN:
                                break
                            value = fiber.value
                            fiber.value = None
                            if steps <= 0:
                                node = Pure(value)
                                break
                            continue
                        generator = frame
                        try:
                            node = generator.send(value)
                        except StopIteration as stop:
                            value = stop.value
                            continue
                        except BaseException as error:
                            cause = fiber.raised(error)
                            break
                        maker = generator
                        stack.append(generator)
                        break
                    if tag == MAP:
                        sourced = frame
                        try:
                            value = sourced._next(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                            break
                        if steps <= 0:
                            node = Pure(value)
                            break
                    elif tag == THEN:
                        sourced = frame
                        node = sourced._next
                        break
                    elif tag == FOLD:
                        sourced = frame
                        maker = sourced._next
                        if maker is None:
                            continue
                        try:
                            node = maker(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                        break
                    else:
                        sourced = frame
                        maker = sourced._next
                        node = begin_finalizer(fiber, maker, value, None)
                        break

            # -- A cause goes back ----
            while cause is not None:
                frame = stack.pop()
                tagged = frame
                tag = tagged._tag
                if tag <= THEN:
                    continue
                if tag == FOLD:
                    if fiber.unwinding:
                        continue
                    maker = cast("Fold", frame)._on_failure
                    failed = cause
                    cause = None
                    try:
                        node = maker(failed)
                    except BaseException as error:
                        cause = fiber.raised(error)
                elif tag == ON_EXIT:
                    sourced = frame
                    maker = sourced._next
                    node = begin_finalizer(fiber, maker, None, cause)
                    cause = None
                else:
                    own = frame
                    after = own.failed(fiber, cause)
                    if after is None:
                        return
                    if isinstance(after, IO):
                        node = after
                        cause = None
                    else:
                        cause = after
    finally:
        # A traceback keeps the frames that called user code alive: this one must not keep the failure alive in turn.
        node = value = cause = maker = frame = after = failed = function = None
        del fiber, stack
        program = pure = NOTHING
        tagged = own = END
        sourced = NO_SOURCE
        call = NO_CALL
        suspend = NO_THUNK
        generator = NO_BODY
