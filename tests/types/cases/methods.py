"""What the methods of `IO` give."""

from __future__ import annotations

from typing import Never, assert_type

from returns.result import Result

from effio import IO, Cause, Exit, Failure, Success, Task, TimedOut, fail, pure


class NotFound(Exception):
    """An error of the cases."""


class Denied(Exception):
    """Another error of the cases."""


def parse(text: str) -> IO[int, ValueError]:
    return fail(ValueError(text))


def load(key: int) -> IO[str, NotFound]:
    return pure(str(key))


def maybe(error: NotFound) -> IO[bytes, Denied] | None:
    return None


number: IO[int, ValueError] = parse("1")
text: IO[str, NotFound] = load(1)
sure: IO[int] = pure(1)

# -- The value
assert_type(sure.map(str), IO[str])
assert_type(number.map(lambda n: n / 2), IO[float, ValueError])
assert_type(sure.flat_map(load), IO[str, NotFound])
assert_type(number.flat_map(load), IO[str, ValueError | NotFound])
assert_type(number.flat_map(lambda n: load(n).map(len)), IO[int, ValueError | NotFound])
assert_type(sure.then(text), IO[str, NotFound])
assert_type(number.then(sure), IO[int, ValueError])
assert_type(number.tap(load), IO[int, ValueError | NotFound])
assert_type(number.zip(text), IO[tuple[int, str], ValueError | NotFound])
assert_type(sure.zip(sure), IO[tuple[int, int]])
assert_type(pure(text).flatten(), IO[str, NotFound])
assert_type(number.map(load).flatten(), IO[str, NotFound | ValueError])
assert_type(number.as_value("x"), IO[str, ValueError])

# -- Failures
assert_type(number.map_error(str), IO[int, str])
assert_type(number.map_error(lambda error: Denied(*error.args)), IO[int, Denied])
assert_type(text.catch_all(lambda error: pure(0)), IO[str | int])
assert_type(number.catch_all(lambda error: load(len(error.args))), IO[int | str, NotFound])
assert_type(text.catch_some(maybe), IO[str | bytes, NotFound | Denied])
assert_type(number.or_else(sure), IO[int])
assert_type(number.or_else(text), IO[int | str, NotFound])
assert_type(number.or_else_succeed(None), IO[int | None])
assert_type(number.or_die(), IO[int])
assert_type(number.then(text).refine(NotFound), IO[str, NotFound])
assert_type(number.then(text).refine(NotFound, ValueError), IO[str, NotFound | ValueError])
assert_type(number.either(), IO[Success[int] | Failure[ValueError]])
assert_type(number.either().absolve(), IO[int, ValueError])
assert_type(number.flip(), IO[ValueError, int])
assert_type(sure.flip(), IO[Never, int])
assert_type(number.fold(str, lambda n: n > 0), IO[str | bool])
assert_type(number.fold_cause(lambda cause: cause.failures(), lambda n: n), IO[tuple[ValueError, ...] | int])
assert_type(number.exit(), IO[Exit[int, ValueError]])
assert_type(number.tap_error(lambda error: load(len(error.args))), IO[int, ValueError | NotFound])
assert_type(number.squashed(), IO[int, ValueError])
assert_type(number.retry(3, delay=0.5), IO[int, ValueError])


def outcome(result: IO[Result[int, NotFound], ValueError]) -> None:
    assert_type(result.absolve(), IO[int, NotFound | ValueError])


def see_exit(exit: Exit[int, ValueError]) -> IO[None]:
    if isinstance(exit, Success):
        assert_type(exit.unwrap(), int)
    else:
        assert_type(exit.failure(), Cause[ValueError])
    return pure(None)


# -- Again, under a name, with finalizers
assert_type(number.repeat(2), IO[int, ValueError])
assert_type(number.named("number"), IO[int, ValueError])
assert_type(number.ensuring(sure), IO[int, ValueError])
assert_type(number.ensuring(text), IO[int, ValueError | NotFound])
assert_type(number.on_exit(see_exit), IO[int, ValueError])
assert_type(number.on_cancel(sure), IO[int, ValueError])
assert_type(number.on_error(lambda cause: load(len(cause.failures()))), IO[int, ValueError | NotFound])
assert_type(number.bracket(load, lambda n: pure(None)), IO[str, ValueError | NotFound])
assert_type(sure.bracket(lambda n: pure(str(n)), lambda n: sure), IO[str])
assert_type(sure.ensuring(sure).on_cancel(sure).on_error(lambda cause: sure).tap(lambda n: sure), IO[int])
assert_type(sure.timeout_to(1, sure).race(sure).then(sure).par_zip(sure), IO[tuple[int, int]])
assert_type(number.shielded(), IO[int, ValueError])

# -- Together, and time
assert_type(number.par_zip(text), IO[tuple[int, str], ValueError | NotFound])
assert_type(sure.race(text), IO[int | str, NotFound])
assert_type(number.fail_after(1), IO[int, ValueError | TimedOut])
assert_type(sure.fail_after(1), IO[int, TimedOut])
assert_type(number.move_on_after(0.5), IO[int | None, ValueError])
assert_type(number.timeout_to(1, text), IO[int | str, ValueError | NotFound])
assert_type(number.abandon_after(1), IO[int, ValueError | TimedOut])

# -- Composition, and the names of returns
assert_type(number.pipe(lambda io: io.map(str)), IO[str, ValueError])
assert_type(number.bind(load), IO[str, ValueError | NotFound])
assert_type(number.lash(lambda error: sure), IO[int])
assert_type(number.alt(str), IO[int, str])
assert_type(number.swap(), IO[ValueError, int])

# -- Variance
wider: IO[object, Exception] = number
task: Task[int] = number
never_fails: Task[int] = sure


async def awaited() -> None:
    assert_type(await number, int)
