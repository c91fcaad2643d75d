"""Webhook endpoints: where a shop wants to be told, of what, in which version (B-5.70)."""

import re
from typing import Any, ClassVar, final
from urllib.parse import urlsplit

from msgspec.structs import astuple, replace

from sluice.books.events import Told
from sluice.books.vault.cards import Vault
from sluice.books.vault.envelope import Sealed
from sluice.books.webhooks.secrets import TABLE, new_secret, parse
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.limits import ENDPOINTS
from sluice.core.secrets import Secret
from sluice.customers.details import Hash, metadata
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.contract import event_types
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

OLDEST_VERSION = "2024-09-30.acacia"  # B-1.12
VERSION = re.compile(r"\d{4}-\d\d-\d\d(\.[a-z_]+)?")
EVERY = "*"


class Endpoint(Row, frozen=True):
    """`since`: enabled from that second on; `failing`: its owner was told of failures that began then."""

    table: ClassVar[str] = TABLE
    noun: ClassVar[str] = "webhook endpoint"
    created: int
    url: str
    status: str
    enabled_events: list[str]
    api_version: str | None
    since: int
    failing: int | None
    key: str
    sealed: bytes
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "webhook_endpoint",
            id=self.id,
            api_version=self.api_version,
            created=self.created,
            enabled_events=self.enabled_events,
            livemode=livemode,
            status=self.status,
            url=self.url,
            **self.doc,
        )


@final
class Fresh(Endpoint, frozen=True, kw_only=True):
    """A new one, as its create's answer shows it: the secret is seen this once."""

    secret: Secret

    def wire(self, livemode: bool) -> dict[str, Any]:
        return super().wire(livemode) | {"secret": str(self.secret)}


@final
class Gone(Row, frozen=True):
    """What the answer to a delete shows (B-4.5)."""

    table: ClassVar[str] = TABLE

    def wire(self, livemode: bool) -> dict[str, Any]:
        return {"id": self.id, "object": "webhook_endpoint", "deleted": True}


BLANK: Hash = {"application": None, "description": None, "metadata": {}}


def create(call: Call, rows: Rows) -> Plan:
    params, id, secret = call.params, new_id("we_"), new_secret()
    doc = described(BLANK, call)
    where, what, version = url(params["url"], call.livemode), types(params["enabled_events"]), api_version(call)
    if rows.get_one(Endpoint, "last"):
        raise Refused(f"You have reached the maximum of {ENDPOINTS} webhook endpoints: delete one first.", judged=True)
    sealed = call.vault.seal_webhook(call.scope, id, secret)
    row = Endpoint(id, 0, call.at, where, "enabled", what, version, call.at, None, sealed.key, sealed.data, doc)
    return Plan(Change(new=(row,), shows=Fresh(*astuple(row), secret=secret)))


def described(old: Hash, call: Call) -> Hash:
    given = {"description": call.params["description"]} if "description" in call.params else {}
    return old | given | {"metadata": metadata(old["metadata"], call.params)}


def url(given: str, livemode: bool) -> str:
    """http or https in test mode, https in live mode. Without spaces and control characters, which `urlsplit` passes over."""
    try:
        parts = urlsplit(given)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0) and given.isprintable() and " " not in given
    except ValueError:
        whole = False
    if not whole or parts.scheme not in ("http", "https"):
        raise Refused("Invalid URL: an absolute http or https URL is needed.", code="url_invalid", param="url")
    if livemode and parts.scheme != "https":
        raise Refused("Invalid URL: in live mode the URL must begin with https.", code="url_invalid", param="url")
    return given


def types(given: list[str]) -> list[str]:
    """At least one; each a known type, or `*`."""
    if not given:
        raise Refused("At least one event type is needed.", param="enabled_events")
    for n, type in enumerate(given):
        if type != EVERY and type not in event_types():
            raise Refused(f"Invalid enabled_events[{n}]: {type[:100]} is no type of event.", param=f"enabled_events[{n}]")
    return list(dict.fromkeys(given))


