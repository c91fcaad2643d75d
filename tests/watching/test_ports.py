"""The inner port: health, readiness with reasons, metrics; and SIGTERM, which readiness hears first."""

import asyncio
import json
import re
import signal
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sluice.api.operations import SERVED
from sluice.api.seen import REASONS
from sluice.core.metrics import DESCRIBED, DOOR, WORK
from sluice.payments.readiness import Readiness
from sluice.payments.settling import WORDS
from sluice.payments.watch import POOLS
from sluice.rails import caller
from sluice.worker.books import STATES
from tests.harness import Shop
from tests.harness.processes import until
from tests.watching.drills import pays
from tests.watching.watched import ROLES, Watched

VERBS = {"authorize", "capture", "void", "refund", "check", "cancel_refund", "inquire", "reverse"}
BOUNDS: dict[str, set[str]] = {  # a label's values come from these; none of them grows with what shops do
    "operation": {*SERVED, "none"},
    "status": {"1xx", "2xx", "3xx", "4xx", "5xx"},
    "reason": set(REASONS),
    "rail": {"sandbox"},
    "verb": VERBS,
    "word": {*WORDS, *caller.WORDS},
    "pool": set(POOLS),
    "state": {"idle", "busy", *STATES},
    "work": {"facts", "recoveries", "deliveries", "notices", "holds", "balances", "resends"},
    "group": {"try_again_later", "do_not_try_again", "confirm_card_data", "none", "never"},
}
END_SESSIONS = """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()"""
MOST = 2_500  # series of one process


def ready(gateway: Watched, role: str) -> tuple[int, dict[str, Any]]:
    status, body = gateway.get(role, "/readyz")
    return status, json.loads(body or b"{}").get("checks", {})


@pytest.mark.parametrize("role", ROLES)
def test_a_process_that_is_well_says_so(role: str, watched: Watched):
    """Alive, ready with every check, and its metrics begin with its version."""
    assert watched.get(role, "/healthz") == (200, b"ok\n")
    assert ready(watched, role) == (200, dict.fromkeys(("database", "writable", "restored", "keys", "draining"), "ok"))
    assert watched.value("sluice_build_info") == 1
    assert watched.get(role, "/v1/balance")[0] == 404


@pytest.mark.parametrize("role", ROLES)
def test_without_its_database_a_process_is_alive_and_not_ready(role: str, watched: Watched):
    """503, and the reason stands beside the check; when the database is back, so is it."""
    watched.cable.cut()
    until(lambda: ready(watched, role)[0] == 503, watched)
    assert ready(watched, role)[1]["database"] != "ok"
    assert watched.get(role, "/healthz")[0] == 200
    watched.cable.mend()
    until(lambda: ready(watched, role)[0] == 200, watched)


def test_a_database_that_takes_no_write_is_not_ready(watched: Watched):
    """It answers, and it commits nothing: the check that failed is `writable`."""
    name = watched.sql("select current_database()")[0][0]
    watched.sql(f"alter database {name} set default_transaction_read_only = on")
    everybody_connects_anew(watched)
    until(lambda: ready(watched, "api")[0] == 503, watched)
    assert "read-only" in ready(watched, "api")[1]["writable"]
    watched.sql(f"alter database {name} reset default_transaction_read_only")
    everybody_connects_anew(watched)
    until(lambda: ready(watched, "api")[0] == 200, watched)


def everybody_connects_anew(gateway: Watched) -> None:
    """The gateway, and the test itself, which must look to see that its own connections are gone."""
    gateway.sql(END_SESSIONS)
    gateway.run(asyncio.sleep(0.1))


@pytest.mark.shows("F32")
async def test_restored_books_are_not_ready():
    """While no rail may be asked for anything new, the reason stands beside the check, with the cure."""
    desk = AsyncMock()
    readiness = Readiness(desk, "")
    for may, says in ((False, "sluice recover"), (True, "")):
        desk.may_ask.return_value = may
        await readiness.judge("restored", readiness.compared)
        assert says in (readiness.reasons["restored"] or "")
    assert readiness.reasons["restored"] is None


def test_sigterm_is_heard_by_readiness_first(watched: Watched, shop: Shop):
    """For SLUICE_DRAIN_SECONDS the API says that it is not ready, and still takes payments; then it goes."""
    watched.restart("api", SLUICE_DRAIN_SECONDS="3")
    assert pays(shop).status == 200
    api = watched.processes["api"].child
    api.send_signal(signal.SIGTERM)
    until(lambda: ready(watched, "api")[0] == 503, watched)
    assert "told to stop" in ready(watched, "api")[1]["draining"]
    assert pays(shop).status == 200
    assert api.wait(30) == 0
    watched.restart("api")


def test_series_do_not_grow_with_shops_and_payments(watched: Watched):
    """Labels hold only what is on a list of ours: no id, no merchant, no text from outside; and there are few."""
    for _ in range(3):
        shop = Shop(watched)
        assert pays(shop).status == 200
        shop.raw("GET", "/v1/customers/cus_nobody")
        shop.raw("GET", "/v1/nowhere/at/all")
        shop.raw("DELETE", "/v2/things")
    every = watched.scrape().series
    for name, labels in every:
        for label, value in labels:
            assert label not in BOUNDS or value in BOUNDS[label], (name, label, value)
            assert not re.search(r"_[0-9A-Za-z]{14,}", value), (name, label, value)
    assert len(every) < 2 * MOST


def test_what_is_shown_is_what_the_page_describes(watched: Watched):
    """Each process shows its own families, and nothing that the page of metrics does not name."""
    texts = {role: watched.get(role, "/metrics")[1].decode() for role in ROLES}
    other = {"api": WORK, "worker": DOOR}
    for role, text in texts.items():
        shown = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
        named = {
            each.name.removesuffix("_total") if each.kind == "counter" else each.name
            for each in DESCRIBED
            if each.where is not other[role]
        }
        assert {name.removesuffix("_total") for name in shown if name.startswith("sluice_")} == {
            name.removesuffix("_total") for name in named
        }


@pytest.mark.parametrize("each", DESCRIBED, ids=lambda each: each.name)
def test_a_name_says_its_unit(each):
    """`sluice_<noun>_<unit>`, base units, `_total` behind a counter and nothing else."""
    assert re.fullmatch(r"sluice_[a-z_]+", each.name)
    assert each.name.endswith("_total") == (each.kind == "counter")
    assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)", each.name)
    assert each.says.endswith(".")
