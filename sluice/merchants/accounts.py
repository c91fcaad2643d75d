"""Merchants: whose installation this is. Each has two scopes that never meet, test and live (Law 6)."""

from typing import Any

from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.shapes.objects import build
from sluice.store.database import Database

ADD = "insert into merchants (id, created, name, country, currency) values ($1, $2, $3, $4, $5)"
ADD_SCOPES = "insert into scopes (merchant, livemode) values ($1, false), ($1, true)"
SCOPE = "select scope from scopes where merchant = $1 and livemode = $2"
OTHER = "select o.scope from scopes s join scopes o on o.merchant = s.merchant and o.scope <> s.scope where s.scope = $1"
OF_SCOPE = "select merchant, livemode from scopes where scope = $1"
MERCHANT = "select id, created, name, country, currency from merchants where id = $1"
EVERY = "select id, created, name, country, currency from merchants order by id"
BEFORE_SCOPE = (SCOPE, ADD_SCOPES, OTHER)


async def add(database: Database, name: str, country: str = "US", currency: str = "usd") -> str:
    """A new merchant and its two scopes; answers its id."""
    id = new_id("acct_", 16)
    async with database.transaction() as connection:
        await connection.execute(ADD, id, clock.seconds(), name, country, currency)
        await connection.execute(ADD_SCOPES, id)
    return id


async def scope_of(database: Database, merchant: str, *, livemode: bool) -> int:
    record = await database.fetchrow(SCOPE, merchant, livemode)
    if record is None:
        raise LookupError(f"there is no merchant {merchant}")
    return int(record["scope"])


async def other_mode(database: Database, scope: int) -> int:
    """The merchant's scope in the other mode, for B-1.4's hint."""
    record = await database.fetchrow(OTHER, scope)
    assert record
    return int(record["scope"])


async def account(database: Database, merchant: str) -> dict[str, Any]:
    """`/v1/account`: what an owner's installation can say of itself."""
    record = await database.fetchrow(MERCHANT, merchant)
    assert record
    name = record["name"]
    return build(
        "account",
        id=record["id"],
        created=record["created"],
        business_profile=build("account_business_profile", name=name),
        capabilities={"card_payments": "active", "transfers": "inactive"},
        charges_enabled=True,
        country=record["country"],
        default_currency=record["currency"],
        details_submitted=True,
        email=None,
        external_accounts={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{record['id']}/external_accounts",
        },
        metadata={},
        payouts_enabled=False,
        type="standard",
    )


async def merchant_of(database: Database, scope: int) -> tuple[str, bool]:
    """Whose scope it is, and whether it is live."""
    record = await database.fetchrow(OF_SCOPE, scope)
    assert record
    return record["merchant"], record["livemode"]
