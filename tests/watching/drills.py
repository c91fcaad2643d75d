"""For each alert that we ship, the fault that it is there for: provoked in a real gateway, and mended afterwards.

A drill is a context: inside, the alert must come. `again` is done before each look, where a rule counts what goes on.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import asyncpg
import requests

from tests.harness import Receiver, Shop
from tests.harness.processes import until
from tests.watching.watched import Watched

DECLINED = "pm_card_visa_chargeDeclined"


class Drill(NamedTuple):
    fault: Callable[[Watched, Shop], AbstractContextManager[None]]
    again: Callable[[Watched, Shop], Any] = lambda gateway, shop: None
    later: float = 0.0  # seconds that are taken as passed


def pays(shop: Shop, card: str = "pm_card_visa", **more: str) -> Any:
    """A payment, whatever becomes of it."""
    params = {"amount": "2000", "currency": "usd", "payment_method": card, "confirm": "true",
              "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}  # fmt: skip
    return shop.raw("POST", "/v1/payment_intents", params | more)


def lost(shop: Shop, how: str) -> Any:
    return pays(shop, **{"metadata[sandbox]": how})


@contextmanager
def nothing(gateway: Watched, shop: Shop) -> Iterator[None]:
    """What is done again and again is the fault."""
    yield


@contextmanager
def killed(gateway: Watched, shop: Shop) -> Iterator[None]:
    """The worker is gone, and time passes: its last sign of life is moved back."""
    gateway.processes["worker"].stop(signal.SIGKILL)
    gateway.sql("update workers set beat = beat - 120")
    yield
    gateway.sql("delete from workers")
    gateway.restart("worker")


@contextmanager
def cut_off(gateway: Watched, shop: Shop) -> Iterator[None]:
    gateway.cable.cut()
    yield
    gateway.cable.mend()


def without(table: str) -> Callable[[Watched, Shop], AbstractContextManager[None]]:
    """A migration went wrong: a table has another name."""

    @contextmanager
    def renamed(gateway: Watched, shop: Shop) -> Iterator[None]:
        gateway.sql(f"alter table {table} rename to {table}_gone")
        yield
        gateway.sql(f"alter table {table}_gone rename to {table}")

    return renamed


@contextmanager
def unseen(gateway: Watched, shop: Shop) -> Iterator[None]:
    """A look at the books fails, so that the last one grows old."""
    failed = gateway.value("sluice_worker_turns_total", loop="books", result="failed")
    with without("discrepancies")(gateway, shop):
        until(lambda: gateway.value("sluice_worker_turns_total", loop="books", result="failed") > failed, gateway)
        last = gateway.value("sluice_books_looked_at_seconds")
        until(lambda: gateway.value("sluice_worker_turns_total", loop="books", result="failed") > failed + 1, gateway)
        assert gateway.value("sluice_books_looked_at_seconds") == last
        yield


@contextmanager
def bank_down(gateway: Watched, shop: Shop) -> Iterator[None]:
    gateway.processes["bank"].stop()
    yield
    gateway.start_bank()
    until(gateway.bank.there, gateway)


@contextmanager
def held(gateway: Watched, sql: str, *args: Any) -> Iterator[None]:
    """Somebody's transaction keeps these rows locked."""
    connection: Any = gateway.run(asyncpg.connect(gateway.direct))
    transaction = connection.transaction()
    gateway.run(transaction.start())
    try:
        assert gateway.run(connection.fetch(sql, *args))
        yield
    finally:
        gateway.run(transaction.rollback())
        gateway.run(connection.close())


@contextmanager
def asleep(gateway: Watched) -> Iterator[None]:
    """The worker is stopped for a moment, so that the test can be quicker than it."""
    gateway.processes["worker"].child.send_signal(signal.SIGSTOP)
    yield
    gateway.processes["worker"].child.send_signal(signal.SIGCONT)


@contextmanager
def recovery_late(gateway: Watched, shop: Shop) -> Iterator[None]:
    """A payment without a word, which recovery cannot take up: a transaction holds its row."""
    with asleep(gateway):
        lost(shop, "silent")
        gateway.sql("update instructions set until = until - 3600000000 where scope = $1", shop.scope)
        rows = held(gateway, "select from instructions where scope = $1 for update", shop.scope)
        rows.__enter__()
    yield
    rows.__exit__(None, None, None)


@contextmanager
def reversal_stuck(gateway: Watched, shop: Shop) -> Iterator[None]:
    """The bank approved another amount, and says nothing to the reversal; an hour passes."""
    gateway.bank.order("reverse", "silent-before-booking", 4)  # its last word comes after a quarter of a minute
    lost(shop, "wrong_amount")
    gateway.sql("update instructions set created = created - 3600 where scope = $1", shop.scope)
    yield
    gateway.sql("update instructions set until = 1 where scope = $1 and state <> 'closed'", shop.scope)
    settled(gateway, shop)


