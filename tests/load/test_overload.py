"""Many times the load: refusals are clear and cheap, the work goes on, memory is bounded, nothing is stuck."""

import pytest

from tests.harness import Gateway, Shop
from tests.kills.moves import CREATE
from tests.load.altered import BULKHEAD, FEW_IN_FLIGHT, NO_CALLS, altered
from tests.load.books import agree
from tests.load.measures import cpu, memory, say
from tests.load.swarm import Client, Said, keep_asking, statuses

FEW, MANY = 8, FEW_IN_FLIGHT + 200  # clients
SECONDS, WHOLE_SECONDS = 5.0, 20.0
GROWTH = 80.0  # megabytes
REFUSALS = (429, 503)
STUCK = "select count(*) from idempotency where scope = $1 and status is null"


async def pay(client: Client) -> Said:
    return await client("POST", "/v1/payment_intents", CREATE)


@pytest.mark.shows("F34", "S14")
def test_a_refusal_is_cheap(loaded: Gateway, capsys: pytest.CaptureFixture[str]):
    """Past the calls that may be in work each is refused before anything is looked up, for a part of a payment's price."""
    shop = Shop(loaded)
    paid = price(loaded, shop, 200)
    with altered(loaded, NO_CALLS):
        refused = price(loaded, shop, 503)
    say(capsys, f"of the API's CPU: a payment {paid:.0f} µs, a refusal {refused:.0f} µs")
    assert refused < paid


def price(gateway: Gateway, shop: Shop, status: int) -> float:
    """Microseconds of the API's CPU a call, all of which are answered with that status."""
    assert shop.secret
    gateway.run(keep_asking(gateway.url, shop.secret, FEW, 1.0, pay))  # warm
    before = cpu(gateway.processes["api"])
    heard = gateway.run(keep_asking(gateway.url, shop.secret, FEW, SECONDS / 2, pay))
    assert set(statuses(heard)) == {status}
    return (cpu(gateway.processes["api"]) - before) / len(heard) * 1_000_000


@pytest.mark.shows("F34")
def test_many_times_the_load(loaded: Gateway, whole: bool, capsys: pytest.CaptureFixture[str]):
    """Hundreds of clients that never pause: each call is paid or refused with Retry-After, and all books agree at the end."""
    shop, seconds = Shop(loaded), WHOLE_SECONDS if whole else SECONDS
    with altered(loaded, BULKHEAD):
        assert shop.pays().status == "succeeded"
        api = loaded.processes["api"]
        before = memory(api)
        calm = statuses(loaded.run(keep_asking(loaded.url, shop.secret, FEW, seconds, pay)))
        used = cpu(api)
        heard = loaded.run(keep_asking(loaded.url, shop.secret, MANY, seconds, pay))
        counted, used = statuses(heard), cpu(api) - used
        assert set(counted) <= {200, *REFUSALS}
        assert {said.headers.get("retry-after") for said in heard if said.status in REFUSALS} <= {"1"}
        assert {said.json["status"] for said in heard if said.status == 200} == {"succeeded"}
        assert memory(api) < before + GROWTH
        say(capsys, f"{FEW} clients: {calm[200] / seconds:.0f} payments a second; {MANY} clients: {counted[200] / seconds:.0f}")
        say(
            capsys,
            f"{dict(counted)}, {used / len(heard) * 1_000_000:.0f} µs of the API's CPU a call, +{memory(api) - before:.0f} MB",
        )
    agree(shop)
    assert loaded.fetch(STUCK, shop.scope)[0][0] == 0
