"""`sluice events`: follow what happens, send it again, roll a secret (O6, D19)."""

from typing import Annotated, Any

import typer

from sluice.cli.connected import Live, Merchant, with_store
from sluice.cli.crash import CannotGoOn
from sluice.cli.moments import FORMS, moment
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

events = typer.Typer(help="Events and webhooks.", no_args_is_help=True)

Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help=f"{FORMS}.")]


@events.command("listen")
def listen(
    forward: Annotated[str | None, typer.Option("--forward", metavar="URL", help="Where each event is sent, signed.")] = None,
    since: Since = None,
    only: Annotated[str | None, typer.Option("--only", metavar="TYPES", help="charge.succeeded,refund.*")] = None,
    live: Live = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Prints events as they happen.   Example: sluice events listen --forward http://localhost:4242/webhook"""
    from sluice.books.event_reads import types
    from sluice.cli import listening, processes
    from sluice.core.errors import Refused
    from sluice.merchants.endpoints import url

    read = settings(data, database_url=database_url)
    try:
        place = url(forward, False) if forward else None
    except Refused as refusal:
        raise CannotGoOn(f"--forward {forward}: {refusal.message}") from None
    wanted = listening.Wanted(place, types(only.split(",") if only else None), moment(since) if since else None, merchant, live)
    if not read.data.is_dir():
        raise CannotGoOn(f"there is no data folder {read.data}: start `sluice up` first, or name another --data")
    processes.run(listening.listen(read, wanted))


@events.command("resend")
def resend(
    event: Annotated[list[str] | None, typer.Argument(metavar="EVENT…", help="evt_…")] = None,
    since: Since = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", metavar="WE", help="Only to this one: we_…")] = None,
    live: Live = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Sends events again, to each endpoint or to one.   Example: sluice events resend --since 2h"""
    from sluice.books.audit.entries import record
    from sluice.books.webhooks.resending import resend as again
    from sluice.cli.merchants import scope_of

    if bool(event) == bool(since):
        raise CannotGoOn("name events, or give --since: one of the two")
    start = moment(since) if since else None

    async def work(store: Any) -> int:
        scope = await scope_of(store, merchant, live)
        count: int = await again(store, scope, live, endpoint=endpoint, events=event or None, since=start or 0)
        asked = {"events": event or [], "since": start, "deliveries": count}
        await record(store, person(), "events.resend", endpoint or "", scope=scope, detail=asked)
        return count

    print(f"{with_store(settings(data, database_url=database_url), work)} deliveries are due again")


@events.command("roll-secret")
def roll_secret(
    endpoint: Annotated[str, typer.Argument(metavar="WE", help="we_…")],
    hours: Annotated[int, typer.Option(min=0, max=24, help="How long the old secret signs too.")] = 24,
    live: Live = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Makes an endpoint's new secret and shows it once.   Example: sluice events roll-secret we_… --hours 1"""
    from msgspec.structs import replace

    from sluice.books.audit.entries import rows
    from sluice.books.keyring import FileProvider, Keyring
    from sluice.books.vault.cards import Vault
    from sluice.books.vault.cvcs import Cvcs
    from sluice.cli.merchants import scope_of
    from sluice.core.clock import clock
    from sluice.merchants import endpoints
    from sluice.payments.settling import completed

    read = settings(data, database_url=database_url)

    async def work(store: Any) -> str:
        scope, now = await scope_of(store, merchant, live), clock.seconds()
        row = await store.one(endpoints.Endpoint, scope, endpoint)
        if row is None:
            raise LookupError(f"there is no endpoint {endpoint} here: see --live and --merchant")
        provider = FileProvider(read.vault_key_file)
        vault = Vault(Keyring(store, provider), Cvcs(store, provider))
        await vault.load(now)
        text, change = await endpoints.roll_secret(vault, scope, row, hours * 3_600, now)
        entry = rows(person(), "events.roll-secret", endpoint, at=now, detail={"old_signs_for_seconds": hours * 3_600})
        change = replace(change, new=(*change.new, *entry))
        if not await store.write(completed("webhook_endpoint.roll", scope, live, now, change, None, None, None)):
            raise LookupError(f"the endpoint {endpoint} was changed at this moment: look again")
        return str(text)

    print(with_store(read, work))
