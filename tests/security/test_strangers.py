"""Who may not: every route by every weaker, foreign, dead or missing key, wherever an id can stand (S9, S10, S12)."""

import json
from typing import Any, NamedTuple

import pytest

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.merchants.permissions import PUBLISHABLE
from tests.e2e.test_keys_strangers import in_parameters, seen
from tests.e2e.world import NAMING, NOWHERE, Ids, by_id, method, names, path, things
from tests.harness import Answer, Gateway, Shop
from tests.harness.wire import Raw
from tests.security.leaves import leaves

# A leaf that names something of a merchant's; any other one holds no id. A new kind of leaf must be put somewhere.
IDS = {
    "charge", "client_secret", "confirmation_token", "customer", "default_payment_method", "default_source",
    "ending_before", "event", "events", "payment_intent", "payment_method", "payout", "source", "starting_after", "token",
    "webhook_endpoint",
}  # fmt: skip
# Ids that the other matrix does not ask for, since nothing of a shop's bears them, or they are judged elsewhere.
ELSEWHERE = {
    "client_secret": "test_a_client_secret_is_no_way_around",
    "event": "test_in_the_lists_of_ours",
    "events": "test_in_a_resend",
    "webhook_endpoint": "test_in_the_lists_of_ours",
    "payout": "nothing is in a payout yet: whatever is named is missing",
}
# B-1.5: what a browser made it may read again by the id alone, which nobody else knows.
BY_ID_ALONE = {"GetTokensToken", "GetConfirmationTokensConfirmationToken"}
REVOKE = "update api_keys set revoked = 1 where scope = $1 and kind = 'sk' returning id"
EXPIRE = "update api_keys set expires = 1 where scope = $1 and kind = 'rk' returning id"


class World(NamedTuple):
    """An owner with things, another merchant, and keys that are worth less and less."""

    owner: Shop
    ids: Ids
    other: Shop
    others: Ids
    revoked: str
    expired: str


@pytest.fixture(scope="module")
def world(gateway: Gateway) -> World:
    owner, other, gone = Shop(gateway), Shop(gateway), Shop(gateway)
    revoked, expired = gone.key(), gone.key("rk", permissions={"customer": "write"})
    assert gateway.fetch(REVOKE, gone.scope)
    assert gateway.fetch(EXPIRE, gone.scope)
    return World(owner, things(owner), other, things(other), revoked, expired)


def test_every_leaf_is_an_id_or_none():
    """S10: a parameter of a new kind needs its place in this matrix."""
    named = {leaf.last for op in TABLE for leaf in leaves(op) if leaf.last in IDS}
    asked = {name for _, name, _ in in_parameters()} | {"default_payment_method"}
    assert named - asked - ELSEWHERE.keys() == set()
    texts = {
        leaf.last for op in TABLE for leaf in leaves(op)
        if leaf.schema["type"] == "string" and "enum" not in leaf.schema and leaf.schema.get("maxLength", 5_000) >= 255
    }  # fmt: skip
    ends = ("_intent", "_method", "_endpoint", "_account", "_transaction", "_id", "_before", "_after")
    assert {text for text in texts if text.endswith(ends)} <= IDS | {"tax_id"}  # the buyer's own, a text


@pytest.mark.shows("S8", "S9")
@pytest.mark.parametrize("op", TABLE, ids=by_id)
def test_a_dead_key(world: World, op: Op):
    """S9: revoked: as if it had never been; expired: it is said; on every route, whether the id is there or not."""
    for key, code in ((world.revoked, None), (world.expired, "api_key_expired")):
        for ids in (world.ids, NOWHERE):
            answer = Raw(world.owner.gateway.url, key)(method(op), path(op, ids))
            assert (answer.status, answer.error.get("code")) == (401, code)


