"""Parameters of the balance's history, under both its paths."""

from tests.e2e.parameters.table import PAGED, Case, Made, Served, asks
from tests.harness import Shop

CASES = PAGED | {
    "currency": Case("data.#", "eur", 1),
    "payout": Case("error.param", "po_nothing", "payout"),
    "source": Case("data.#", lambda made: made["charge"], 1),
    "type": Case("data.#", "refund", 0),
}


def two(shop: Shop) -> Made:
    older, newer = (shop.charge(shop.pays(2000, currency)) for currency in ("usd", "eur"))
    return {"older": older.balance_transaction, "newer": newer.balance_transaction, "charge": older.id}


ROWS = {
    "GetBalanceTransactions": Served(asks("/v1/balance_transactions"), CASES, two),
    "GetBalanceHistory": Served(asks("/v1/balance/history"), CASES, two),
}
