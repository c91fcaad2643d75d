"""Moving in and out: another account is mirrored, cut off and resumed, and comes out again byte for byte."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Shop
from tests.harness.processes import ROOT
from tests.moving.recorded import KEY, MANY, OBJECTS, recorded

MIRRORED = "select kind, body from mirrored where scope = $1 order by n"
TIMES = "select count(*) from mirrored where scope = $1 and version > 1"


def sluice(shop: Shop, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sluice.cli.main", *words, "--merchant", shop.account]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | shop.gateway.env
    return subprocess.run(command, env=env, input=given, capture_output=True, text=True, timeout=120, check=False)


def moved(shop: Shop, url: str, key: str) -> "subprocess.CompletedProcess[str]":
    return sluice(shop, "import", "stripe", "--key-file", "-", "--from", url, given=key)


def mirror(shop: Shop) -> dict[str, dict[str, Any]]:
    """By id, what is mirrored."""
    return {one["id"]: one for one in (json.loads(row["body"]) for row in shop.gateway.fetch(MIRRORED, shop.scope))}


def test_a_shop_of_ours(old: Shop, new: Shop):
    """Every object that the old gateway lists is in the mirror as it was shown; the API shows it, and nothing is paid by it."""
    customer = old.v1.customers.create({"email": "buyer@shop.example"}).id
    card = old.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = old.pays(2000, customer=customer, card=card)
    old.v1.refunds.create({"payment_intent": paid.id, "amount": 300})
    assert moved(new, old.gateway.url, old.secret).returncode == 0
    found = mirror(new)
    for path in (
        "customers",
        "charges",
        "payment_intents",
        "refunds",
        "balance_transactions",
        f"customers/{customer}/payment_methods",
    ):
        for one in old.raw("GET", f"/v1/{path}").json["data"]:
            assert found[one["id"]] == one
    shown = new.raw("GET", f"/v1/sluice/mirrored/{paid.id}").json
    assert (shown["kind"], shown["source"], shown["data"]) == ("payment_intent", old.account, found[paid.id])
    assert new.raw("GET", "/v1/sluice/mirrored", {"kind": "customer"}).json["data"][0]["data"]["email"] == "buyer@shop.example"
    refused = new.raw("POST", "/v1/payment_intents", {"amount": "500", "currency": "usd", "customer": customer})
    assert (refused.status, refused.error["code"]) == (400, "resource_missing")


def test_an_account_that_is_not_ours(new: Shop):
    """Recorded answers, kinds that we never serve too: cut off it goes on where it was, and done again it changes nothing."""
    with recorded() as (account, url):
        account.fails = 2  # answered at the third try
        assert moved(new, url, KEY).returncode == 0
        found = mirror(new)
        assert len(found) == MANY * (len(OBJECTS) + 1)
        assert found["product_0000"] == account.lists["/v1/products"][0]
        asked = len(account.asked)
        new.gateway.run(
            new.gateway.database.execute("update readings set done = false where scope = $1 and resource = 'events'", new.scope)
        )
        assert moved(new, url, KEY).returncode == 0
        assert len(account.asked) - asked < 5  # what was done is not read again
        assert moved(new, url, KEY).returncode == 0  # all of it
        assert mirror(new) == found
        assert new.gateway.fetch(TIMES, new.scope)[0]["count"] == 0


def test_what_is_refused(new: Shop, tmp_path: Path):
    """A wrong key, a wrong address, a file that is none: a sentence each, and nothing is written."""
    with recorded() as (_, url):
        wrong = moved(new, url, "sk_live_wrong")
        assert (wrong.returncode, "refused the key" in wrong.stderr, "sk_live_wrong" in wrong.stderr) == (1, True, False)
    assert "holds no secret key" in moved(new, url, "pk_test_1").stderr
    assert "is no address" in moved(new, "shop.example", KEY).stderr
    file = tmp_path / "shop.jsonl"
    file.write_text('{"id":"cus_1","object":"customer"}\n{"id":5}\n')
    done = sluice(new, "import", "lines", str(file))
    assert (done.returncode, "line 2 of" in done.stderr, mirror(new)) == (1, True, {})


@pytest.mark.slow
def test_out_and_in_again(old: Shop, new: Shop, tmp_path: Path):
    """Everything of a merchant as lines of the wire's shapes; a mirror of them comes out to the same bytes."""
    old.v1.refunds.create({"payment_intent": old.pays(2000).id, "amount": 300})
    old.v1.customers.create({"name": "Анна", "metadata": {"a": '\u2028 \\ "'}})
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert sluice(old, "export", "--to", str(first)).returncode == 0
    lines = [json.loads(line) for line in first.read_bytes().splitlines()]
    kinds = {line["object"] for line in lines}
    assert kinds >= {"account", "customer", "payment_intent", "payment_method", "charge", "refund", "event"}
    assert "balance_transaction" in kinds
    assert len({line["id"] for line in lines}) == len(lines)
    assert {line["id"] for line in lines} >= {event.id for event in old.events()}
    assert old.raw("GET", "/v1/charges").json["data"][0] in lines
    assert sluice(new, "import", "lines", str(first)).returncode == 0
    assert sluice(new, "export", "--mirrored", "--to", str(second)).returncode == 0
    assert second.read_bytes() == first.read_bytes()
    assert "is there already" in sluice(old, "export", "--to", str(first)).stderr
    assert sluice(new, "export", "--mirrored").stdout.encode() == first.read_bytes()
