"""Who leaves in the midst of a payment: a process that is asked to end, a client that hangs up (F49)."""

import signal
from concurrent.futures import ThreadPoolExecutor
from socket import create_connection
from urllib.parse import urlencode, urlsplit

import pytest

from tests.harness import Shop
from tests.harness.processes import until
from tests.kills.books import Money, agree, fall_quiet
from tests.kills.breakable import Breakable
from tests.kills.moves import CREATE

SLOW = "held-up 0.6"  # seconds on its way to the bank: within the rail's deadline
OPENED = "select count(*) from instructions where scope = $1"


def in_flight(shop: Shop, count: int = 1) -> bool:
    return bool(shop.gateway.fetch(OPENED, shop.scope)[0][0] == count)


@pytest.mark.shows("F49")
def test_what_is_in_flight_finishes_before_the_end(breakable: Breakable):
    """SIGTERM: the client hears the rail's word, then the process is gone, with no error."""
    breakable.restart("api")
    shop = Shop(breakable)
    assert shop.secret
    breakable.bank.order("authorize", SLOW)
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(shop.raw, "POST", "/v1/payment_intents", CREATE)
        until(lambda: in_flight(shop), breakable)
        api = breakable.processes["api"].child
        api.send_signal(signal.SIGTERM)
        answer = paying.result(30)
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert api.wait(30) == 0
    breakable.restart("api")
    assert agree(shop) == Money(2000, 0)


@pytest.mark.shows("F21", "F49")
def test_a_client_that_hangs_up_cancels_nothing(breakable: Breakable):
    """After open the path goes on to its end; a retry with the same key hears of it."""
    breakable.restart("api")
    shop = Shop(breakable)
    breakable.bank.order("authorize", SLOW)
    body = urlencode(CREATE).encode()
    head = (
        f"POST /v1/payment_intents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.secret}\r\n"
        f"Idempotency-Key: k1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    line = create_connection(("127.0.0.1", urlsplit(breakable.url).port or 0))
    line.sendall(head.encode() + body)
    until(lambda: in_flight(shop), breakable)
    line.close()
    answer = shop.raw("POST", "/v1/payment_intents", CREATE, headers={"Idempotency-Key": "k1"})
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert answer.headers["idempotent-replayed"] == "true"
    fall_quiet(shop)
    assert agree(shop) == Money(2000, 0)
