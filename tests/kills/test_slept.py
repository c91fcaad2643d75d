"""Slow is not dead: a process that sleeps through its lease sends nothing when it wakes (F13)."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest

from tests.harness import Shop
from tests.harness.processes import until
from tests.kills.books import Money, agree, fall_quiet
from tests.kills.breakable import Breakable
from tests.kills.moves import CREATE
from tests.load.tap import Tap

PLACES = {"after open": "stop-after:store.payment_intents.create.open", "at the wire": "stop-before:rail.authorize"}
TAKEN = "select count(*) from instructions where scope = $1 and token <> call ->> 'claim'"


@contextmanager
def tapped(gateway: Breakable) -> Iterator[Tap]:
    """What the API says to the bank is heard; the worker has a line of its own."""
    bank = gateway.env["SLUICE_BANK"]
    with Tap(gateway.bank.port) as tap:
        gateway.env["SLUICE_BANK"] = tap.address
        try:
            yield tap
        finally:
            gateway.env["SLUICE_BANK"] = bank
            gateway.restart("api")


@pytest.mark.shows("F13")
@pytest.mark.parametrize("fault", PLACES.values(), ids=PLACES)
def test_who_slept_through_its_lease_does_not_send(breakable: Breakable, fault: str):
    """Stopped between open and send, the API wakes when recovery has taken over: nothing leaves any more."""
    shop = Shop(breakable)
    assert shop.secret
    with tapped(breakable) as tap, ThreadPoolExecutor(1) as pool:
        mark = breakable.folder / f"slept-{fault.partition(':')[0]}"
        breakable.restart("api", f"{fault}:{mark}")
        api = psutil.Process(breakable.processes["api"].child.pid)
        paying = pool.submit(shop.raw, "POST", "/v1/payment_intents", CREATE)
        until(lambda: api.status() == psutil.STATUS_STOPPED, breakable)
        until(lambda: breakable.fetch(TAKEN, shop.scope)[0][0] == 1, breakable)
        api.send_signal(signal.SIGCONT)
        answer = paying.result(60)
        assert "authorize" not in tap.verbs()
    fall_quiet(shop)
    assert agree(shop) == Money(0, 0)
    assert answer.status in (402, 409)
