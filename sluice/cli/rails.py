"""`sluice rails`: the shop's accounts at its banks, and the order in which they are asked."""

from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, Merchant, show, with_store
from sluice.cli.merchants import scope_of
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

rails = typer.Typer(help="Rail accounts: who is asked to move money, in which order.", no_args_is_help=True)
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The rail account's id: ra_…")]


@rails.command("add")
def add_account(
    name: str,
    bank: Annotated[str, typer.Option(metavar="HOST:PORT", help="A bank of the sandbox: sluice sandbox starts one.")],
    first: Annotated[bool, typer.Option("--first", help="Ask it before the others, not after them.")] = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Adds one to test mode; used within seconds.   Example: sluice rails add "Second bank" --bank 127.0.0.1:9001"""
    from sluice.books.audit.entries import record
    from sluice.merchants.rail_accounts import add

    async def work(store: Any) -> str:
        scope = await scope_of(store, merchant, False)
        row = await add(store, scope, name, bank, first=first)
        await record(store, person(), "rails.add", row.id, scope=scope, detail={"name": name, "bank": bank, "first": first})
        return row.id

    print(with_store(settings(data, database_url=database_url), work))


@rails.command("list")
def list_accounts(json: AsJson = False, merchant: Merchant = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Lists them in the order in which they are asked.   Example: sluice rails list"""
    from sluice.merchants.rail_accounts import listed

    async def read(store: Any) -> list[dict[str, Any]]:
        return await listed(store, await scope_of(store, merchant, False))

    show(with_store(settings(data, database_url=database_url), read), json)


@rails.command("close")
def close(account: AccountId, merchant: Merchant = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Takes no new payment by it; what it took is still reached.   Example: sluice rails close ra_…"""
    change(account, "closed", merchant, data, database_url)


@rails.command("open")
def reopen(account: AccountId, merchant: Merchant = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Takes payments by it again.   Example: sluice rails open ra_…"""
    change(account, "open", merchant, data, database_url)


def change(account: str, status: str, merchant: str | None, data: Data, database_url: DatabaseUrl) -> None:
    from sluice.books.audit.entries import record
    from sluice.merchants.rail_accounts import set_status

    async def work(store: Any) -> None:
        scope = await scope_of(store, merchant, False)
        await set_status(store, scope, account, status)
        await record(store, person(), "rails.status", account, scope=scope, detail={"status": status})

    with_store(settings(data, database_url=database_url), work)
    print(f"{account} is {status}")
