"""tap-stripe, a data extractor, reads every list and follows events, at the API version that it pins: its SDK is of 2023."""

import json
from collections import defaultdict
from typing import Any

import pytest

from tests.harness import Shop
from tests.strangers.programs import HERE, installed, said

STREAMS = {
    "charges": "/v1/charges", "customers": "/v1/customers", "events": "/v1/events", "payment_intents": "/v1/payment_intents",
    "balance_transactions": "/v1/balance_transactions", "payouts": "/v1/payouts", "disputes": "/v1/disputes",
}  # fmt: skip


def tap(shop: Shop, *words: str) -> str:
    """A proxy is asked for whole addresses, which our own server takes (RFC 9112, 3.2.2)."""
    return said(str(HERE / "tap.py"), *words, paths=(installed("tap-stripe"),), http_proxy=shop.gateway.url)


@pytest.fixture(scope="module")
def records(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What it wrote of each stream, by id."""
    customer = shop.v1.customers.create({"email": "buyer@shop.example"}).id
    card = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = [shop.pays(amount, customer=customer, card=card) for amount in (2000, 3000)]
    shop.v1.refunds.create({"payment_intent": paid[0].id, "amount": 500})
    shop.pays(900, card="pm_card_createDispute")
    folder = tmp_path_factory.mktemp("tap")
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(
        json.dumps({"client_secret": shop.secret, "account_id": shop.account, "start_date": "2026-01-01T00:00:00Z"})
    )
    catalog.write_text(json.dumps(selected(json.loads(tap(shop, "--config", str(config), "--discover")))))
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for line in tap(shop, "--config", str(config), "--catalog", str(catalog)).splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            found[message["stream"]][message["record"]["id"]] = message["record"]
    return found


def selected(catalog: dict[str, Any]) -> dict[str, Any]:
    """All columns of the streams that we have."""
    streams = [stream for stream in catalog["streams"] if stream["tap_stream_id"] in STREAMS]
    for stream in streams:
        for each in stream["metadata"]:
            each["metadata"]["selected"] = True
    return {"streams": streams}


@pytest.mark.slow
@pytest.mark.parametrize("stream", STREAMS)
def test_it_reads_every_list(shop: Shop, records: dict[str, dict[str, Any]], stream: str):
    """Each object that our lists hold was read, fits the extractor's schema, and has our sums and states."""
    listed = {one["id"]: one for one in shop.raw("GET", STREAMS[stream], {"limit": "100"}).json["data"]}
    assert records[stream].keys() == listed.keys()
    for name in ("amount", "status", "currency", "type"):
        assert {id: one.get(name) for id, one in records[stream].items()} == {id: one.get(name) for id, one in listed.items()}
