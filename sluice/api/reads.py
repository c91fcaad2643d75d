"""Reads: one object by its id, or a page of a list. They are tried once more on a fresh connection, and write nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from sluice.core.errors import missing
from sluice.customers.customers import Customer
from sluice.payments.desk import Desk
from sluice.payments.hints import hint
from sluice.rules.calls import Call
from sluice.shapes.page import envelope, one_way
from sluice.shapes.page import page as asked_page
from sluice.store import lists
from sluice.store.rows import Row

Body = dict[str, Any]
Read = Callable[[Desk, Call], Awaitable[Body]]


def one(row: type[Row], param: str, name: str, check: Callable[[Call, Any], None] | None = None) -> Read:
    """The object that the path names under `name`; `param` is what an error calls it (B-2.14)."""

    async def read(desk: Desk, call: Call) -> Body:
        id = call.ids[name]
        found = await desk.database.one(row, call.scope, id)
        if found is None:
            raise await hint(desk.database, call, missing(row.noun, id, param, status=404))
        if check:
            check(call, found)
        return found.wire(call.livemode)

    return read


class Listed(Struct, frozen=True):
    """A list: its rows, which parameters filter which columns, and a condition of its own."""

    row: type[Row]
    filters: Mapping[str, str] = {}
    fixed: str = ""
    path: Mapping[str, str] = {}  # ids in the path that filter
    exist: tuple[str, ...] = ()  # filters whose customer must exist (B-3.8)

    async def __call__(self, desk: Desk, call: Call) -> Body:
        asked, url = asked_page(call.params), call.path
        for name in self.exist:
            if call.params.get(name):
                await existing(desk, call, call.params[name])
        try:
            found = await lists.page(
                desk.database, self.row, call.scope, limit=asked.limit, starting_after=asked.starting_after,
                ending_before=asked.ending_before, filters=self.chosen(call), fixed=self.fixed,
            )  # fmt: skip
        except lists.UnknownCursor as unknown:
            raise missing(self.row.noun, unknown.id, unknown.name) from None
        if asked.starting_after is not None and asked.ending_before is not None:
            await self.known(desk, call, asked.starting_after)
            one_way(asked)
        return envelope([row.wire(call.livemode) for row in found.rows], found.has_more, url)

    def chosen(self, call: Call) -> dict[tuple[str, str], Any]:
        given = {(column, "="): call.params[name] for name, column in self.filters.items() if call.params.get(name) is not None}
        given |= {(column, "="): call.ids[name] for name, column in self.path.items()}
        if call.params.get("created") is not None:
            given |= lists.bounds("created", call.params["created"])
        return given

    async def known(self, desk: Desk, call: Call, cursor: str) -> None:
        if await desk.database.one(self.row, call.scope, cursor) is None:
            raise missing(self.row.noun, cursor, "starting_after")


async def existing(desk: Desk, call: Call, id: str) -> None:
    customer = await desk.database.one(Customer, call.scope, id)
    if customer is None or customer.deleted:
        raise missing("customer", id, "customer")
