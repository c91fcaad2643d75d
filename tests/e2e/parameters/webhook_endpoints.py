"""Parameters of webhook endpoints."""

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, post
from tests.harness import Answer, Shop

URL, EVENTS = "https://shop.example/hooks", ["charge.succeeded"]
NEW = {"url": URL, "enabled_events": EVENTS}
DESCRIBED: dict[str, Case] = {
    "description": Case("description", "The warehouse"),
    "metadata": Case("metadata", {"a": "b"}),
    "url": Case("url", "https://shop.example/other"),
    "enabled_events": Case("enabled_events", ["refund.created", "refund.failed"]),
}


def created(made: Made, given: Given) -> Answer:
    return post(made, "/v1/webhook_endpoints", NEW | given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/webhook_endpoints/{created(made, {}).json['id']}", given)


def two(shop: Shop) -> Made:
    older, newer = (shop.v1.webhook_endpoints.create({"url": URL, "enabled_events": ["*"]}) for _ in range(2))
    return {"older": older.id, "newer": newer.id}


ROWS = {
    "GetWebhookEndpoints": Served(
        asks("/v1/webhook_endpoints"), {name: case for name, case in PAGED.items() if name != "created"}, two
    ),
    "PostWebhookEndpoints": Served(created, DESCRIBED | {"api_version": Case("api_version", "2025-09-30.clover")}),
    "PostWebhookEndpointsWebhookEndpoint": Served(updated, DESCRIBED | {"disabled": Case("status", True, "disabled")}),
}
