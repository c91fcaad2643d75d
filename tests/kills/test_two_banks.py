"""Two banks, one of which dies: each payment is on one of them or on none (F22); a closed account is still reached (F51)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from sluice.core.secrets import Secret
from sluice.merchants.rail_accounts import RailAccount, add, set_status
from tests.harness import Bank, Gateway, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw
from tests.kills.books import agree, fall_quiet

CLIENTS = 8
CONFIRM = {
    "amount": "1000", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true",
    "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
}  # fmt: skip
ACCOUNTS = "select id from rail_accounts where scope = $1"
ASKED = "select subject, rail, reference from instructions where scope = $1 and verb = 'authorize'"
OPEN_AT = "select count(*) from instructions where scope = $1 and rail = 'sandbox' and state <> 'closed'"


class TwoBanks(NamedTuple):
    shop: Shop
    second: Bank
    account: RailAccount


@pytest.fixture
def two(postgres_server: Secret, tmp_path: Path) -> Iterator[TwoBanks]:
    """A shop whose payments go to the sandbox's bank first, then to its second one."""
    with Gateway(postgres_server, tmp_path, SLUICE_RAIL_SECONDS="1") as gateway:
        shop, second = Shop(gateway), gateway.one_more_bank()
        account = gateway.run(add(gateway.database, shop.scope, "Second bank", f"127.0.0.1:{second.port}"))
        gateway.processes["api"].stop()
        gateway.start_api()  # knows the account at once; else within seconds
        gateway.wait()
        yield TwoBanks(shop, second, account)


@pytest.mark.slow
@pytest.mark.shows("F22")
def test_one_of_two_banks_dies_in_the_midst(two: TwoBanks, whole: bool):
    """The first bank falls silent, is killed among many payments, comes back: each is booked at one bank, or at none."""
    shop, gateway, number = two.shop, two.shop.gateway, 1_000 if whole else 160
    assert shop.secret

    def pay(n: int) -> int:
        return client("POST", "/v1/payment_intents", CONFIRM, headers={"Idempotency-Key": f"k{n}"}).status

    def in_flight() -> bool:
        return bool(gateway.fetch(OPEN_AT, shop.scope)[0][0] >= CLIENTS // 2)

    client = Raw(gateway.url, shop.secret)
    with ThreadPoolExecutor(CLIENTS) as pool:
        paying = [pool.submit(pay, n) for n in range(number)]
        until(lambda: sum(one.done() for one in paying) > number // 4, gateway)
        gateway.bank.order("authorize", "silent", CLIENTS)
        until(in_flight, gateway)
        gateway.processes["bank"].child.kill()
        statuses = [one.result() for one in paying]
    assert set(statuses) <= {200, 402}
    gateway.processes["bank"].child.wait()
    gateway.start_bank()
    until(gateway.bank.there, gateway)
    fall_quiet(shop)
    money, places = agree(shop), booked_at(two)
    assert [intent for intent, banks in places.items() if len(banks) > 1] == []
    assert money.taken == 1000 * sum(map(len, places.values()))
    assert {bank for banks in places.values() for bank in banks} == {"sandbox", two.account.id}


def booked_at(two: TwoBanks) -> dict[str, list[str]]:
    """Each payment, and the banks whose own books hold money of it."""
    shop, books = two.shop, {"sandbox": two.shop.gateway.bank, two.account.id: two.second}
    holds = {name: {r["reference"] for r in bank.booked() if r["captured"] or r["held"]} for name, bank in books.items()}
    places: dict[str, list[str]] = {}
    for row in shop.gateway.fetch(ASKED, shop.scope):
        places.setdefault(row["subject"], [])
        places[row["subject"]] += [name for name, references in holds.items() if row["reference"] in references]
    return places


@pytest.mark.slow
@pytest.mark.shows("F51")
def test_a_closed_account_is_still_reached(two: TwoBanks):
    """What its bank took, or may have taken, is captured, refunded and recovered there; new payments go elsewhere."""
    shop, gateway = two.shop, two.shop.gateway
    gateway.processes["bank"].child.kill()  # the first one is away: all goes to the second
    gateway.processes["bank"].child.wait()
    paid, held, unknown = shop.pays(2000), shop.holds(1500), shop.pays(700, metadata={"sandbox": "silent"})
    assert unknown.status == "processing"
    gateway.start_bank()
    until(gateway.bank.there, gateway)
    gateway.run(set_status(gateway.database, shop.scope, two.account.id, "closed"))
    gateway.processes["api"].stop()
    gateway.start_api()
    gateway.wait()
    assert shop.pays(300).status == "succeeded"
    assert shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 1200}).status == "succeeded"
    assert shop.v1.refunds.create({"payment_intent": paid.id, "amount": 500}).status == "succeeded"
    fall_quiet(shop)
    ended = shop.v1.payment_intents.retrieve(unknown.id).status
    assert ended in ("succeeded", "requires_payment_method")
    ours = {row["reference"] for row in gateway.fetch(ASKED, shop.scope)}
    taken = {
        n: sum(r["captured"] - r["refunded"] for r in bank.booked() if r["reference"] in ours)
        for n, bank in enumerate(gateway.banks)
    }
    assert taken == {0: 300, 1: 1500 + 1200 + (700 if ended == "succeeded" else 0)}
    agree(shop)
