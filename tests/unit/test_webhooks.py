"""Deliveries, over a real PostgreSQL and a receiver on loopback (BEHAVIOUR 5.9)."""

import asyncio
import json
import socket
import threading
from typing import Any

import pytest
import stripe
from aiohttp import web
from msgspec.structs import replace

from sluice.books.event_reads import list_events, retrieve
from sluice.books.webhooks import deliveries, sender
from sluice.books.webhooks.deliveries import claim, next_pause
from sluice.books.webhooks.resending import resend
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.outside import InsideTransaction
from sluice.merchants import endpoints
from sluice.merchants.endpoints import roll_secret
from sluice.store.reads import Rows
from sluice.worker import delivery
from sluice.worker.delivery import Deliverer
from tests.unit.webhooks_bench import Bench, Receiver, status, until

pytest_plugins = ["tests.unit.webhooks_fixtures"]

PAUSES = (60.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0)


def verified(heard: tuple[str, dict[str, str], bytes], secret: str) -> dict[str, Any]:
    """The event as the SDK takes it; raises if the signature is not right."""
    _, headers, body = heard
    stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], secret, 300)  # type: ignore[no-untyped-call]
    return json.loads(body)  # type: ignore[no-any-return]


async def test_an_event_is_sent_as_the_wire_has_it(bench: Bench, receiver: Receiver) -> None:
    """B-5.80, B-5.81: headers, signature, body with two spaces; the SDK takes it."""
    _, secret = await bench.endpoint(f"{receiver.url}/hook")
    (id,) = await bench.tell("ch_1")
    await bench.quiet()
    (heard,) = receiver.heard
    event, headers = verified(heard, secret), heard[1]
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["user-agent"].startswith("Stripe/1.0 (+http")
    assert (headers["sluice-event-number"], headers["sluice-object-version"]) == ("1", "1")
    assert heard[2] == json.dumps(event, indent=2).encode()
    assert event["id"] == id
    assert event["pending_webhooks"] == 1
    assert event["data"] == {"object": {"id": "ch_1"}}
    assert await bench.rows() == [(1, 1, False, True)]
    assert (await retrieve(bench.db, 1, False, id))["pending_webhooks"] == 0


@pytest.mark.parametrize("code", [200, 201, 204, 299])
async def test_any_2xx_is_success(bench: Bench, receiver: Receiver, code: int) -> None:
    """B-5.82."""
    receiver.answer = status(code)
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    await bench.quiet()
    assert await bench.rows() == [(1, 1, False, True)]


@pytest.mark.shows("F47")
@pytest.mark.parametrize("code", [301, 302, 307, 400, 404, 410, 500, 503])
async def test_everything_else_fails_and_nothing_is_followed(bench: Bench, receiver: Receiver, code: int) -> None:
    """B-5.82, S20: a redirect is an answer that is not 2xx."""
    receiver.answer = status(code, location=f"{receiver.url}/elsewhere")
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    await bench.quiet()
    assert await bench.rows() == [(1, 1, True, False)]
    assert [path for path, _, _ in receiver.heard] == ["/hook"]
    attempt = await bench.db.fetchrow("select status, error from attempts")
    assert attempt
    assert tuple(attempt) == (code, "status")


async def test_test_mode_tries_three_times_with_one_id(bench: Bench, receiver: Receiver) -> None:
    """B-5.83: each try sends the same event, signed at its own time."""
    receiver.answer = status(500)
    _, secret = await bench.endpoint(f"{receiver.url}/hook")
    (id,) = await bench.tell("ch_1")
    for _ in range(5):
        await bench.quiet()
        await bench.pass_time()
    assert [verified(heard, secret)["id"] for heard in receiver.heard] == [id] * 3
    assert await bench.rows() == [(1, 3, False, False)]
    assert (await retrieve(bench.db, 1, False, id))["pending_webhooks"] == 1
    assert len(await bench.db.fetch("select from attempts")) == 3


def test_the_pauses_of_both_modes() -> None:
    """B-5.83: live: the pauses, then every 12 h to 72 h; test: the first two."""
    assert [next_pause(tries, 0, False, PAUSES) for tries in (1, 2, 3)] == [60, 300, None]
    passed, tries, made = 0.0, 1, []
    while (pause := next_pause(tries, passed, True, PAUSES)) is not None:
        made.append(pause)
        passed, tries = passed + pause, tries + 1
    assert made[:6] == list(PAUSES)
    assert set(made[6:]) == {43_200.0}
    assert 259_200 - 43_200 < passed <= 259_200


