"""Events: what the shop is told, written in the fact's own commit, numbered after it (Law 3)."""

from typing import Any, ClassVar, final

import msgspec

from sluice.core.ids import new_id
from sluice.store.rows import Line, Row

API_VERSION = "2026-05-27.dahlia"


class Event(Line, frozen=True):
    """`data` is the text of the wire's `data`: the object as it was right after the change, never changed again (B-5.75)."""

    table: ClassVar[str] = "events"
    id: str
    n: int
    type: str
    object: str
    object_version: int
    data: str
    created: int
    request: str | None
    idempotency_key: str | None


@final
class Told(msgspec.Struct, frozen=True):
    """One event that a change owes: its type, the object after the change, and for `*.updated` what it was before."""

    type: str
    row: Row
    before: Row | None = None
    object: dict[str, Any] | None = None  # when it is not the row's plain public form


def lines(told: tuple[Told, ...], livemode: bool, at: int, request: str | None, key: str | None) -> list[Event]:
    """The events' rows, in the order of creation; events of one call have one second (B-5.76)."""
    return [
        Event(new_id("evt_"), n, one.type, one.row.id, one.row.version + 1, data(one, livemode), at, request, key)
        for n, one in enumerate(told)
    ]


def data(told: Told, livemode: bool) -> str:
    now = told.object or told.row.wire(livemode)
    body: dict[str, Any] = {"object": now}
    if told.before is not None:
        body["previous_attributes"] = changed(told.before.wire(livemode), now)
    return msgspec.json.encode(body).decode()


def changed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Only the changed keys, with their old values; of a changed hash only its changed leaves; an array whole (B-5.75)."""
    out: dict[str, Any] = {}
    for key in before.keys() | now.keys():
        was, is_now = before.get(key), now.get(key)
        if was == is_now:
            continue
        out[key] = changed(was, is_now) if isinstance(was, dict) and isinstance(is_now, dict) else was
    return {key: out[key] for key in (*before, *(key for key in now if key not in before)) if key in out}
