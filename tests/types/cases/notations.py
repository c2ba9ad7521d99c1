"""`@do`, `@effect` and `catch`."""

from __future__ import annotations

from typing import assert_type

from effio import IO, Do, Task, catch, do, effect, fail, pure


class NotFound(Exception):
    """An error of the cases."""


class Denied(Exception):
    """Another error of the cases."""


def load(key: int) -> IO[str, NotFound]:
    return pure(str(key))


def check(text: str) -> IO[bool, Denied]:
    return fail(Denied(text))


@do
def both(key: int, *, strict: bool = True) -> Do[int, NotFound | Denied]:
    text = yield from load(key)
    assert_type(text, str)
    allowed = yield from check(text)
    assert_type(allowed, bool)
    return len(text)


@do
def harmless() -> Do[str]:
    found = yield from pure(1)
    assert_type(found, int)
    return str(found)


@do
def nested() -> Do[int, NotFound | Denied]:
    first = yield from harmless()
    second = yield from both(len(first), strict=False)
    return second


assert_type(both(1), IO[int, NotFound | Denied])
assert_type(both(1, strict=False).map(str), IO[str, NotFound | Denied])
assert_type(harmless(), IO[str])


class Store:
    """A method may be a do-notation program or an effect."""

    @do
    def get(self, key: int) -> Do[str, NotFound]:
        text = yield from load(key)
        return text

    @effect
    def put(self, key: int, value: str) -> None: ...


assert_type(Store().get(1), IO[str, NotFound])
assert_type(Store().put(1, "a"), Task[None])


@effect
def read(path: str) -> bytes:
    return path.encode()


@effect
async def fetch(url: str) -> int:
    return len(url)


@effect(catches=OSError)
def write(path: str, data: bytes) -> int:
    return len(data)


@effect(catches=(OSError, ValueError))
async def send(data: bytes) -> int:
    return len(data)


@effect(catches=())
def pid() -> int:
    return 1


assert_type(read("x"), Task[bytes])
assert_type(fetch("x"), Task[int])
assert_type(write("x", b""), IO[int, OSError])
assert_type(send(b""), IO[int, OSError | ValueError])
assert_type(pid(), IO[int])


def catching(one: IO[int, NotFound], two: IO[int, NotFound | Denied]) -> None:
    assert_type(one | catch(NotFound, lambda error: pure("none")), IO[int | str])
    assert_type(catch(NotFound, lambda error: pure("none"))(one), IO[int | str])
    assert_type(one.pipe(catch(NotFound, lambda error: pure("none"))), IO[int | str])
    assert_type(two | catch(NotFound, lambda error: pure("none")), IO[int | str, Denied])
    assert_type(two | catch((NotFound, Denied), lambda error: pure("none")), IO[int | str])
    assert_type(two | catch(NotFound, lambda error: load(1)), IO[int | str, Denied | NotFound])
