"""What makes one program of many."""

from __future__ import annotations

from typing import assert_type

from effio import (
    IO,
    Exit,
    collect,
    first_completed,
    par_collect,
    par_dict,
    par_map,
    par_settle,
    par_traverse,
    par_validate,
    par_zip,
    pure,
    race,
    race_all,
    race_staggered,
    traverse,
    unit,
    zip_all,
)


def pair(left: int, right: str) -> tuple[str, int]:
    return right, left


def load(key: int) -> IO[str, KeyError]:
    return pure(str(key))


def programs(
    a: IO[int], b: IO[str], c: IO[bytes, OSError], d: IO[float, KeyError], many: list[IO[int, OSError]]
) -> None:
    assert_type(par_zip(a, b), IO[tuple[int, str]])
    assert_type(par_zip(a, c), IO[tuple[int, bytes], OSError])
    assert_type(par_zip(a, b, c, d), IO[tuple[int, str, bytes, float], OSError | KeyError])
    assert_type(par_zip(a, b, a, b, a, b, a, b), IO[tuple[int, str, int, str, int, str, int, str]])
    assert_type(
        par_zip(a, b, c, d, a, b, c, d),
        IO[tuple[int, str, bytes, float, int, str, bytes, float], OSError | KeyError],
    )
    assert_type(par_zip(*many), IO[tuple[int, ...], OSError])
    assert_type(zip_all(a, c, d), IO[tuple[int, bytes, float], OSError | KeyError])
    assert_type(par_map(pair, a, b), IO[tuple[str, int]])
    assert_type(par_map(lambda n, data: n + len(data), a, c), IO[int, OSError])
    assert_type(race(a, b), IO[int | str])
    assert_type(race(a, c, d), IO[int | bytes | float, OSError | KeyError])
    assert_type(race(a, c, dispose=lambda value: unit), IO[int | bytes, OSError])
    assert_type(race(*many), IO[int, OSError])
    assert_type(first_completed(b, d), IO[str | float, KeyError])
    assert_type(race_all(many), IO[int, OSError])
    assert_type(race_all(many, dispose=lambda value: unit.as_value(value + 1)), IO[int, OSError])
    assert_type(race_staggered(many, 0.1), IO[int, OSError])
    assert_type(race_staggered([a, a], dispose=lambda value: unit), IO[int])
    assert_type(collect(many), IO[list[int], OSError])
    assert_type(collect([a, a]), IO[list[int]])
    assert_type(traverse([1, 2], load), IO[list[str], KeyError])
    assert_type(par_collect(many, limit=3), IO[list[int], OSError])
    assert_type(par_traverse(range(3), lambda n: load(n).map(len), limit=2), IO[list[int], KeyError])
    assert_type(par_dict({"x": a, "y": a}), IO[dict[str, int]])
    assert_type(par_settle(many), IO[list[Exit[int, OSError]]])
    assert_type(par_validate(many), IO[list[int], tuple[OSError, ...]])