@pytest.mark.shows("S9", "S10")
@pytest.mark.parametrize("op", NAMING, ids=by_id)
def test_the_owners_own_weaker_keys(world: World, op: Op):
    """S9: for things that are there, a publishable key and one without the permission hear what they hear of nothing."""
    for key in (world.owner.publishable, world.owner.key("rk", permissions={})):
        ask = Raw(world.owner.gateway.url, key)
        there, nowhere = (ask(method(op), path(op, ids)) for ids in (world.ids, NOWHERE))
        shown = (200,) if op.id in BY_ID_ALONE else ()
        assert there.status in ((*shown, 400, 401, 404) if key == world.owner.publishable else (403,))
        if key != world.owner.publishable or op.id not in PUBLISHABLE:
            assert without_ids(there, world.ids) == without_ids(nowhere, NOWHERE)


def without_ids(answer: Answer, ids: Ids) -> tuple[int, Any]:
    text = answer.body.decode()
    for kind, id in ids.items():
        if kind != "account":  # which a refusal names
            text = text.replace(id, "ID")
    return answer.status, json.loads(text)


@pytest.mark.shows("S10")
@pytest.mark.parametrize("op", [op for op in TABLE if method(op) == "GET"], ids=by_id)
def test_expanding_shows_nothing_foreign(world: World, op: Op):
    """S10: what a stranger expands is his own: no id of the owner is in any answer, however it is unfolded."""
    ask = world.other.raw
    for expand in (
        "customer",
        "payment_method",
        "data.customer",
        "data.payment_method",
        "latest_charge.customer",
        "data.charge",
    ):
        answer = ask("GET", path(op, world.others), {"expand[]": expand})
        assert answer.status in (200, 400)
        assert not [id for id in world.ids.values() if id in answer.body.decode()]


@pytest.mark.shows("S10")
def test_in_the_lists_of_ours(world: World):
    """S10: tries to deliver, by somebody else's event or endpoint."""
    for name, kind in (("event", "event"), ("webhook_endpoint", "webhook_endpoint")):
        foreign, nowhere = (
            world.other.raw("GET", "/v1/sluice/webhook_attempts", {name: ids[kind]}) for ids in (world.ids, NOWHERE)
        )
        assert seen(foreign, world.ids[kind]) == seen(nowhere, NOWHERE[kind])


@pytest.mark.shows("S10")
def test_in_a_resend(world: World):
    """S10: somebody else's event to one's own endpoint."""
    where = f"/v1/sluice/webhook_endpoints/{world.others['webhook_endpoint']}/resend"
    foreign, nowhere = (world.other.raw("POST", where, {"events[]": ids["event"]}) for ids in (world.ids, NOWHERE))
    assert foreign.status == 400
    assert seen(foreign, world.ids["event"]) == seen(nowhere, NOWHERE["event"])


@pytest.mark.shows("S10", "S12")
@pytest.mark.parametrize("who", ["other merchant", "live mode", "browser", "restricted", "nobody", "revoked"])
def test_an_idempotency_key_of_others(world: World, who: str):
    """S12: the first answer is kept for its scope and kind of key; whoever else says the key hears nothing of it."""
    key = f"order-{who}"
    first = world.owner.raw("POST", "/v1/customers", {"name": "Ann"}, headers={"Idempotency-Key": key})
    stranger = {
        "other merchant": world.other.secret, "live mode": world.owner.key(livemode=True), "browser": world.owner.publishable,
        "restricted": world.owner.key("rk", permissions={"charge": "write"}), "nobody": "", "revoked": world.revoked,
    }[who]  # fmt: skip
    answer = Raw(world.owner.gateway.url, stranger)("POST", "/v1/customers", {"name": "Ann"}, headers={"Idempotency-Key": key})
    assert first.json["id"] not in answer.body.decode()
    assert "idempotent-replayed" not in answer.headers
    assert answer.status == {"other merchant": 200, "live mode": 200, "restricted": 403}.get(who, 401)


@pytest.mark.shows("S9")
def test_every_route_is_in_the_matrices():
    """S9: both are drawn from the one table, so a new route is in them unasked; an id in its path has a thing to stand for."""
    assert {kind for op in NAMING for kind in names(op)} <= NOWHERE.keys()
