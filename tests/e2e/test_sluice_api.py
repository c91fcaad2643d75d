"""Our own operations beside the wire's: tries of webhooks, sending again, discrepancies (DESIGN 5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from sluice.core.clock import clock
from sluice.payments.discrepancies import Discrepancy
from sluice.store.facts import Fact
from tests.harness import Answer, Receiver, Shop
from tests.harness.processes import until

DAY = 86_400
TYPE = "customer.created"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def endpoint(shop: Shop, url: str, *types: str) -> str:
    return shop.v1.webhook_endpoints.create({"url": url, "enabled_events": list(types or (TYPE,))}).id  # type: ignore[arg-type]


def attempts(shop: Shop, **params: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = shop.raw("GET", "/v1/sluice/webhook_attempts", params).json["data"]
    return listed


def settled(shop: Shop, count: int) -> list[dict[str, Any]]:
    """Once that many tries are written down."""
    until(lambda: len(attempts(shop)) >= count, shop.gateway)
    return attempts(shop)


def resend(shop: Shop, id: str, *params: tuple[str, str], **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return shop.raw("POST", f"/v1/sluice/webhook_endpoints/{id}/resend", list(params), headers=sent)


@pytest.mark.shows("D19")
def test_each_try_is_listed(shop: Shop, receiver: Receiver):
    """B-5.82, B-5.83: status, the answer's head and the time of each, failures too."""
    receiver.answers = lambda _: 500 if len(receiver.deliveries) == 1 else 200
    id = endpoint(shop, receiver.url)
    for _ in range(2):
        shop.v1.customers.create()
        receiver.wait_for(1)
        settled(shop, 1)
    newest, oldest = settled(shop, 2)
    events = [event.id for event in shop.events(type=TYPE)]
    assert [oldest["event"], newest["event"]] == events
    assert (oldest["status"], newest["status"]) == (500, 200)
    assert oldest["error"]
    assert newest["error"] is None
    assert {one["webhook_endpoint"] for one in (oldest, newest)} == {id}
    assert "HTTP" in newest["head"] or newest["head"] == ""
    assert newest["id"] > oldest["id"]
    assert 0 <= newest["milliseconds"] < 20_000
    assert abs(newest["created"] - clock.seconds()) < 60


@pytest.mark.shows("S10")
def test_tries_are_listed_like_anything(shop: Shop, receiver: Receiver):
    """B-3.2 to B-3.7: filters and cursors; another shop sees none of them (S10)."""
    first, second = endpoint(shop, receiver.url), endpoint(shop, receiver.url)
    shop.v1.customers.create()
    shop.v1.customers.create()
    whole = [one["id"] for one in settled(shop, 4)]
    assert whole == sorted(whole, reverse=True)
    assert {one["webhook_endpoint"] for one in attempts(shop, webhook_endpoint=first)} == {first}
    assert len(attempts(shop, webhook_endpoint=second)) == 2
    event = shop.events(type=TYPE)[0].id
    assert [one["event"] for one in attempts(shop, event=event)] == [event, event]
    assert [one["id"] for one in attempts(shop, starting_after=whole[1])] == whole[2:]
    assert [one["id"] for one in attempts(shop, ending_before=whole[1])] == whole[:1]
    answer = shop.raw("GET", "/v1/sluice/webhook_attempts", {"starting_after": "wat_nothing"})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "resource_missing", "starting_after")
    stranger = Shop(shop.gateway)
    assert attempts(stranger) == []
    assert stranger.raw("GET", "/v1/sluice/webhook_attempts", {"starting_after": whole[0]}).status == 400


@pytest.mark.shows("D19")
def test_events_are_sent_again_by_name(shop: Shop, receiver: Receiver):
    """B-5.83, D19: the same event, to an endpoint that never asked for its type, too."""
    id = endpoint(shop, receiver.url, "charge.failed")
    shop.v1.customers.create()
    event = shop.events(type=TYPE)[0].id
    answer = resend(shop, id, ("events[]", event), ("events[]", event))
    assert answer.json == {"object": "sluice.resend", "webhook_endpoint": id, "events": 1}
    [delivery] = receiver.wait_for(1)
    assert event.encode() in delivery.body
    assert [one["event"] for one in settled(shop, 1)] == [event]
    resend(shop, id, ("events[]", event))
    assert len(receiver.wait_for(2)) == 2


