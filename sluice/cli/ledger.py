"""`sluice ledger`: the books, and the proof of them."""

import json
import sys
from typing import Any

import typer

from sluice.cli.connected import AsJson, Merchant, with_store
from sluice.cli.digests import digest, new_key
from sluice.cli.options import Data, DatabaseUrl, settings

ledger = typer.Typer(help="The books: proved, not believed.", no_args_is_help=True)


@ledger.callback()
def books() -> None:
    """The books: proved, not believed."""


@ledger.command("verify")
def verify(as_json: AsJson = False, merchant: Merchant = None, data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Proves every posting, sum, status and event; exit 1 with the first lie.   Example: sluice ledger verify --json"""
    from rich.progress import Progress

    from sluice.books.audit.entries import record
    from sluice.books.digests.keys import known
    from sluice.books.digests.proof import UNCHANGED, signed
    from sluice.books.verify.proof import verify as prove
    from sluice.cli.person import person
    from sluice.payments.proofs import EVERY

    read = settings(data, database_url=database_url)
    checks = (*EVERY, signed(known(read.vault_key_file)), UNCHANGED)

    with Progress(disable=as_json or not sys.stderr.isatty(), transient=True, console=stderr()) as bar:
        task = bar.add_task("the books")

        def tell(done: int, of: int, what: str) -> None:
            bar.update(task, completed=done, total=of, description=what)

        async def work(store: Any) -> Any:
            proof = await prove(store, checks, merchant, tell)
            await record(store, person(), "ledger.verify", merchant or "", result="lie" if proof.lie else "holds")
            return proof

        proof = with_store(read, work)
    print(json.dumps(facts(proof), indent=2) if as_json else sentences(proof))
    if proof.lie:
        raise typer.Exit(1)


ledger.command("digest")(digest)
ledger.command("new-key")(new_key)


def stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def facts(proof: Any) -> dict[str, Any]:
    """The proof as JSON has it."""
    lie = proof.lie and proof.lie._asdict() | {"merchant": proof.merchant, "livemode": proof.livemode}
    return {
        "holds": proof.lie is None,
        "lie": lie,
        "scopes": proof.scopes,
        "checks": proof.checks,
        "proved": proof.proved,
        "in_flight": proof.in_flight,
        "in_outbox": proof.in_outbox,
        "discrepancies": proof.discrepancies,
    }


def sentences(proof: Any) -> str:
    if proof.lie:
        mode = "live" if proof.livemode else "test"
        return f"The books do not hold. {proof.lie} (merchant {proof.merchant}, {mode} mode)"
    rows = ", ".join(f"{rows} {table.replace('_', ' ')}" for table, rows in proof.proved.items())
    lines = [
        f"The books hold: {proof.checks} checks in {proof.scopes} scopes, over {rows}.",
        f"In flight: {proof.in_flight} instructions without the rail's last word, {proof.in_outbox} facts still in the outbox.",
    ]
    lines += [f"A person must look at {one['id']}: {one['kind']} about {one['about']}" for one in proof.discrepancies]
    return "\n".join(lines)
