"""`sluice discrepancies`: what a bank said and no rule allows. A person looks, and says that it is settled."""

from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, show, with_store
from sluice.cli.options import Data, DatabaseUrl, settings

MOST = 1_000

LISTED = """select d.id, s.merchant, s.livemode, d.created, d.kind, d.about, i.subject, i.verb, d.said, d.closed
    from discrepancies d left join scopes s on s.scope = d.scope
    left join instructions i on i.scope = d.scope and i.id = d.about
    where (d.closed is null or $1) and ($3::text is null or s.merchant = $3) order by d.created, d.id limit $2"""
WHOSE = "select scope from discrepancies where id = $1"
BEFORE_SCOPE = (LISTED, WHOSE)

discrepancies = typer.Typer(help="What a bank said and no rule allows: for a person to settle.", no_args_is_help=True)


@discrepancies.command("list")
def listed(
    as_json: AsJson = False,
    every: bool = typer.Option(False, "--all", help="Those that are closed too."),
    merchant: Annotated[str | None, typer.Option("--merchant", metavar="ACCT", help="Of this one alone.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Of every merchant, the oldest first, at most 1,000.   Example: sluice discrepancies list --json"""

    async def work(store: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await store.fetch(LISTED, every, MOST, merchant)]

    show(with_store(settings(data, database_url=database_url), work), as_json)


@discrepancies.command("close")
def close(id: str, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Says that it is settled; it stays in the list of all.   Example: sluice discrepancies close dis_…"""
    from msgspec.structs import replace

    from sluice.books.audit.entries import rows
    from sluice.cli.person import person
    from sluice.core.clock import clock
    from sluice.core.ids import new_id
    from sluice.payments.discrepancies import Discrepancy
    from sluice.store.facts import Fact

    async def work(store: Any) -> str:
        whose = await store.fetchrow(WHOSE, id)
        row = whose and await store.one(Discrepancy, whose["scope"], id)
        if row is None:
            raise LookupError(f"there is no discrepancy {id}: `sluice discrepancies list` shows those that are open")
        if row.closed is not None:
            return f"{id} was closed before"
        after = replace(row, closed=clock.seconds())
        seen = rows(person(), "discrepancy.close", id)
        if not await store.write(Fact("discrepancy.close", whose["scope"], new_id("fact_"), saved=(after,), new=seen)):
            return f"{id} was closed by somebody else at this moment"
        return f"{id} is closed"

    print(with_store(settings(data, database_url=database_url), work))
