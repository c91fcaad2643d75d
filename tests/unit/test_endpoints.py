"""Webhook endpoints: what can be made and changed (B-5.70)."""

from typing import Any

import pytest

from sluice.core.errors import Refused
from sluice.core.limits import ENDPOINTS
from sluice.merchants import endpoints
from sluice.merchants.endpoints import Endpoint
from sluice.rules.calls import Verb
from sluice.rules.plans import Change
from tests.unit.webhooks_bench import Bench

pytest_plugins = ["tests.unit.webhooks_fixtures"]

GOOD: dict[str, Any] = {"url": "https://example.com/hook", "enabled_events": ["charge.succeeded", "*"]}


async def create(bench: Bench, scope: int = 1, **params: Any) -> Change:
    """As the path does it: read what the verb loads, judge, write."""
    call = bench.call(scope, **(GOOD | params))
    _, rows = await bench.db.load(scope, "key", endpoints.CREATE.loads, *endpoints.CREATE.names(call))
    change = endpoints.CREATE.check(call, rows).change
    await bench.write(change, scope)
    return change


async def refused(bench: Bench, scope: int = 1, **params: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        await create(bench, scope, **params)
    return refusal.value


async def test_the_secret_is_shown_once(bench: Bench) -> None:
    """B-5.70: in the create's answer, never after; it is the one that signs."""
    change = await create(bench, description="mine", metadata={"a": "1"})
    assert change.shows
    made = change.shows.wire(False)
    row = await bench.read(made["id"])
    assert len(made["secret"]) == 38
    assert await bench.secret(made["id"]) == made["secret"]
    assert row.wire(False) == {key: value for key, value in made.items() if key != "secret"}
    assert made["secret"].encode() not in row.sealed
    assert made["secret"] not in repr(change)
    assert made | {"id": "", "secret": "", "created": 0} == {
        "id": "", "object": "webhook_endpoint", "api_version": None, "application": None, "created": 0, "description": "mine",
        "enabled_events": ["charge.succeeded", "*"], "livemode": False, "metadata": {"a": "1"}, "secret": "",
        "status": "enabled", "url": GOOD["url"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"url": "example.com"}, "url"),
        ({"url": "ftp://example.com"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://example.com:99999"}, "url"),
        ({"url": "https://[::1"}, "url"),
        ({"enabled_events": []}, "enabled_events"),
        ({"enabled_events": ["*", "charge.paid"]}, "enabled_events[1]"),
        ({"api_version": "newest"}, "api_version"),
        ({"api_version": "2023-10-16"}, "api_version"),
    ],
)
async def test_what_cannot_be_an_endpoint(bench: Bench, params: dict[str, Any], param: str) -> None:
    """B-5.70, B-1.12: the fault names its parameter."""
    assert (await refused(bench, **params)).param == param


async def test_live_mode_needs_tls(bench: Bench) -> None:
    """B-5.70: http or https in test, https in live."""
    await create(bench, url="http://localhost:4242/hook")
    assert (await refused(bench, 2, url="http://example.com")).param == "url"
    await create(bench, 2)


@pytest.mark.parametrize("version", ["2024-09-30.acacia", "2026-05-27.dahlia", "2027-01-01.next"])
async def test_versions_from_the_oldest_served_on(bench: Bench, version: str) -> None:
    """B-1.12."""
    change = await create(bench, api_version=version)
    assert change.shows
    assert change.shows.wire(False)["api_version"] == version


async def test_there_are_sixteen_at_most(bench: Bench) -> None:
    """B-5.70: in an account and mode."""
    for _ in range(ENDPOINTS):
        await create(bench)
    refusal = await refused(bench)
    assert refusal.judged
    assert str(ENDPOINTS) in refusal.message
    await create(bench, 2)


async def act(bench: Bench, verb: Verb, id: str, **params: Any) -> Change:
    call = bench.call(**params)
    call.ids["webhook_endpoint"] = id
    _, rows = await bench.db.load(1, "key", verb.loads, *verb.names(call))
    change = verb.check(call, rows).change
    await bench.write(change)
    return change


async def test_an_update_changes_what_it_names(bench: Bench) -> None:
    """B-5.70: `disabled` is a status; what is not named stays."""
    change = await create(bench, description="mine", metadata={"a": "1", "b": "2"})
    id = change.new[0].id
    change = await act(bench, endpoints.UPDATE, id, disabled=True, metadata={"a": None}, enabled_events=["refund.created"])
    assert change.shows
    made = change.shows.wire(False)
    assert (made["status"], made["metadata"], made["enabled_events"]) == ("disabled", {"b": "2"}, ["refund.created"])
    assert (made["description"], made["url"]) == ("mine", GOOD["url"])
    await act(bench, endpoints.UPDATE, id, disabled=False, description=None)
    row = await bench.read(id)
    assert (row.status, row.doc["description"]) == ("enabled", None)


async def test_a_deleted_one_is_gone(bench: Bench) -> None:
    """B-4.5: the answer says so, and afterwards there is none (404)."""
    id = (await create(bench)).new[0].id
    change = await act(bench, endpoints.DELETE, id)
    assert change.shows
    assert change.shows.wire(False) == {"id": id, "object": "webhook_endpoint", "deleted": True}
    assert await bench.db.one(Endpoint, 1, id) is None
    with pytest.raises(Refused) as missing:
        await act(bench, endpoints.UPDATE, id)
    assert (missing.value.status, missing.value.code) == (404, "resource_missing")


def test_what_is_told_of_an_endpoint_is_known() -> None:
    """D28: our own types can be asked for by name."""
    assert endpoints.types(["sluice.webhook_endpoint.failing", "sluice.webhook_endpoint.disabled"])
