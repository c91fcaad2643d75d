"""The account itself, and who did what in it."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Body, Listed
from sluice.api.requests import not_yours
from sluice.books.audit.entries import Entry
from sluice.core.errors import missing
from sluice.merchants.accounts import account
from sluice.payments.desk import Desk
from sluice.rules.calls import Call
from sluice.shapes.page import envelope, page
from sluice.store import lists


async def own_account(desk: Desk, call: Call) -> Body:
    return await account(desk.database, call.account)


async def account_in(desk: Desk, call: Call) -> Body:
    """One's own by its id; no other is known to any key before marketplaces come (B-1.9)."""
    if call.ids["account"] != call.account:
        raise not_yours(call.ids["account"])
    return await own_account(desk, call)


async def connected_accounts(desk: Desk, call: Call) -> Body:
    """None is connected before marketplaces come. One's own is not among them."""
    asked = page(call.params)
    for name in ("starting_after", "ending_before"):
        if (cursor := getattr(asked, name)) is not None:
            raise missing("account", cursor, name)
    lists.bounds("created", call.params.get("created", {}))  # read, as whatever is served
    return envelope([], False, call.path)


AUDIT = Listed(Entry, {"action": "action", "actor": "actor", "card": "card", "subject": "object"})

TABLE: tuple[Op, ...] = (
    op("GetAccount", "account", own_account),
    op("GetAccounts", "account", connected_accounts, PAGED),
    op("GetAccountsAccount", "account", account_in),
    op("GetSluiceAuditEntries", "account", AUDIT, f"{PAGED} action actor card subject"),
)  # fmt: skip