def settled(gateway: Watched, shop: Shop) -> None:
    """As `sluice discrepancies close` does for one."""
    gateway.sql("update discrepancies set closed = created where scope = $1", shop.scope)


@contextmanager
def discrepancy(gateway: Watched, shop: Shop) -> Iterator[None]:
    lost(shop, "wrong_amount")
    yield
    settled(gateway, shop)


@contextmanager
def events_late(gateway: Watched, shop: Shop) -> Iterator[None]:
    """A transaction holds the scope's row, on which the sequencer waits; time passes."""
    with held(gateway, "select from scopes where scope = $1 for update", shop.scope):
        shop.intent()
        gateway.sql("update events set created = created - 3600 where scope = $1", shop.scope)
        yield


@contextmanager
def deliveries_late(gateway: Watched, shop: Shop) -> Iterator[None]:
    """What is due to an endpoint that is well cannot be claimed: a transaction holds the rows."""
    with Receiver() as receiver:
        endpoint = shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["payment_intent.created"]})
        shop.intent()
        receiver.wait_for(1)
        with asleep(gateway):
            gateway.sql("update deliveries set due = 1, taken = null where scope = $1", shop.scope)
            rows = held(gateway, "select from deliveries where scope = $1 for update", shop.scope)
            rows.__enter__()
        yield
        rows.__exit__(None, None, None)
        shop.v1.webhook_endpoints.delete(endpoint.id)


@contextmanager
def balances_late(gateway: Watched, shop: Shop) -> Iterator[None]:
    """Money should be available by now, and a transaction keeps its rows."""
    pays(shop)
    with asleep(gateway):
        gateway.sql("update balance_transactions set available_on = 1 where scope = $1", shop.scope)
        rows = held(gateway, "select from balance_transactions where scope = $1 for update", shop.scope)
        rows.__enter__()
    yield
    rows.__exit__(None, None, None)


@contextmanager
def endpoint_failing(gateway: Watched, shop: Shop) -> Iterator[None]:
    with Receiver(lambda _: 500) as receiver:
        endpoint = shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["payment_intent.created"]})
        shop.intent()
        receiver.wait_for(3)
        yield
        shop.v1.webhook_endpoints.delete(endpoint.id)


@contextmanager
def clock_ahead(gateway: Watched, shop: Shop) -> Iterator[None]:
    gateway.restart("api", SLUICE_CLOCK_AHEAD="5")
    yield
    gateway.restart("api")


@contextmanager
def loop_held(gateway: Watched, shop: Shop) -> Iterator[None]:
    """The machine had no time for the API."""
    api = gateway.processes["api"].child
    api.send_signal(signal.SIGSTOP)
    until(lambda: gateway.get("api", "/healthz")[0] == 0, gateway)
    until(lambda: gateway.get("api", "/healthz")[0] == 0, gateway)  # each look waits a second in vain
    api.send_signal(signal.SIGCONT)
    yield


def with_strangers_keys(gateway: Watched, shop: Shop) -> None:
    for n in range(30):
        assert requests.get(f"{gateway.url}/v1/balance", auth=(f"sk_test_{n}", ""), timeout=10).status_code == 401


DRILLS: dict[str, Drill] = {
    "SluiceDown": Drill(killed),
    "SluiceDatabaseAway": Drill(cut_off),
    "SluiceNoWorker": Drill(killed),
    "SluiceBooksUnseen": Drill(unseen, later=61),
    "SluiceDefect": Drill(without("customers"), lambda gateway, shop: shop.raw("GET", "/v1/customers")),
    "SluiceTurningAway": Drill(cut_off, lambda gateway, shop: shop.raw("GET", "/v1/customers")),
    "SluiceRailSilent": Drill(bank_down, lambda gateway, shop: pays(shop)),
    "SluiceApprovalsFell": Drill(nothing, lambda gateway, shop: pays(shop, DECLINED)),
    "SluiceRecoveryLate": Drill(recovery_late),
    "SluiceReversalStuck": Drill(reversal_stuck),
    "SluiceDiscrepancy": Drill(discrepancy),
    "SluiceEventsLate": Drill(events_late),
    "SluiceDeliveriesLate": Drill(deliveries_late),
    "SluiceClockOff": Drill(clock_ahead),
    "SluiceLoopHeld": Drill(loop_held),
    "SluiceWorkLate": Drill(balances_late),
    "SluiceWorkerFailing": Drill(without("notices")),
    "SluiceEndpointFailing": Drill(endpoint_failing),
    "SluiceKeysGuessed": Drill(nothing, with_strangers_keys),
}