@pytest.mark.shows("F48")
async def test_a_rolled_secret_signs_beside_the_new_one(bench: Bench, receiver: Receiver) -> None:
    """B-5.81: between tries; each try has the secrets that are valid then."""
    receiver.answer = status(500)
    made, old = await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    await bench.quiet()
    new, change = await roll_secret(bench.vault, 1, made, 3600, clock.seconds())
    await bench.write(change)
    await bench.pass_time()
    await bench.quiet()
    assert verified(receiver.heard[1], old) == verified(receiver.heard[1], new)
    _, change = await roll_secret(bench.vault, 1, await bench.read(made.id), 0, clock.seconds())
    await bench.write(change)
    await bench.pass_time()
    await bench.quiet()
    verified(receiver.heard[2], await bench.secret(made.id))
    for stale in (old, new):
        with pytest.raises(stripe.SignatureVerificationError):
            verified(receiver.heard[2], stale)


@pytest.mark.shows("F48", "D19")
async def test_what_a_disabled_endpoint_missed_goes_out_on_enabling(bench: Bench, receiver: Receiver) -> None:
    """B-5.83: nothing goes to a disabled one, neither new events nor retries; once enabled, all of it."""
    receiver.answer = status(500)
    made, _ = await bench.endpoint(f"{receiver.url}/hook")
    await bench.endpoint(f"{receiver.url}/other")
    await bench.tell("ch_1")
    await bench.quiet()
    await bench.change(made.id, disabled=True)
    await bench.tell("ch_2")
    await bench.pass_time()
    await bench.quiet()
    assert receiver.numbers() == [1]
    receiver.answer = status(200)
    await bench.change(made.id, disabled=False)
    await bench.quiet()
    assert sorted(receiver.numbers()[1:]) == [1, 2]


@pytest.mark.shows("F48")
async def test_a_changed_url_is_where_the_next_try_goes(bench: Bench, receiver: Receiver) -> None:
    """B-5.83."""
    receiver.answer = status(500)
    made, _ = await bench.endpoint(f"{receiver.url}/old")
    await bench.tell("ch_1")
    await bench.quiet()
    await bench.change(made.id, url=f"{receiver.url}/new")
    await bench.pass_time()
    await bench.quiet()
    assert [path for path, _, _ in receiver.heard] == ["/old", "/new"]


@pytest.mark.shows("F48")
async def test_a_deleted_endpoint_hears_no_more(bench: Bench, receiver: Receiver) -> None:
    """B-5.83: and it is no pending webhook either."""
    receiver.answer = status(500)
    made, _ = await bench.endpoint(f"{receiver.url}/hook")
    (id,) = await bench.tell("ch_1")
    await bench.quiet()
    await bench.write(endpoints.delete(bench.call(), Rows(endpoint=await bench.read(made.id))).change)
    await bench.pass_time()
    await bench.quiet()
    assert len(receiver.heard) == 1
    assert (await retrieve(bench.db, 1, False, id))["pending_webhooks"] == 0


@pytest.mark.shows("F46")
async def test_first_tries_of_one_object_leave_in_order(bench: Bench, receiver: Receiver) -> None:
    """B-5.84: the next one of an object leaves after the former's first try has ended; other objects wait for nothing."""
    hold = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.headers["sluice-event-number"] == "1":
            await hold.wait()
            return web.Response(status=500)
        return web.Response()

    receiver.answer = slow
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1", "ch_1", "ch_2", "ch_1")
    await bench.deliverer.turn()
    await until(lambda: len(receiver.heard) == 2)
    for _ in range(3):
        await bench.deliverer.turn()
    assert sorted(receiver.numbers()) == [1, 3]
    hold.set()
    await bench.quiet()
    assert [number for number in receiver.numbers() if number != 3] == [1, 2, 4]  # the failed first one holds none back
    assert (await bench.rows())[0] == (1, 1, True, False)


@pytest.mark.shows("F45")
async def test_a_worker_that_died_leaves_its_deliveries_to_others(bench: Bench, receiver: Receiver) -> None:
    """F45: repeated under the same id when the lease is over, not before; a result that comes after that is not written."""
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    (taken,) = await claim(bench.db, 1, False, 8, 64)
    await bench.quiet()
    assert receiver.heard == []
    await bench.pass_time()
    await bench.quiet()
    assert receiver.numbers() == [1]
    late = deliveries.Ended(taken, clock.micros(), 1, 500, "status", "")
    assert await deliveries.record(bench.db, 1, [late], PAUSES) == []
    assert await bench.rows() == [(1, 1, False, True)]


