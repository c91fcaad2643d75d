"""Machines whose clocks are wrong, an hour ahead and an hour behind: everything goes by the database's time (F37)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.clock import clock
from sluice.core.secrets import Secret
from tests.harness import Gateway, Receiver, Shop
from tests.harness.processes import ROOT
from tests.kills.books import agree, fall_quiet

HOUR, WEEK, NEAR = 3_600, 7 * 86_400, 120  # seconds
SHIFTED = """import os, time
right = time.time
time.time = lambda: right() + float(os.environ["SHIFT"])
"""
LEASES = "select until / 1000000 - created from instructions where scope = $1"


@pytest.fixture
def apart(postgres_server: Secret, tmp_path: Path) -> Iterator[Shop]:
    """The API's machine is an hour ahead, the worker's an hour behind."""
    (tmp_path / "sitecustomize.py").write_text(SHIFTED)
    path = f"{tmp_path}:{ROOT}"
    with Gateway(postgres_server, tmp_path, SLUICE_RAIL_SECONDS="1", PYTHONPATH=path, SHIFT=str(HOUR)) as gateway:
        gateway.processes["worker"].stop()
        gateway.start_worker(SHIFT=str(-HOUR))
        yield Shop(gateway)


@pytest.mark.slow
@pytest.mark.shows("F37")
def test_an_hour_apart(apart: Shop):
    """Objects bear the database's time, no key, hold or lease ends early, recovery keeps off and then settles."""
    soon = Shop.key(apart, expires=clock.seconds() + HOUR // 2)
    assert apart.client(soon).v1.balance.retrieve().object == "balance"
    with Receiver() as receiver:
        apart.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        pays_and_recovers(apart)
        agree(apart)
        for delivery in receiver.wait_for(3):
            assert abs(int(delivery.headers["stripe-signature"].partition(",")[0].removeprefix("t=")) - clock.seconds()) < NEAR


def pays_and_recovers(apart: Shop) -> None:
    held = apart.holds(1500, expand=["latest_charge"])
    assert abs(held.created - clock.seconds()) < NEAR
    charge = held.latest_charge
    assert abs(charge.payment_method_details.card.capture_before - (held.created + WEEK)) < NEAR
    unknown = apart.pays(700, metadata={"sandbox": "silent"})
    assert unknown.status == "processing"
    assert all(0 <= seconds < NEAR for (seconds,) in apart.gateway.fetch(LEASES, apart.scope))
    fall_quiet(apart)
    assert apart.v1.payment_intents.retrieve(unknown.id).status == "succeeded"
    assert apart.v1.payment_intents.retrieve(held.id).status == "requires_capture"
