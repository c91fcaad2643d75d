"""B-1.4: an object of the other mode is a missing object, and the message says that it is there."""

from sluice.core.errors import Refused
from sluice.merchants.accounts import other_mode
from sluice.merchants.endpoints import Endpoint
from sluice.payments.answers import PREFIXES
from sluice.rules.calls import Call
from sluice.store.database import Database


async def hint(database: Database, call: Call, refusal: Refused) -> Refused:
    """The refusal of an id that names nothing, with the hint when the merchant's other scope has it."""
    id = refusal.missing or ""
    row = (PREFIXES | {"we": Endpoint}).get(id.partition("_")[0])
    if row and await database.one(row, await other_mode(database, call.scope), id):
        has, used = ("test", "live") if call.livemode else ("live", "test")
        refusal.message += f"; a similar object exists in {has} mode, but a {used} mode key was used to make this request."
    return refusal
