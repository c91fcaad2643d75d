"""Webhooks that are forged or replayed, as a receiver with the official SDK sees them; notices that are forged, as we do."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sluice.books.webhooks.secrets import Secrets, new_secret
from sluice.books.webhooks.signature import sign
from sluice.core.clock import clock
from sluice.core.secrets import Secret
from tests.harness import Gateway, Receiver, Shop
from tests.harness.processes import until

BODY = json.dumps({"id": "evt_1", "object": "event", "type": "charge.succeeded", "data": {"object": {}}}).encode()
SECRET = new_secret()
NOTICES = "select count(*) from notices"


def verified(body: bytes, header: str, secret: str = SECRET) -> bool:
    try:
        stripe.Webhook.construct_event(body, header, secret)
    except (stripe.SignatureVerificationError, ValueError):
        return False
    return True


@pytest.mark.shows("F48")
def test_what_was_delivered_verifies(gateway: Gateway, shop: Shop):
    """B-5.81: by the SDK, as it arrived; and not a byte may differ."""
    with Receiver() as receiver:
        secret = str(shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]}).secret)
        shop.v1.customers.create()
        heard = receiver.wait_for(1)[0]
    header = heard.headers["stripe-signature"]
    assert verified(heard.body, header, secret)
    assert not verified(heard.body.replace(b"customer.created", b"customer.deleted"), header, secret)
    assert not verified(heard.body + b" ", header, secret)
    assert not verified(heard.body, header, SECRET)


FORGERIES: dict[str, Callable[[int], str]] = {
    "no signature": lambda at: f"t={at}",
    "an empty one": lambda at: f"t={at},v1=",
    "another secret": lambda at: sign([new_secret()], at, BODY),
    "an empty secret": lambda at: sign([Secret("")], at, BODY),
    "the secret without its prefix": lambda at: sign([Secret(SECRET.removeprefix("whsec_"))], at, BODY),
    "another scheme": lambda at: sign([SECRET], at, BODY).replace("v1=", "v0="),
    "another time": lambda at: sign([SECRET], at, BODY).replace(f"t={at}", f"t={at + 1}"),
    "an old time": lambda at: sign([SECRET], at - 301, BODY),
    "no time": lambda at: sign([SECRET], at, BODY).partition(",")[2],
    "the body alone signed": lambda at: f"t={at},v1={hmac.new(SECRET.encode(), BODY, 'sha256').hexdigest()}",
    "half of it": lambda at: sign([SECRET], at, BODY)[:-32],
    "nothing": lambda at: "",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_a_receiver_refuses(forgery: str):
    """B-5.81: the SDK takes what we sign, and nothing else: not under another secret, scheme or time."""
    now = int(time.time())
    assert verified(BODY, sign([SECRET], now, BODY))
    assert not verified(BODY, FORGERIES[forgery](now))


@pytest.mark.shows("F48")
def test_a_secret_after_its_overlap():
    """B-5.81: the former one signs until its second, and then nobody who stole it is believed."""
    now = int(time.time())
    rolled = Secrets(SECRET).rolled(60, now)
    within, after = (sign(rolled.valid(at), now, BODY) for at in (now + 59, now + 60))
    assert verified(BODY, within, SECRET)
    assert verified(BODY, within, rolled.current)
    assert not verified(BODY, after, SECRET)
    assert verified(BODY, after, rolled.current)


KEEP = """insert into notices (rail, number, reference, kind, received) values ('sandbox', $1, $2, $3, $4)"""


@pytest.mark.shows("F19")
def test_a_forged_notice_only_makes_us_ask(gateway: Gateway, shop: Shop):
    """F19: a refund's return, a payment's outcome, a reference of nobody: the bank is asked, and its book is what counts."""
    paid = shop.pays()
    refund = shop.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    references = [row[0] for row in gateway.fetch("select reference from instructions where scope = $1", shop.scope)]
    number = 10**9
    for reference in [*references, "1-ask_nobodys"]:
        for kind in ("return", "outcome", "chargeback"):
            for _ in range(2):  # and each again under a number of its own
                number += 1
                gateway.fetch(KEEP, number, reference, kind, clock.seconds())
    waiting = "select count(*) from notices where applied is null and tries = 0 and number > 1000000000"
    until(lambda: not gateway.fetch(waiting)[0][0], gateway)
    shop.quiet()
    assert shop.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert shop.v1.payment_intents.retrieve(paid.id).status == "succeeded"
    charge: Any = shop.charge(paid)
    assert (charge.amount_captured, charge.amount_refunded) == (2000, 500)
    assert shop.told().count("refund.failed") == 0