def api_version(call: Call) -> str | None:
    """B-1.12: dated versions from the oldest that we serve on."""
    given: str | None = call.params.get("api_version")
    if given is None:
        return None
    if not VERSION.fullmatch(given):
        raise Refused(f"Invalid Stripe API version: {given[:100]}", param="api_version")
    if given < OLDEST_VERSION[:10]:
        raise Refused(f"The API version {given} is not served: the oldest is {OLDEST_VERSION}.", param="api_version")
    return given


def named(call: Call, rows: Rows) -> Endpoint:
    endpoint = rows.get_one(Endpoint, "endpoint")
    if endpoint is None:
        raise missing("webhook endpoint", call.ids["webhook_endpoint"], "id", status=404)
    return endpoint


def update(call: Call, rows: Rows) -> Plan:
    """What a disabled endpoint missed goes out when it is enabled (B-5.83): its deliveries wait for nothing else."""
    params, endpoint = call.params, named(call, rows)
    changes: Hash = {"doc": described(endpoint.doc, call)}
    if "url" in params:
        changes["url"] = url(params["url"], call.livemode)
    if "enabled_events" in params:
        changes["enabled_events"] = types(params["enabled_events"])
    if "disabled" in params:
        changes |= switched(endpoint, "disabled" if params["disabled"] else "enabled", call.at)
    after = replace(endpoint, **changes)
    return Plan(Change(saved=(after,), shows=after))


def switched(endpoint: Endpoint, status: str, at: int) -> Hash:
    """A new start: failures from before it count no more."""
    return {} if status == endpoint.status else {"status": status, "since": at, "failing": None}


def delete(call: Call, rows: Rows) -> Plan:
    endpoint = named(call, rows)
    return Plan(Change(stand=(endpoint,), gone=(endpoint,), shows=Gone(endpoint.id, endpoint.version)))


def failing(endpoint: Endpoint, since: int) -> Change:
    """D28: its owner hears it after the third failure in a row, once."""
    after = replace(endpoint, failing=since)
    return Change(saved=(after,), told=(Told("sluice.webhook_endpoint.failing", after),))


def well(endpoint: Endpoint) -> Change:
    return Change(saved=(replace(endpoint, failing=None),))


def given_up(endpoint: Endpoint) -> Change:
    """B-5.84: after five days of only failures."""
    after = replace(endpoint, status="disabled")
    return Change(saved=(after,), told=(Told("sluice.webhook_endpoint.disabled", after),))


async def roll_secret(vault: Vault, scope: int, endpoint: Endpoint, overlap: int, now: int) -> tuple[Secret, Change]:
    """The new secret, to be shown once; both sign for `overlap` seconds (B-5.81: at most a day)."""
    text = await vault.open_webhook(scope, endpoint.id, Sealed(endpoint.key, endpoint.sealed))
    secrets = parse(text).rolled(overlap, now)
    sealed = vault.seal_webhook(scope, endpoint.id, secrets.text())
    return secrets.current, Change(saved=(replace(endpoint, key=sealed.key, sealed=sealed.data),))


def audits(rows: Rows, change: Change) -> Hash:
    """What it was and what it is: of the address no user, no password and no query."""
    last = next((row for row in (*change.saved, *change.new) if isinstance(row, Endpoint)), None)
    return {"before": audited(rows.get_one(Endpoint, "endpoint")), "after": audited(last)}


def audited(endpoint: Endpoint | None) -> Hash | None:
    if endpoint is None:
        return None
    parts = urlsplit(endpoint.url)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return {"url": place, "status": endpoint.status, "enabled_events": endpoint.enabled_events}


LAST = "(select w.id from webhook_endpoints w where w.scope = $1 order by w.id offset $3 limit 1)"
CREATE = Verb(
    "webhook_endpoints.create",
    create,
    (Load(Endpoint, "last", LAST),),
    lambda call: (ENDPOINTS - 1,),
    secret=True,
    audits=audits,
)
UPDATE = Verb("webhook_endpoints.update", update, (Load(Endpoint, "endpoint", "$3"),), id_in("webhook_endpoint"), audits=audits)
DELETE = Verb("webhook_endpoints.delete", delete, (Load(Endpoint, "endpoint", "$3"),), id_in("webhook_endpoint"), audits=audits)
