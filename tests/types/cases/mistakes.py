"""What users get wrong: every line with the mark must be refused by both checkers, no other line may be."""

from __future__ import annotations

from effio import (
    IO,
    CancelScope,
    Do,
    Fiber,
    Task,
    TaskGroup,
    attempt,
    bracket,
    cancel_scope,
    catch,
    collect,
    delay,
    die,
    do,
    effect,
    fail,
    from_async,
    if_,
    par_collect,
    par_dict,
    par_map,
    par_traverse,
    par_zip,
    pure,
    race,
    run,
    run_exit,
    run_total,
    shield,
    sleep,
    suspend,
    task_group,
    traverse,
    unit,
    zip_all,
)


class NotFound(Exception):
    """An error of the cases."""


class Denied(Exception):
    """Another error of the cases."""


def load(key: int) -> IO[str, NotFound]:
    return pure(str(key))


def divide(left: int, right: int) -> float:
    return left / right


async def fetch(url: str) -> bytes:
    return url.encode()


number: IO[int] = pure(1)
failing: IO[int, NotFound] = fail(NotFound())

# -- Values and continuations
number.map(lambda n: n.upper())  # error
number.flat_map(lambda n: n + 1)  # error
number.map(len)  # error
number.tap(lambda n: None)  # error
number.then(3)  # error
number.zip("text")  # error
number.flatten()  # error
wrong_value: IO[str] = number  # error
undeclared: IO[int] = failing  # error
other_error: IO[int, Denied] = failing  # error
total: int = number  # error
number.value = 3  # error

# -- Failures
failing.catch_all(lambda error: 0)  # error
failing.map_error(lambda error: error.missing)  # error
failing.or_else(0)  # error
failing.refine("NotFound")  # error
number.absolve()  # error
handled: IO[int] = failing.catch_all(lambda error: load(1).map(len))  # error
remaining: IO[int] = failing | catch(Denied, lambda error: pure(0))  # error
failing | (lambda error: pure(0))  # error
catch(NotFound, lambda error: 0)  # error
catch(NotFound, lambda error: pure(error.missing))  # error
die("text")  # error

# -- Arguments
delay(divide, 1)  # error
delay(divide, 1, "2")  # error
attempt(divide, 1, 2, 3)  # error
delay(divide(1, 2))  # error
from_async(fetch("x"))  # error
from_async(divide, 1, 2)  # error
from_async(fetch, 1, catch=OSError)  # error
attempt(divide, "1", 2, catch=OSError)  # error
suspend(number)  # error
sleep("1")  # error
number.fail_after("1")  # error
number.retry(0.5)  # error
number.ensuring(print)  # error
number.named(3)  # error
if_(number, number, number)  # error

# -- Together
par_zip(number, 3)  # error
three: IO[tuple[int, int, int]] = par_zip(number, number)  # error
collect([1, 2])  # error
collect(number, number)  # error
par_collect([number], limit="3")  # error
traverse([1], lambda n: n)  # error
par_traverse(["a"], load)  # error
par_dict([number])  # error
race([number, number])  # error
par_map(divide, number)  # error
par_map(divide, number, pure("2"))  # error
zip_all(number, None)  # error
bracket(number, lambda n: n, lambda n: unit)  # error
bracket(number, lambda n: pure(n + 1), lambda n: None)  # error
shield(number)  # error
cancel_scope(lambda scope: scope.stop())  # error
task_group(lambda group: group.spawn(number))  # error
task_group(lambda group: number, on_failure="stop")  # error


def body(group: TaskGroup, scope: CancelScope, fiber: Fiber[int, NotFound]) -> None:
    group.fork(load)  # error
    scope.deadline = 3.0  # error
    fiber.name = "another"  # error
    run_total(fiber.join())  # error
    fiber.cancel().unwrap()  # error


# -- Notations
@do
def forgot_from() -> Do[int, NotFound]:
    text: str = yield load(1)  # error
    return len(text)


@do
def undeclared_error() -> Do[str]:
    text = yield from load(1)  # error
    return text


@do
def wrong_result() -> Do[int, NotFound]:
    text = yield from load(1)
    return text  # error


@do  # error
def no_generator() -> int:
    return 1


@effect
def parse(text: str) -> int:
    return int(text)


parse(3)  # error
sure: IO[int] = parse("3")  # error
wrong_task: Task[str] = parse("3")  # error

# -- Running
run_total(failing)  # error
run(parse)  # error
run_exit(3)  # error