async def test_two_workers_send_each_event_once(bench: Bench, receiver: Receiver) -> None:
    """B-5.84: claims by lease; no leader."""
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell(*(f"ch_{n % 7}" for n in range(60)))
    other = Deliverer(bench.db, bench.vault, bench.settings)

    async def work(deliverer: Deliverer) -> None:
        while len(receiver.heard) < 60 or await deliverer.turn():
            await deliverer.turn()

    async with asyncio.timeout(30):
        await asyncio.gather(work(bench.deliverer), work(other))
    await other.close()
    assert sorted(receiver.numbers()) == list(range(1, 61))
    by_object = [[n for n in receiver.numbers() if n % 7 == rest] for rest in range(7)]
    assert by_object == [sorted(numbers) for numbers in by_object]


@pytest.mark.shows("F47")
async def test_an_endpoint_has_only_its_own_room(bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """F47: receivers that hang hold their own places; a living one is served at once, whatever they hold."""
    monkeypatch.setattr(delivery, "SLOTS", 24)
    hang = asyncio.Event()

    async def dead(request: web.Request) -> web.StreamResponse:
        if request.path != "/alive":
            await hang.wait()
        return web.Response()

    receiver.answer = dead
    for n in range(10):
        await bench.endpoint(f"{receiver.url}/dead{n}", "charge.failed")
    await bench.endpoint(f"{receiver.url}/alive", "charge.succeeded")
    await bench.tell(*(f"ch_{n}" for n in range(20)), type="charge.failed")
    for _ in range(4):
        await bench.deliverer.turn()
    await bench.tell("ch_0")
    for _ in range(3):
        await bench.deliverer.turn()
    await until(lambda: receiver.numbers("/alive") == [21])
    by_path = [len(receiver.numbers(f"/dead{n}")) for n in range(10)]
    assert max(by_path) <= 8
    assert min(by_path) >= 1
    hang.set()


@pytest.mark.shows("F47")
async def test_a_receiver_that_hangs_costs_the_deadline(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B-5.82: a time-out is a failure."""
    monkeypatch.setattr(sender, "DELIVERY_SECONDS", 0.05)
    hang = asyncio.Event()

    async def hangs(request: web.Request) -> web.StreamResponse:
        await hang.wait()
        return web.Response()

    receiver.answer = hangs
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    await bench.quiet()
    hang.set()
    row = await bench.db.fetchrow("select status, error from attempts")
    assert row
    assert tuple(row) == (None, "timeout")


@pytest.mark.shows("F47", "S20")
async def test_of_an_endless_answer_only_the_head_is_read(bench: Bench, receiver: Receiver) -> None:
    """B-5.82: success is the status; a body that floods or drips is left, and a capped excerpt is kept."""
    gone = asyncio.Event()

    async def floods(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"\0x" * 4096)
        finally:
            gone.set()

    receiver.answer = floods
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    await bench.quiet()
    await asyncio.wait_for(gone.wait(), 10)
    row = await bench.db.fetchrow("select status, error, length(head) size from attempts")
    assert row
    assert tuple(row) == (200, None, 512)


@pytest.mark.shows("F47")
async def test_names_that_hang_hold_up_nobody(bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """F47: more lookups that never end than a machine has threads by default; a living name is found beside them."""
    real, hang = socket.getaddrinfo, threading.Event()

    def look(host: Any, *rest: Any, **more: Any) -> Any:
        if str(host).endswith(".example"):
            hang.wait(10)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    for n in range(40):
        await bench.endpoint(f"http://dead{n}.example/")
    await bench.endpoint(f"{receiver.url.replace('127.0.0.1', 'localhost')}/hook")
    await bench.tell("ch_1")
    await bench.deliverer.turn()
    await bench.deliverer.turn()
    await until(lambda: receiver.numbers() == [1])
    hang.set()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:9/x", "connection"),
        ("http://nobody.invalid/", "name_not_found"),
        ("http://169.254.169.254/latest", "address_refused"),
        ("http://[::ffff:127.0.0.1]:9/", "address_refused"),
    ],
)
async def test_failures_have_names(bench: Bench, url: str, error: str) -> None:
    """D19: what the owner sees of a try that got no answer."""
    await bench.endpoint(url)
    await bench.tell("ch_1")
    await bench.quiet()
    row = await bench.db.fetchrow("select status, error from attempts")
    assert row
    assert tuple(row) == (None, error)


@pytest.mark.shows("S20")
async def test_live_mode_does_not_reach_this_machine(bench: Bench, receiver: Receiver) -> None:
    """S20: the address that is connected to counts, not the name."""
    port = receiver.url.rpartition(":")[2]
    await bench.endpoint(f"http://localhost:{port}/hook", scope=2)
    await bench.tell("ch_1", scope=2)
    await bench.quiet()
    assert receiver.heard == []
    assert [row["error"] for row in await bench.db.fetch("select error from attempts")] == ["address_refused"]


@pytest.mark.shows("D28")
async def test_an_owner_hears_of_the_third_failure_once(bench: Bench, receiver: Receiver) -> None:
    """D28: an event of ours; a success ends the matter."""
    receiver.answer = status(500)
    made, _ = await bench.endpoint(f"{receiver.url}/hook", "charge.succeeded")
    await bench.tell("ch_1", "ch_2")
    await bench.quiet()
    assert await told(bench) == []
    await bench.tell("ch_3", "ch_4")
    await bench.quiet()
    assert await told(bench) == ["sluice.webhook_endpoint.failing"]
    assert (await bench.read(made.id)).failing is not None
    receiver.answer = status(200)
    await bench.pass_time()
    await bench.quiet()
    assert (await bench.read(made.id)).failing is None
    assert await bench.db.fetch("select 1 from webhook_health") == []


async def test_five_days_of_failures_disable_an_endpoint(bench: Bench, receiver: Receiver) -> None:
    """B-5.84: told by an event; enabled again it has a new start."""
    receiver.answer = status(500)
    made, _ = await bench.endpoint(f"{receiver.url}/hook", "charge.succeeded")
    await bench.tell("ch_1", "ch_2", "ch_3")
    await bench.quiet()
    old = clock.seconds() - 6 * 86_400
    await bench.write(endpoints.Change(saved=(replace(await bench.read(made.id), since=old),)))
    await bench.db.execute("update webhook_health set since = $1", old * 1_000_000)
    await bench.tell("ch_4")
    await bench.quiet()
    assert (await bench.read(made.id)).status == "disabled"
    assert await told(bench) == ["sluice.webhook_endpoint.failing", "sluice.webhook_endpoint.disabled"]
    await bench.change(made.id, disabled=False)
    await bench.pass_time()
    await bench.quiet()
    assert (await bench.read(made.id)).status == "enabled"


async def told(bench: Bench) -> list[str]:
    shown = await list_events(bench.db, 1, False, {"type": "sluice.*"})
    return [event["type"] for event in reversed(shown["data"])]


@pytest.mark.shows("F48", "D19")
async def test_events_are_sent_again_by_name_or_since_a_moment(bench: Bench, receiver: Receiver) -> None:
    """B-5.83: to one endpoint or to each that asked for them, signed anew."""
    first, secret = await bench.endpoint(f"{receiver.url}/hook")
    ids = await bench.tell("ch_1", "ch_2")
    await bench.quiet()
    late, _ = await bench.endpoint(f"{receiver.url}/late", "charge.failed")
    assert await resend(bench.db, 1, False, events=[ids[1]]) == 1
    await bench.quiet()
    assert receiver.numbers() == [1, 2, 2]
    verified(receiver.heard[-1], secret)
    assert await resend(bench.db, 1, False, endpoint=late.id, events=[ids[0]]) == 1
    assert await resend(bench.db, 1, False, endpoint=first.id, since=clock.seconds() - 60) == 2
    assert await resend(bench.db, 1, False, endpoint=late.id, since=clock.seconds() - 60) == 0
    await bench.quiet()
    assert receiver.numbers("/late") == [1]
    assert sorted(receiver.numbers()) == [1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("wanted", "param"), [({"events": ["evt_0"]}, "event"), ({"endpoint": "we_0", "since": 0}, "endpoint")]
)
async def test_what_is_not_there_is_not_sent_again(bench: Bench, wanted: dict[str, Any], param: str) -> None:
    """B-2.6."""
    with pytest.raises(Refused) as refused:
        await resend(bench.db, 1, False, **wanted)
    assert (refused.value.code, refused.value.param) == ("resource_missing", param)


async def test_nothing_is_sent_inside_a_transaction(bench: Bench, receiver: Receiver) -> None:
    """Law 4."""
    await bench.endpoint(f"{receiver.url}/hook")
    await bench.tell("ch_1")
    (taken,) = await claim(bench.db, 1, False, 8, 64)
    async with bench.db.transaction():
        with pytest.raises(InsideTransaction):
            await bench.deliverer.sender.send(taken)
    assert receiver.heard == []


@pytest.mark.shows("F46")
async def test_an_endpoints_version_is_its_events_version(bench: Bench, receiver: Receiver) -> None:
    """B-5.75: rendered at the endpoint's version; the account's stays for the rest."""
    made, secret = await bench.endpoint(f"{receiver.url}/hook")
    await bench.write(endpoints.Change(saved=(replace(made, api_version="2025-03-31.basil"),)))
    (id,) = await bench.tell("ch_1")
    await bench.quiet()
    assert verified(receiver.heard[0], secret)["api_version"] == "2025-03-31.basil"
    assert (await retrieve(bench.db, 1, False, id))["api_version"] == "2026-05-27.dahlia"
