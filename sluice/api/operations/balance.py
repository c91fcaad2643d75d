"""The balance, what moved it, and what a person must look at."""

from msgspec.structs import replace

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Body, Listed, one
from sluice.books.balance import balance
from sluice.books.ledger import BalanceTransaction
from sluice.core.errors import missing
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import Instruction
from sluice.rules.calls import Call


async def own_balance(desk: Desk, call: Call) -> Body:
    return await balance(desk.database, call.scope, call.livemode, call.currency)


OPEN = {None: "", False: "t.closed is null", True: "t.closed is not null"}


async def discrepancies(desk: Desk, call: Call) -> Body:
    """With the subject of each one's instruction: the payment or refund that it is about."""
    listed = await replace(DISCREPANCIES, fixed=OPEN[call.params.get("closed")])(desk, call)
    asked = await desk.database.many(Instruction, call.scope, [each["about"] for each in listed["data"]])
    found = {row.id: {"subject": row.subject, "verb": row.verb} for row in asked}
    return listed | {"data": [each | found.get(each["about"], {}) for each in listed["data"]]}


async def history(desk: Desk, call: Call) -> Body:
    """B-5.94: nothing is in a payout yet, so a payout that is named is missing. Both paths name the newer one."""
    if payout := call.params.get("payout"):
        raise missing("payout", payout, "payout")
    return await HISTORY(desk, call) | {"url": "/v1/balance_transactions"}


DISCREPANCIES = Listed(Discrepancy)
HISTORY = Listed(BalanceTransaction, {"currency": "currency", "source": "source", "type": "type"})

TABLE: tuple[Op, ...] = (
    op("GetBalance", "balance", own_balance),
    op("GetBalanceTransactions", "balance", history, f"{PAGED} currency payout source type"),
    op("GetBalanceTransactionsId", "balance", one(BalanceTransaction, "id", "id")),
    op("GetBalanceHistory", "balance", history, f"{PAGED} currency payout source type"),
    op("GetBalanceHistoryId", "balance", one(BalanceTransaction, "id", "id")),
    op("GetSluiceDiscrepancies", "balance", discrepancies, f"{PAGED} closed"),
)  # fmt: skip
