"""`sluice audit`: who did what, and the proof that the log of it is whole (S23)."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, Merchant, with_store
from sluice.cli.moments import FORMS, moment
from sluice.cli.options import Data, DatabaseUrl, settings

audit = typer.Typer(help="The audit log: who did what, from where, and what came of it.", no_args_is_help=True)


@audit.command("list")
def list_entries(
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help=FORMS)] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="WHO", help="A key's id, a user, a process.")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="WHAT", help="keys.roll, or a beginning: keys")] = None,
    object: Annotated[str | None, typer.Option("--object", metavar="ID", help="pi_…, key_…, or a card of the vault.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="The newest so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Lists entries, the newest last.   Example: sluice audit list --since 1d --action keys"""
    from sluice.books.audit.listing import Asked, newest, places

    asked = Asked(moment(since) if since else 0, actor, action, object, limit)

    async def read(store: Any) -> Any:
        return await newest(store, await places(store, merchant), asked)

    for shown in with_store(settings(data, database_url=database_url), read):
        print(json.dumps(facts(shown)) if as_json else sentence(shown))


def facts(shown: Any) -> dict[str, Any]:
    """An entry as JSON has it."""
    place, entry = shown.place, shown.entry
    head = {"number": shown.number, "merchant": place.merchant, "livemode": place.livemode if place.merchant else None}
    names = ("id", "created", "kind", "actor", "action", "object", "result", "address", "request", "card", "detail")
    return head | {name: getattr(entry, name) for name in names}


def sentence(shown: Any) -> str:
    from sluice.core.log import clean

    entry = shown.entry
    when = datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
    parts = [when, f"[{shown.place} {shown.number or '-'}]", entry.kind, entry.actor, entry.action, entry.object, entry.result]
    parts += [f"from {entry.address}" if entry.address else "", entry.request, f"card {entry.card}" if entry.card else ""]
    return clean(" ".join(part for part in [*parts, json.dumps(entry.detail) if entry.detail else ""] if part))


@audit.command("verify")
def verify(as_json: AsJson = False, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Proves every link and entry; exit 1 with the first that is not as it was.   Example: sluice audit verify --json"""
    from sluice.books.audit.entries import record
    from sluice.books.audit.proof import EVERY
    from sluice.books.audit.proof import verify as prove
    from sluice.books.digests.keys import known
    from sluice.books.digests.proof import ANCHORED, signed
    from sluice.cli.person import person

    read = settings(data, database_url=database_url)

    async def work(store: Any) -> Any:
        proof = await prove(store, (*EVERY, signed(known(read.vault_key_file)), ANCHORED))
        await record(store, person(), "audit.verify", result="lie" if proof.lie else "holds")
        return proof

    proof = with_store(read, work)
    print(json.dumps(proven(proof), indent=2) if as_json else sentences(proof))
    if proof.lie:
        raise typer.Exit(1)


def proven(proof: Any) -> dict[str, Any]:
    """The proof as JSON has it."""
    lie = proof.lie and proof.lie._asdict() | {"merchant": proof.place.merchant, "livemode": proof.place.livemode}
    chains = [
        {"merchant": place.merchant, "livemode": place.livemode, "entries": head.number, "hash": head.hash.hex()}
        for place, head in proof.chains
    ]
    return {"holds": proof.lie is None, "lie": lie, "chains": chains}


def sentences(proof: Any) -> str:
    if proof.lie:
        return f"The audit log does not hold. {proof.lie} ({proof.place})"
    entries = sum(head.number for _, head in proof.chains)
    lines = [f"The audit log holds: {entries} entries in {len(proof.chains)} chains. Their heads:"]
    return "\n".join([*lines, *(f"{place}: number {head.number}, {head.hash.hex()}" for place, head in proof.chains)])
