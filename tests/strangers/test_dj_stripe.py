"""dj-stripe, a web framework's plugin, mirrors a shop into tables of its own: every object must be as it knows it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.harness import Shop
from tests.strangers.programs import HERE, installed, said

MODELS = ("Account", "Customer", "PaymentMethod", "PaymentIntent", "Charge", "Refund", "BalanceTransaction", "Event")
MIRRORED = "select id, stripe_data from djstripe_{table}"


@pytest.fixture(scope="module")
def mirror(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The plugin's database after it has read the shop: a customer who paid, a refund, a decline, a hold."""
    customer = shop.v1.customers.create({"email": "buyer@shop.example", "name": "A buyer"}).id
    card = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = shop.pays(2000, customer=customer, card=card)
    shop.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    shop.raw("POST", "/v1/charges", {"amount": "700", "currency": "usd", "source": "tok_chargeDeclined"})
    shop.raw("POST", "/v1/charges", {"amount": "900", "currency": "eur", "source": "tok_visa", "capture": "false"})
    file = tmp_path_factory.mktemp("mirror") / "shop.sqlite"
    env = {"SLUICE_URL": shop.gateway.url, "SLUICE_KEY": shop.secret, "SHOP_DATABASE": str(file)}
    django = {"paths": (installed("dj-stripe"), HERE / "shop")} | env | {"DJANGO_SETTINGS_MODULE": "shop_settings"}
    said("-m", "django", "migrate", "-v", "0", "--run-syncdb", **django)
    said("-m", "django", "djstripe_sync_models", *MODELS, **django)
    with closing(sqlite3.connect(file)) as database:
        yield database


def mirrored(mirror: sqlite3.Connection, table: str) -> dict[str, Any]:
    return {id: json.loads(data) for id, data in mirror.execute(MIRRORED.format(table=table))}


LISTS = {
    "customer": "/v1/customers", "paymentintent": "/v1/payment_intents", "charge": "/v1/charges", "refund": "/v1/refunds",
    "balancetransaction": "/v1/balance_transactions", "event": "/v1/events",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("table", LISTS)
def test_it_mirrors_every_object(shop: Shop, mirror: sqlite3.Connection, table: str):
    """What lies in the plugin's tables is what our lists hold: nothing is missing, nothing was refused, no sum differs."""
    listed = {one["id"]: one for one in shop.raw("GET", LISTS[table], {"limit": "100"}).json["data"]}
    found = mirrored(mirror, table)
    assert found.keys() == listed.keys()
    for name in ("amount", "status", "currency", "type"):
        assert {id: one.get(name) for id, one in found.items()} == {id: one.get(name) for id, one in listed.items()}


@pytest.mark.slow
def test_it_knows_whose_they_are(shop: Shop, mirror: sqlite3.Connection):
    """The account, and each object's owner."""
    assert list(mirrored(mirror, "account")) == [shop.account]
    owners = mirror.execute("select distinct djstripe_owner_account_id from djstripe_charge").fetchall()
    assert owners == [(shop.account,)]
