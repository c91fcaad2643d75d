"""Parameters of our own operations."""

from sluice.books.audit.entries import Entry, Waiting
from sluice.core.clock import clock
from sluice.payments.discrepancies import Discrepancy
from sluice.store.facts import Fact
from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, post
from tests.harness import Answer, Receiver, Shop
from tests.harness.processes import until

ATTEMPTS = "/v1/sluice/webhook_attempts"


def two_attempts(shop: Shop) -> Made:
    """A try at each of two endpoints, of an event each."""
    with Receiver() as receiver:
        for type in ("customer.created", "customer.deleted"):
            shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": [type]})  # type: ignore[list-item]
        customer = shop.v1.customers.create().id
        until(lambda: len(shop.raw("GET", ATTEMPTS).json["data"]) == 1)
        shop.v1.customers.delete(customer)
        until(lambda: len(shop.raw("GET", ATTEMPTS).json["data"]) == 2)
    newer, older = shop.raw("GET", ATTEMPTS).json["data"]
    return {"older": older["id"], "newer": newer["id"], "event": older["event"], "endpoint": older["webhook_endpoint"]}


def two_discrepancies(shop: Shop) -> Made:
    for row in (
        Discrepancy("dis_1", 0, 100, "late_approval", "ask_1", {}, None),
        Discrepancy("dis_2", 0, 200, "contradiction", "ask_2", {}, 300),
    ):
        assert shop.gateway.run(shop.gateway.database.write(Fact("test", shop.scope, row.id, new=(row,))))
    return {"older": "dis_1", "newer": "dis_2"}


def two_entries(shop: Shop) -> Made:
    """Both a day old, so that they are not among what the shop itself has done."""
    for n, (id, action, card) in enumerate((("aud_1", "keys.roll", "vc_1"), ("aud_2", "keys.revoke", None))):
        row = Entry(id, 0, 100 + 100 * n, "person", f"owner {n}", action, f"key_{n}", "done", "", "", card, {})
        assert shop.gateway.run(shop.gateway.database.write(Fact("test", shop.scope, row.id, new=(row, Waiting(id, 0)))))
    return {"older": "aud_1", "newer": "aud_2"}


def missed(shop: Shop) -> Made:
    """An event, and an endpoint that asks for its type since."""
    shop.v1.customers.create()
    made = shop.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["customer.created"]})
    return {"endpoint": made.id, "event": shop.events()[0].id}


def resent(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/sluice/webhook_endpoints/{made['endpoint']}/resend", given)


ROWS = {
    "GetSluiceAuditEntries": Served(
        asks("/v1/sluice/audit_entries"),
        PAGED
        | {
            "action": Case("data.#", "keys.roll", 1),
            "actor": Case("data.#", "owner 1", 1),
            "card": Case("data.#", "vc_1", 1),
            "subject": Case("data.#", "key_0", 1),
        },
        two_entries,
    ),
    "GetSluiceWebhookAttempts": Served(
        asks(ATTEMPTS),
        PAGED
        | {
            "event": Case("data.#", lambda made: made["event"], 1),
            "webhook_endpoint": Case("data.#", lambda made: made["endpoint"], 1),
        },
        two_attempts,
    ),
    "GetSluiceDiscrepancies": Served(
        asks("/v1/sluice/discrepancies"), PAGED | {"closed": Case("data.#", True, 1)}, two_discrepancies
    ),
    "PostSluiceWebhookEndpointsWebhookEndpointResend": Served(
        resent,
        {
            "events": Case("events", lambda made: [made["event"]], 1),
            "since": Case("events", lambda made: clock.seconds() - 600, 1),
        },
        missed,
    ),
}
