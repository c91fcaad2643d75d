"""The balance as a shop reads it: sums of the ledger, nothing sets them (B-5.90)."""

from collections.abc import Mapping
from typing import Any

from sluice.books.ledger import balances
from sluice.shapes.objects import build
from sluice.store.database import Database


async def balance(database: Database, scope: int, livemode: bool, currency: str) -> dict[str, Any]:
    """The wire's object, with every fact that is committed; `currency` is the account's, for an empty one."""
    return shown(await balances(database, scope), livemode, currency)


def shown(sums: Mapping[tuple[str, str], int], livemode: bool, currency: str) -> dict[str, Any]:
    """From (account, currency) -> minor units. A currency in either list is in both; an amount may be negative."""
    currencies = sorted({code for account, code in sums if account in ("available", "pending")}) or [currency]
    lists = {place: [entry(sums.get((place, code), 0), code) for code in currencies] for place in ("available", "pending")}
    return build("balance", livemode=livemode, **lists)


def entry(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
