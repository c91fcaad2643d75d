"""`sluice merchants` and `sluice keys`: whose installation this is, and who may call it."""

from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, Live, Merchant, show, with_store
from sluice.cli.crash import CannotGoOn
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

merchants = typer.Typer(help="Merchants of this installation.", no_args_is_help=True)
keys = typer.Typer(help="API keys: shown once, kept as hashes.", no_args_is_help=True)
KINDS = {"secret": "sk", "restricted": "rk", "publishable": "pk"}
DAY = 86_400

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id: key_…")]


@merchants.command("add")
def add_merchant(
    name: str,
    country: Annotated[str, typer.Option(help="Two letters, ISO 3166.")] = "US",
    currency: Annotated[str, typer.Option(help="The account's currency, ISO 4217.")] = "usd",
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Adds a merchant with a test and a live scope.   Example: sluice merchants add "Flower shop" """
    from sluice.books.audit.entries import record
    from sluice.core.money import EXPONENTS
    from sluice.merchants.accounts import add

    if len(country) != 2 or not country.isalpha():
        raise CannotGoOn(f"{country} is no country: give two letters, such as US")
    if currency.lower() not in EXPONENTS:
        raise CannotGoOn(f"{currency} is no currency: give its ISO 4217 code, such as usd")
    read = settings(data, database_url=database_url)

    async def work(store: Any) -> str:
        id = await add(store, name, country.upper(), currency.lower())
        await record(store, person(), "merchants.add", id, detail={"name": name})
        return id

    print(with_store(read, work))


@merchants.command("list")
def list_merchants(json: AsJson = False, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Lists the merchants.   Example: sluice merchants list"""
    from sluice.merchants.accounts import EVERY

    async def read(store: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await store.fetch(EVERY)]

    show(with_store(settings(data, database_url=database_url), read), json)


@keys.command("create")
def create(
    kind: Annotated[str, typer.Option(help="secret, restricted or publishable.")] = "secret",
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    permission: Annotated[list[str] | None, typer.Option(metavar="RESOURCE=LEVEL", help="charge=read …")] = None,
    network: Annotated[list[str] | None, typer.Option(metavar="CIDR", help="Only from there; may be repeated.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Expires after so many days.")] = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Makes a key and shows it once.   Example: sluice keys create --kind restricted --permission charge=read"""
    from sluice.core.clock import clock
    from sluice.merchants import keys as made
    from sluice.merchants.permissions import permissions

    if kind not in KINDS:
        raise CannotGoOn(f"{kind} is no kind of key: choose secret, restricted or publishable")
    if (kind == "restricted") != bool(permission):
        raise CannotGoOn("a restricted key has at least one --permission, such as charge=read, and no other key has any")
    asked = {resource: level for resource, _, level in (pair.partition("=") for pair in permission or [])}

    async def work(store: Any) -> str:
        scope, now = await scope_of(store, merchant, live), clock.seconds()
        text, row = made.make(
            KINDS[kind], live, now, name=name, permissions=permissions(asked), allowed=network or (),  # type: ignore[arg-type]
            expires=now + days * DAY if days else None,
        )  # fmt: skip
        await store.write(made.created(person(), scope, row))
        return str(text)

    print(with_store(settings(data, database_url=database_url), work))


@keys.command("list")
def list_keys(
    json: AsJson = False, merchant: Merchant = None, live: Live = False, data: Data = None, database_url: DatabaseUrl = None
) -> None:
    """Lists keys, never their text.   Example: sluice keys list --live"""
    from sluice.merchants.keys import EVERY_KEY_OF

    async def read(store: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await store.fetch(EVERY_KEY_OF, await scope_of(store, merchant, live))]

    show(with_store(settings(data, database_url=database_url), read), json)


@keys.command("roll")
def roll(
    key: KeyId,
    hours: Annotated[int, typer.Option(min=0, max=168, help="How long the old key still works.")] = 24,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Makes the key's successor and shows it once.   Example: sluice keys roll key_… --hours 1"""
    from sluice.core.clock import clock
    from sluice.merchants import keys as made

    async def work(store: Any) -> str:
        scope = await scope_of(store, merchant, live)
        text, fact = made.roll(person(), scope, await known(store, scope, key), live, hours * 3_600, clock.seconds())
        if not await store.write(fact):
            raise LookupError(f"the key {key} was changed at this moment: look again")
        return str(text)

    print(with_store(settings(data, database_url=database_url), work))


@keys.command("revoke")
def revoke(
    key: KeyId, merchant: Merchant = None, live: Live = False, data: Data = None, database_url: DatabaseUrl = None
) -> None:
    """Ends a key at once, everywhere within seconds.   Example: sluice keys revoke key_…"""
    from sluice.core.clock import clock
    from sluice.merchants import keys as made

    async def work(store: Any) -> None:
        scope = await scope_of(store, merchant, live)
        fact = made.revoke(person(), scope, await known(store, scope, key), clock.seconds())
        if fact.saved and not await store.write(fact):
            raise LookupError(f"the key {key} was changed at this moment: look again")

    with_store(settings(data, database_url=database_url), work)
    print(f"revoked {key}")


async def scope_of(store: Any, merchant: str | None, live: bool) -> int:
    """The scope of the merchant that is named, or of the only one there is."""
    from sluice.merchants.accounts import EVERY
    from sluice.merchants.accounts import scope_of as find

    if merchant is None:
        every = await store.fetch(EVERY)
        if len(every) != 1:
            raise LookupError(f"there are {len(every)} merchants: name one with --merchant (sluice merchants list)")
        merchant = str(every[0]["id"])
    return await find(store, merchant, livemode=live)


async def known(store: Any, scope: int, key: str) -> Any:
    from sluice.merchants.keys import ApiKey

    row = await store.one(ApiKey, scope, key)
    if row is None:
        raise LookupError(f"there is no key {key} here: see `sluice keys list`, and --live")
    return row
