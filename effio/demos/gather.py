"""Two tasks at once: both results in the order of the arguments, or the first failure."""

from __future__ import annotations

from effio import IO, Do, delay, do, fail, now, par_zip, pure, sleep


@do
def main() -> Do[None]:
    """Run two tasks that succeed, then two of which the second fails."""
    start = yield from now
    results = yield from par_zip(task("first", 2), task("second", 1))
    end = yield from now
    yield from say(f"{results} after {end - start:.0f} s\n")

    failing = task("second", 1).then(fail(ValueError("second broke")))
    exit = yield from par_zip(task("first", 2).named("first"), failing.named("second")).exit()
    yield from say(str(exit.failure()))


def task(name: str, seconds: int) -> IO[str]:
    """Begin, take some seconds, end, and give the name."""
    begin = say(f"{name} begins")
    end = say(f"{name} ends after {seconds} s")
    return begin.then(sleep(seconds)).then(end).then(pure(name))


def say(text: str) -> IO[None]:
    """Print `text`."""
    return delay(print, text)