@pytest.mark.shows("D19")
def test_events_are_sent_again_since_a_moment(shop: Shop, receiver: Receiver):
    """B-5.83: what the endpoint asks for, from that second on; what was just committed is among it."""
    id = endpoint(shop, receiver.url)
    customers = [shop.v1.customers.create().id for _ in range(3)]
    shop.v1.customers.delete(customers[0])
    receiver.wait_for(3)
    settled(shop, 3)
    assert resend(shop, id, ("since", str(clock.seconds() - 600))).json["events"] == 3
    heard = [delivery.headers["sluice-event-number"] for delivery in receiver.wait_for(6)]
    assert sorted(heard[:3]) == sorted(heard[3:])
    assert resend(shop, id, ("since", str(clock.seconds() + 600))).json["events"] == 0


@pytest.mark.shows("F6")
def test_a_resend_is_idempotent(shop: Shop, receiver: Receiver):
    """B-1.34 to B-1.36: the same key sends nothing a second time; with other parameters it is refused."""
    id = endpoint(shop, receiver.url)
    shop.v1.customers.create()
    receiver.wait_for(1)
    settled(shop, 1)
    event = shop.events(type=TYPE)[0].id
    first = resend(shop, id, ("events[]", event), Idempotency_Key="again")
    receiver.wait_for(2)
    settled(shop, 2)
    second = resend(shop, id, ("events[]", event), Idempotency_Key="again")
    assert (second.body, second.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert shop.gateway.fetch("select count(*) from resends where scope = $1", shop.scope)[0][0] == 0
    assert resend(shop, id, ("since", "1"), Idempotency_Key="again").error["type"] == "idempotency_error"
    assert len(attempts(shop)) == 2


def test_what_cannot_be_sent_again(shop: Shop, receiver: Receiver):
    """B-1.22, B-5.83: exactly one of both parameters, what exists, and thirty days."""
    id = endpoint(shop, receiver.url)
    shop.v1.customers.create()
    event, now = shop.events(type=TYPE)[0].id, str(clock.seconds())
    both = resend(shop, id, ("events[]", event), ("since", now)).error
    assert (both["code"], both["param"]) == ("parameters_exclusive", "events")
    assert "events or since" in resend(shop, id).error["message"]
    gone = resend(shop, id, ("events[]", event), ("events[]", "evt_nothing"))
    assert (gone.status, gone.error["code"], gone.error["param"]) == (400, "resource_missing", "events[1]")
    assert resend(shop, id, ("since", str(clock.seconds() - 31 * DAY))).error["param"] == "since"
    assert resend(shop, id, ("since", str(clock.seconds() - 29 * DAY))).status == 200
    nobody = resend(shop, "we_nothing", ("since", now))
    assert (nobody.status, nobody.error["code"]) == (404, "resource_missing")
    assert resend(Shop(shop.gateway), id, ("since", now)).status == 404


def test_a_disabled_endpoint_is_refused(shop: Shop, receiver: Receiver):
    """B-5.83: the message names the remedy."""
    id = endpoint(shop, receiver.url)
    shop.v1.webhook_endpoints.update(id, {"disabled": True})
    answer = resend(shop, id, ("since", str(clock.seconds() - 60)))
    assert answer.status == 400
    assert "`disabled=false`" in answer.error["message"]


def shown(shop: Shop, row: Discrepancy) -> None:
    assert shop.gateway.run(shop.gateway.database.write(Fact("test", shop.scope, row.id, new=(row,))))


@pytest.mark.shows("S10")
def test_discrepancies(shop: Shop):
    """DESIGN 2: what no move allows is seen by its owner, with the payment that it is about; nobody else sees it."""
    paid = shop.pays()
    asked = shop.gateway.fetch("select id from instructions where scope = $1", shop.scope)[0]["id"]
    shown(shop, Discrepancy("dis_1", 0, 100, "late_approval", asked, {"type": "Approved"}, None))
    shown(shop, Discrepancy("dis_2", 0, 200, "contradiction", "ask_nothing", {}, 300))
    later, first = shop.raw("GET", "/v1/sluice/discrepancies").json["data"]
    assert (first["kind"], first["subject"], first["verb"], first["closed"]) == ("late_approval", paid.id, "authorize", None)
    assert (later["closed"], later["subject"], later["livemode"]) == (300, None, False)
    for closed, expected in (("true", ["dis_2"]), ("false", ["dis_1"])):
        listed = shop.raw("GET", "/v1/sluice/discrepancies", {"closed": closed}).json["data"]
        assert [one["id"] for one in listed] == expected
    assert Shop(shop.gateway).raw("GET", "/v1/sluice/discrepancies").json["data"] == []
