"""An order needs two web services and a database: one service hangs, so the order is rolled back."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, final

import attrs
from aiohttp import ClientSession

from effio import IO, Do, Exit, Success, Task, attempt, delay, do, effect, from_async, par_zip
from effio.demos.web_service import web_service

Value = TypeVar("Value")
Error = TypeVar("Error")

HANGS = 3600.0


@final
@attrs.frozen(kw_only=True)
class Shop:
    """What an order needs: a database, an HTTP client, the addresses of two services."""

    database: sqlite3.Connection
    session: ClientSession
    stock: str
    payment: str


@do
def main(deadline: float = 2.0) -> Do[None, Exception]:
    """Place an order in a shop whose payment service hangs; print what came of it when all is closed."""
    opened = AsyncExitStack()
    exit = yield from order_in_shop(opened, deadline).ensuring(from_async(opened.aclose))
    yield from delay(print, exit.failure())


@do
def order_in_shop(opened: AsyncExitStack, deadline: float) -> Do[Exit[None, Exception], Exception]:
    """Place the order, count the orders, and give the exit of the transaction."""
    shop = yield from open_shop(opened, slowness=2 * deadline)
    exit = yield from transaction(shop.database, place_order(shop, deadline)).exit()
    count = yield from execute(shop.database, "select count(*) from orders")
    yield from delay(print, f"database: {count} orders")
    return exit


# -- The order -----------------------------------------------------------------------------------------------


@do
def place_order(shop: Shop, deadline: float) -> Do[None, Exception]:
    """Write the order down, then reserve the goods and take the money at once."""
    yield from execute(shop.database, "insert into orders values ('a book')")
    yield from par_zip(
        call(shop.session, shop.stock).named("stock"),
        call(shop.session, shop.payment).fail_after(deadline).named("payment"),
    )


@do
def transaction(database: sqlite3.Connection, body: IO[Value, Error]) -> Do[Value, Error | Exception]:
    """Run `body`; commit if it succeeds and roll back if it fails or is cancelled."""
    yield from execute(database, "begin")

    def end(exit: Exit[Value, Error]) -> Task[object]:
        return execute(database, "commit" if isinstance(exit, Success) else "rollback")

    return (yield from body.on_exit(end))


@effect
def execute(database: sqlite3.Connection, statement: str) -> object:
    """Execute one statement and give the first value it finds."""
    row = database.execute(statement).fetchone()
    return None if row is None else row[0]


@effect
async def call(session: ClientSession, address: str) -> str:
    """Wait for the answer of a web service."""
    async with session.post(address) as answer:
        return await answer.text()


# -- The shop ------------------------------------------------------------------------------------------------


@do
def open_shop(opened: AsyncExitStack, slowness: float) -> Do[Shop, Exception]:
    """Open a new database and two services, one that is slow and one that hangs; `opened` closes them."""
    folder = yield from attempt(opened.enter_context, TemporaryDirectory())
    database = yield from attempt(sqlite3.connect, Path(folder) / "shop.sqlite", isolation_level=None)
    opened.callback(database.close)
    yield from execute(database, "create table orders (what text)")
    database.set_trace_callback(lambda statement: print(f"database: {statement}"))

    stock = yield from from_async(opened.enter_async_context, web_service("stock", slowness))
    payment = yield from from_async(opened.enter_async_context, web_service("payment", HANGS))
    session = yield from from_async(opened.enter_async_context, ClientSession())
    return Shop(database=database, session=session, stock=stock, payment=payment)
