"""`io | catch(ValueError, handler)`: handle some classes of errors and take them out of the error type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, final, overload

import attrs

from effio.algebra import argument, derived
from effio.algebra.io import IO, X1, X2, X3, X4, Error, NewError, NewValue, OtherError, OtherValue, Value
from effio.algebra.shape import program

Caught = TypeVar("Caught", contravariant=True)


@final
@attrs.frozen
class Catch(Generic[Caught, Value, Error]):
    """Takes the errors `Caught` out of the program it is applied to, by `|` or by a call."""

    exceptions: tuple[type[Any], ...]
    handler: Callable[[Any], IO[Value, Error]]

    @overload
    def __call__(self, io: IO[OtherValue, Caught], /) -> IO[OtherValue | Value, Error]: ...
    @overload
    def __call__(self, io: IO[OtherValue, OtherError | Caught], /) -> IO[OtherValue | Value, OtherError | Error]: ...
    def __call__(self, io: IO[Any, Any], /) -> IO[Any, Any]:
        """Go on with the program that the handler makes of an error of these classes."""
        return derived.CatchOnly(program("catch", io), self.handler, self.exceptions)

    @overload
    def __ror__(self, io: IO[OtherValue, Caught], /) -> IO[OtherValue | Value, Error]: ...
    @overload
    def __ror__(self, io: IO[OtherValue, OtherError | Caught], /) -> IO[OtherValue | Value, OtherError | Error]: ...
    def __ror__(self, io: IO[Any, Any], /) -> IO[Any, Any]:
        return self(io)


@overload
def catch(
    exceptions: type[X1], handler: Callable[[X1], IO[NewValue, NewError]], /
) -> Catch[X1, NewValue, NewError]: ...
@overload
def catch(
    exceptions: tuple[type[X1], type[X2]], handler: Callable[[X1 | X2], IO[NewValue, NewError]], /
) -> Catch[X1 | X2, NewValue, NewError]: ...
@overload
def catch(
    exceptions: tuple[type[X1], type[X2], type[X3]],
    handler: Callable[[X1 | X2 | X3], IO[NewValue, NewError]],
    /,
) -> Catch[X1 | X2 | X3, NewValue, NewError]: ...
@overload
def catch(
    exceptions: tuple[type[X1], type[X2], type[X3], type[X4]],
    handler: Callable[[X1 | X2 | X3 | X4], IO[NewValue, NewError]],
    /,
) -> Catch[X1 | X2 | X3 | X4, NewValue, NewError]: ...
def catch(exceptions: Any, handler: Callable[[Any], IO[Any, Any]], /) -> Catch[Any, Any, Any]:
    """Go on with the program that `handler` makes of a typed error of the given classes; let others pass.

    >>> from effio import fail, pure, run
    >>> run(fail(KeyError("colour")) | catch(KeyError, lambda error: pure("red")))
    'red'
    """
    return Catch(argument.types("catch", exceptions), argument.function("catch", handler))
