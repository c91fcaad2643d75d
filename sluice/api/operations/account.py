"""The account itself, and who did what in it."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Body, Listed
from sluice.books.audit.entries import Entry
from sluice.merchants.accounts import account
from sluice.payments.desk import Desk
from sluice.rules.calls import Call


async def own_account(desk: Desk, call: Call) -> Body:
    return await account(desk.database, call.account)


AUDIT = Listed(Entry, {"action": "action", "actor": "actor", "card": "card", "subject": "object"})

TABLE: tuple[Op, ...] = (
    op("GetAccount", "account", own_account),
    op("GetSluiceAuditEntries", "account", AUDIT, f"{PAGED} action actor card subject"),
)  # fmt: skip
