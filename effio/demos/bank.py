"""Two transfers at once: a pause in the middle loses money in some orders, one action instead in none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from effio import IO, Do, Exit, Ref, Success, delay, do, par_zip, yield_now
from effio.testing import explore, replay

Account: TypeAlias = Ref[int]
Transfer: TypeAlias = Callable[[Account, Account, int], IO[None]]

ALL_MONEY: Final = 200


@do
def main() -> Do[None]:
    """Look for a schedule that loses money, show and replay it; then prove that the other way never does."""
    careless = yield from delay(explore, bank(transfer_with_pause), keeps_the_money)
    (found,) = careless.failures
    yield from delay(print, f"transfer_with_pause: money is lost in schedule {careless.schedules}\n{found}\n")

    again = yield from delay(replay, bank(transfer_with_pause), found.token)
    yield from delay(print, f"replayed, there is again: {again.outcome}\n")

    careful = yield from delay(explore, bank(transfer), keeps_the_money)
    yield from delay(print, f"transfer: {careful}")


@do
def bank(transfer: Transfer) -> Do[int]:
    """Let Ada and Bob, who own 100 each, pay to the shop at once: how much there is afterwards."""
    ada = yield from Ref.make(100, name="ada")
    bob = yield from Ref.make(100, name="bob")
    shop = yield from Ref.make(0, name="shop")
    yield from par_zip(transfer(ada, shop, 30).named("ada pays"), transfer(bob, shop, 50).named("bob pays"))
    return (yield from ada.get()) + (yield from bob.get()) + (yield from shop.get())


def keeps_the_money(exit: Exit[int, object]) -> bool:
    """Whether as much is there as before."""
    return exit == Success(ALL_MONEY)


@do
def transfer_with_pause(source: Account, target: Account, amount: int) -> Do[None]:
    """Read the target's balance, let others run, and write what it was plus the amount."""
    yield from source.update(lambda balance: balance - amount)
    balance = yield from target.get()
    yield from yield_now
    yield from target.set(balance + amount)


@do
def transfer(source: Account, target: Account, amount: int) -> Do[None]:
    """Change each balance in one action, which nobody can come between."""
    yield from source.update(lambda balance: balance - amount)
    yield from target.update(lambda balance: balance + amount)
