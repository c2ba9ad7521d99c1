"""The types of `arity`, written by `tests/types/generate_overloads.py`."""

from collections.abc import Callable
from typing import TypeVar, overload

from effio.algebra.io import IO

T = TypeVar("T")
E = TypeVar("E")
A1 = TypeVar("A1")
A2 = TypeVar("A2")
A3 = TypeVar("A3")
A4 = TypeVar("A4")
A5 = TypeVar("A5")
A6 = TypeVar("A6")
A7 = TypeVar("A7")
A8 = TypeVar("A8")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
E4 = TypeVar("E4")
E5 = TypeVar("E5")
E6 = TypeVar("E6")
E7 = TypeVar("E7")
E8 = TypeVar("E8")

@overload
def zip_all(io1: IO[A1], io2: IO[A2], /) -> IO[tuple[A1, A2]]: ...
@overload
def zip_all(io1: IO[A1, E1], io2: IO[A2, E2], /) -> IO[tuple[A1, A2], E1 | E2]: ...
@overload
def zip_all(io1: IO[A1], io2: IO[A2], io3: IO[A3], /) -> IO[tuple[A1, A2, A3]]: ...
@overload
def zip_all(io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], /) -> IO[tuple[A1, A2, A3], E1 | E2 | E3]: ...
@overload
def zip_all(io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], /) -> IO[tuple[A1, A2, A3, A4]]: ...
@overload
def zip_all(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], /
) -> IO[tuple[A1, A2, A3, A4], E1 | E2 | E3 | E4]: ...
@overload
def zip_all(io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], /) -> IO[tuple[A1, A2, A3, A4, A5]]: ...
@overload
def zip_all(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], io5: IO[A5, E5], /
) -> IO[tuple[A1, A2, A3, A4, A5], E1 | E2 | E3 | E4 | E5]: ...
@overload
def zip_all(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6]]: ...
@overload
def zip_all(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], io5: IO[A5, E5], io6: IO[A6, E6], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6], E1 | E2 | E3 | E4 | E5 | E6]: ...
@overload
def zip_all(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], io7: IO[A7], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7]]: ...
@overload
def zip_all(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    /,
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7], E1 | E2 | E3 | E4 | E5 | E6 | E7]: ...
@overload
def zip_all(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], io7: IO[A7], io8: IO[A8], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7, A8]]: ...
@overload
def zip_all(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    io8: IO[A8, E8],
    /,
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7, A8], E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8]: ...
@overload
def zip_all(*ios: IO[T, E]) -> IO[tuple[T, ...], E]: ...
@overload
def par_zip(io1: IO[A1], io2: IO[A2], /) -> IO[tuple[A1, A2]]: ...
@overload
def par_zip(io1: IO[A1, E1], io2: IO[A2, E2], /) -> IO[tuple[A1, A2], E1 | E2]: ...
@overload
def par_zip(io1: IO[A1], io2: IO[A2], io3: IO[A3], /) -> IO[tuple[A1, A2, A3]]: ...
@overload
def par_zip(io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], /) -> IO[tuple[A1, A2, A3], E1 | E2 | E3]: ...
@overload
def par_zip(io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], /) -> IO[tuple[A1, A2, A3, A4]]: ...
@overload
def par_zip(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], /
) -> IO[tuple[A1, A2, A3, A4], E1 | E2 | E3 | E4]: ...
@overload
def par_zip(io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], /) -> IO[tuple[A1, A2, A3, A4, A5]]: ...
@overload
def par_zip(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], io5: IO[A5, E5], /
) -> IO[tuple[A1, A2, A3, A4, A5], E1 | E2 | E3 | E4 | E5]: ...
@overload
def par_zip(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6]]: ...
@overload
def par_zip(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], io5: IO[A5, E5], io6: IO[A6, E6], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6], E1 | E2 | E3 | E4 | E5 | E6]: ...
@overload
def par_zip(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], io7: IO[A7], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7]]: ...
@overload
def par_zip(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    /,
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7], E1 | E2 | E3 | E4 | E5 | E6 | E7]: ...
@overload
def par_zip(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], io6: IO[A6], io7: IO[A7], io8: IO[A8], /
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7, A8]]: ...
@overload
def par_zip(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    io8: IO[A8, E8],
    /,
) -> IO[tuple[A1, A2, A3, A4, A5, A6, A7, A8], E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8]: ...
@overload
def par_zip(*ios: IO[T, E]) -> IO[tuple[T, ...], E]: ...
@overload
def par_map(f: Callable[[A1], T], io1: IO[A1], /) -> IO[T]: ...
@overload
def par_map(f: Callable[[A1], T], io1: IO[A1, E1], /) -> IO[T, E1]: ...
@overload
def par_map(f: Callable[[A1, A2], T], io1: IO[A1], io2: IO[A2], /) -> IO[T]: ...
@overload
def par_map(f: Callable[[A1, A2], T], io1: IO[A1, E1], io2: IO[A2, E2], /) -> IO[T, E1 | E2]: ...
@overload
def par_map(f: Callable[[A1, A2, A3], T], io1: IO[A1], io2: IO[A2], io3: IO[A3], /) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3], T], io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], /
) -> IO[T, E1 | E2 | E3]: ...
@overload
def par_map(f: Callable[[A1, A2, A3, A4], T], io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], /) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4], T], io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], io4: IO[A4, E4], /
) -> IO[T, E1 | E2 | E3 | E4]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5], T], io1: IO[A1], io2: IO[A2], io3: IO[A3], io4: IO[A4], io5: IO[A5], /
) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5], T],
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    /,
) -> IO[T, E1 | E2 | E3 | E4 | E5]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6], T],
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    /,
) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6], T],
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    /,
) -> IO[T, E1 | E2 | E3 | E4 | E5 | E6]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6, A7], T],
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    /,
) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6, A7], T],
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    /,
) -> IO[T, E1 | E2 | E3 | E4 | E5 | E6 | E7]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6, A7, A8], T],
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    io8: IO[A8],
    /,
) -> IO[T]: ...
@overload
def par_map(
    f: Callable[[A1, A2, A3, A4, A5, A6, A7, A8], T],
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    io8: IO[A8, E8],
    /,
) -> IO[T, E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8]: ...
@overload
def race(io1: IO[A1], io2: IO[A2], /, *, dispose: Callable[[A1 | A2], IO[object]] | None = None) -> IO[A1 | A2]: ...
@overload
def race(
    io1: IO[A1, E1], io2: IO[A2, E2], /, *, dispose: Callable[[A1 | A2], IO[object]] | None = None
) -> IO[A1 | A2, E1 | E2]: ...
@overload
def race(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], /, *, dispose: Callable[[A1 | A2 | A3], IO[object]] | None = None
) -> IO[A1 | A2 | A3]: ...
@overload
def race(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], /, *, dispose: Callable[[A1 | A2 | A3], IO[object]] | None = None
) -> IO[A1 | A2 | A3, E1 | E2 | E3]: ...
@overload
def race(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4]: ...
@overload
def race(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4, E1 | E2 | E3 | E4]: ...
@overload
def race(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5]: ...
@overload
def race(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5, E1 | E2 | E3 | E4 | E5]: ...
@overload
def race(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6]: ...
@overload
def race(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6, E1 | E2 | E3 | E4 | E5 | E6]: ...
@overload
def race(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7]: ...
@overload
def race(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7, E1 | E2 | E3 | E4 | E5 | E6 | E7]: ...
@overload
def race(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    io8: IO[A8],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8]: ...
@overload
def race(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    io8: IO[A8, E8],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8, E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8]: ...
@overload
def race(*ios: IO[T, E]) -> IO[T, E]: ...
@overload
def first_completed(
    io1: IO[A1], io2: IO[A2], /, *, dispose: Callable[[A1 | A2], IO[object]] | None = None
) -> IO[A1 | A2]: ...
@overload
def first_completed(
    io1: IO[A1, E1], io2: IO[A2, E2], /, *, dispose: Callable[[A1 | A2], IO[object]] | None = None
) -> IO[A1 | A2, E1 | E2]: ...
@overload
def first_completed(
    io1: IO[A1], io2: IO[A2], io3: IO[A3], /, *, dispose: Callable[[A1 | A2 | A3], IO[object]] | None = None
) -> IO[A1 | A2 | A3]: ...
@overload
def first_completed(
    io1: IO[A1, E1], io2: IO[A2, E2], io3: IO[A3, E3], /, *, dispose: Callable[[A1 | A2 | A3], IO[object]] | None = None
) -> IO[A1 | A2 | A3, E1 | E2 | E3]: ...
@overload
def first_completed(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4]: ...
@overload
def first_completed(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4, E1 | E2 | E3 | E4]: ...
@overload
def first_completed(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5]: ...
@overload
def first_completed(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5, E1 | E2 | E3 | E4 | E5]: ...
@overload
def first_completed(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6]: ...
@overload
def first_completed(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6, E1 | E2 | E3 | E4 | E5 | E6]: ...
@overload
def first_completed(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7]: ...
@overload
def first_completed(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7, E1 | E2 | E3 | E4 | E5 | E6 | E7]: ...
@overload
def first_completed(
    io1: IO[A1],
    io2: IO[A2],
    io3: IO[A3],
    io4: IO[A4],
    io5: IO[A5],
    io6: IO[A6],
    io7: IO[A7],
    io8: IO[A8],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8]: ...
@overload
def first_completed(
    io1: IO[A1, E1],
    io2: IO[A2, E2],
    io3: IO[A3, E3],
    io4: IO[A4, E4],
    io5: IO[A5, E5],
    io6: IO[A6, E6],
    io7: IO[A7, E7],
    io8: IO[A8, E8],
    /,
    *,
    dispose: Callable[[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8], IO[object]] | None = None,
) -> IO[A1 | A2 | A3 | A4 | A5 | A6 | A7 | A8, E1 | E2 | E3 | E4 | E5 | E6 | E7 | E8]: ...
@overload
def first_completed(*ios: IO[T, E]) -> IO[T, E]: ...
