"""The backlog after an hour's outage: thousands of open instructions drain oldest first, while new payments go on (F28)."""

import time

import pytest

from tests.harness import Gateway, Shop
from tests.kills.books import Money
from tests.load.books import agree
from tests.load.measures import memory, say
from tests.load.seeding import UNANSWERED, seed

SAMPLE, WHOLE = 300, 100_000
PATIENCE, WHOLE_PATIENCE = 180.0, 3_600.0  # seconds
IN_HAND = 64  # that recovery may have taken up at one moment
GROWTH = 80.0  # megabytes
LEFT = "select count(*) from instructions where scope = $1 and state <> 'closed'"
LEAPT = """select count(*) from instructions where scope = $1 and state <> 'closed' and id like '%seed%' and id <> $2 and id <
    (select max(id) from instructions where scope = $1 and state = 'closed' and id like '%seed%')"""
POISON = "update instructions set envelope = envelope - 'verb' where scope = $1 and id = $2"
CURE = """update instructions set until = 0, envelope = envelope || '{"verb": "authorize"}' where scope = $1 and id = $2"""


@pytest.mark.shows("F28")
def test_a_backlog_drains(loaded: Gateway, whole: bool, capsys: pytest.CaptureFixture[str]):
    """Oldest first, around one that cannot be read, and beside new payments, which are all answered; then the books agree."""
    shop, count = Shop(loaded), WHOLE if whole else SAMPLE
    assert shop.secret
    loaded.processes["worker"].stop()
    loaded.bank.order("authorize", UNANSWERED)
    assert shop.pays().status == "processing"
    poisoned = loaded.run(seed(shop, count))
    loaded.run(loaded.database.execute(POISON, shop.scope, poisoned))
    loaded.start_worker()
    began, paid, leapt = time.monotonic(), 0, 0
    while (left := loaded.fetch(LEFT, shop.scope)[0][0]) > 1:
        assert time.monotonic() - began < (WHOLE_PATIENCE if whole else PATIENCE), f"{left} are left"
        assert shop.pays().status == "succeeded"
        paid, leapt = paid + 1, max(leapt, loaded.fetch(LEAPT, shop.scope, poisoned)[0][0])
    took = time.monotonic() - began
    say(
        capsys,
        f"{count} open instructions: {count / took:.0f} a second drained, beside {paid / took:.0f} new payments",
    )
    assert leapt <= IN_HAND
    assert memory(loaded.processes["worker"]) < GROWTH + 80
    loaded.run(loaded.database.execute(CURE, shop.scope, poisoned))
    assert agree(shop) == Money(2000 * paid, 0)
