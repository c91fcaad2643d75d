"""The ledger: pairs that are only ever added, so it cannot be unbalanced (Law 2).

A balance is its roll-up plus the postings of what is still in the outbox.
"""

from operator import index
from typing import Any, ClassVar, Literal, NamedTuple

from msgspec import Struct

from sluice.core.money import Money
from sluice.shapes.objects import build
from sluice.store.database import Database
from sluice.store.rows import Line, Row

Account = Literal["pending", "available", "fees", "rail"]
ACCOUNTS: tuple[Account, ...] = ("pending", "available", "fees", "rail")

BALANCES = """
select account, currency, sum(amount)::text amount from (
    select account, currency, amount from balances where scope = $1
    union all
    select m.account, p.currency, m.amount from outbox o join postings p on p.scope = o.scope and p.fact = o.fact
        cross join lateral (values (p.credit, p.amount), (p.debit, -p.amount)) m (account, amount)
        where o.scope = $1 and p.scope = $1
) moved group by account, currency"""


class Posting(Line, frozen=True):
    """`amount` (minor units) leaves `debit` and reaches `credit`."""

    table: ClassVar[str] = "postings"
    n: int
    debit: str
    credit: str
    amount: int
    currency: str


def post(*moves: tuple[Account, Account, Money]) -> tuple[Posting, ...]:
    """Pairs (debit, credit, money), in order. Nothing is posted for zero; a fraction or a negative sum is our defect."""
    lines = [(debit, credit, index(money.amount), money.currency) for debit, credit, money in moves if money.amount]
    assert all(amount > 0 for _, _, amount, _ in lines), "a posting moves money one way"
    return tuple(Posting(n, *line) for n, line in enumerate(lines))


class Fees(Struct, frozen=True):
    """What a sale costs the shop: parts per million of the amount, and a fixed sum in minor units."""

    ppm: int = 29_000
    fixed: int = 30

    def of(self, money: Money) -> int:
        """Rounded half up to the minor unit; never more than the money itself."""
        return min(money.amount, (money.amount * self.ppm + 500_000) // 1_000_000 + self.fixed)


class BalanceTransaction(Row, frozen=True):
    """The header of a money fact; its id is the postings' `fact`. `matured` is the fact that made it available."""

    table: ClassVar[str] = "balance_transactions"
    noun: ClassVar[str] = "balance transaction"
    created: int
    type: str
    source: str
    amount: int
    fee: int
    net: int
    currency: str
    available_on: int
    matured: str | None
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "balance_transaction",
            id=self.id,
            created=self.created,
            type=self.type,
            source=self.source,
            amount=self.amount,
            fee=self.fee,
            net=self.net,
            currency=self.currency,
            available_on=self.available_on,
            status="available" if self.matured else "pending",
            balance_type="payments",
            **self.doc,
        )

    @property
    def place(self) -> Account:
        """Where its money stands."""
        return "available" if self.matured else "pending"


class Earned(NamedTuple):
    """A header and its postings."""

    header: BalanceTransaction
    postings: tuple[Posting, ...]


def sale(id: str, source: str, money: Money, fees: Fees, at: int, available_on: int, description: str | None) -> Earned:
    """B-5.91: a charge's gross, fee and net. Available at once when `available_on` is now."""
    fee = fees.of(money)
    place: Account = "available" if available_on <= at else "pending"
    detail = {
        "amount": fee,
        "application": None,
        "currency": money.currency,
        "description": "Processing fees",
        "type": "stripe_fee",
    }
    doc = {
        "description": description,
        "reporting_category": "charge",
        "exchange_rate": None,
        "fee_details": [detail] if fee else [],
    }
    header = BalanceTransaction(
        id, 0, at, "charge", source, money.amount, fee, money.amount - fee, money.currency,
        available_on, id if place == "available" else None, doc,
    )  # fmt: skip
    return Earned(header, post(("rail", place, money), (place, "fees", Money(fee, money.currency))))


def refund(id: str, source: str, money: Money, at: int, sold: BalanceTransaction, description: str) -> Earned:
    """B-5.92: back from where the sale's money stands. Fees are not returned."""
    return moved(
        id, "refund", source, Money(-money.amount, money.currency), at, sold, description, post((sold.place, "rail", money))
    )


def refund_failure(id: str, source: str, money: Money, at: int, sold: BalanceTransaction, description: str) -> Earned:
    """B-5.42: the bank returned it; the money is the shop's again."""
    return moved(id, "refund_failure", source, money, at, sold, description, post(("rail", sold.place, money)))


def moved(
    id: str,
    type: str,
    source: str,
    money: Money,
    at: int,
    sold: BalanceTransaction,
    description: str,
    postings: tuple[Posting, ...],
) -> Earned:
    doc: dict[str, Any] = {"description": description, "reporting_category": type, "exchange_rate": None, "fee_details": []}
    header = BalanceTransaction(
        id, 0, at, type, source, money.amount, 0, money.amount, money.currency,
        at if sold.matured else sold.available_on, id if sold.matured else None, doc,
    )  # fmt: skip
    return Earned(header, postings)


async def balances(database: Database, scope: int) -> dict[tuple[str, str], int]:
    """(account, currency) -> credits less debits, in minor units, with every fact that is committed."""
    return {(row["account"], row["currency"]): int(row["amount"]) for row in await database.fetch(BALANCES, scope)}
