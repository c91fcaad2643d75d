"""The last release and HEAD at once, on one database, while it is migrated and payments go on through both."""

import signal
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness.processes import until
from tests.kills.books import agree, fall_quiet
from tests.upgrades.release import Release, said
from tests.upgrades.side_by_side import OldShop, Payer, TwoVersions

FEW, MANY = 6, 40
DEATHS_MAY_COST = [["processing_error"] * deaths for deaths in range(3)]  # what was in flight; nothing else is refused


@pytest.mark.slow
@pytest.mark.shows("F43", "O12")
def test_old_and_new_pay_side_by_side(postgres_server: Secret, tmp_path: Path, release: Release, whole: bool):
    """Payments go on through the last release, through the migration, through both, a death of each, and the old one again."""
    count = MANY if whole else FEW
    with TwoVersions(postgres_server, tmp_path, release) as gateway:
        shop = OldShop(gateway)
        old = Payer(gateway.url, shop.secret, "old")
        old.start()
        until(lambda: old.paid(count), gateway)
        assert "applied" in said(gateway.new("migrate"))
        gateway.start_new()
        before = len(old.intents)
        new = Payer(gateway.new_url, shop.secret, "new")
        new.start()
        until(lambda: new.paid(count) and old.paid(before + count), gateway)

        gateway.processes["new api"].stop(signal.SIGKILL)  # what it leaves in flight is for either worker
        gateway.start("new api", gateway.new_listener, {})
        gateway.processes["api"].stop(signal.SIGKILL)
        gateway.start_api()
        until(lambda: new.paid(2 * count) and old.paid(before + 2 * count), gateway)
        new.stop()
        for name in ("new worker", "new api"):
            gateway.processes[name].stop()
        at = len(old.intents)
        until(lambda: old.paid(at + count), gateway)  # rolled back: the release goes on alone
        old.stop()
        assert old.refused + new.refused in DEATHS_MAY_COST
        assert {paid.get("status", "refused") for paid in old.intents + new.intents} <= {"succeeded", "processing", "refused"}
        fall_quiet(shop)
        assert agree(shop).taken > 0
