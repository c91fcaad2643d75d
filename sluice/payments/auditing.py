"""What the audit log says of a write of the API (S23): one entry, in the write's first commit. And which processes served.

Who asked, and what for. What changed, and what the rail said, is told by the events of the same request and proved by the
ledger; so an entry holds only what they do not. Where no event tells a change, the verb says what changed.
"""

import os
import socket

from msgspec.structs import replace

from sluice import __version__
from sluice.books.audit import entries
from sluice.books.audit.entries import Who
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Request
from sluice.store.database import Database
from sluice.store.reads import Rows


def done(verb: Verb, call: Call, rows: Rows, change: Change) -> Change:
    """With the entry of a write that asks nobody: done, or refused on what the database holds."""
    detail = verb.audits(rows, change) if verb.audits and not change.refusal else {}
    if change.refusal:
        detail = {"code": change.refusal.code, "param": change.refusal.param}
    object = change.shows.id if change.shows else next(iter(call.ids.values()), "")
    return with_entry(change, verb, call, object, "refused" if change.refusal else "done", detail)


def asked(verb: Verb, call: Call, change: Change, request: Request) -> Change:
    """With the entry of a write that asks a rail, and of the card that the vault opened for it."""
    money = request.ask.money
    detail = {"instruction": request.id, "rail": request.rail, "amount": money.amount, "currency": money.currency}
    return with_entry(change, verb, call, request.subject, "asked", detail, request.stored.id if request.stored else None)


def with_entry(
    change: Change, verb: Verb, call: Call, object: str, result: str, detail: dict[str, object], card: str | None = None
) -> Change:
    entry = entries.rows(call.who, verb.name, object, result=result, at=call.at, request=call.request, card=card, detail=detail)
    return replace(change, new=(*change.new, *entry))


async def began(database: Database, role: str) -> None:
    """A process of ours begins to work: which program, and where."""
    detail = {"version": __version__, "pid": os.getpid()}
    await entries.record(database, Who("process", role, socket.gethostname()), "process.start", role, detail=detail)
