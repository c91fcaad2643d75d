"""Webhook endpoints, the tries of their deliveries, and sending again."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.books.webhooks.attempts import Attempt
from sluice.merchants import endpoints, resends
from sluice.merchants.endpoints import Endpoint

ATTEMPTS = Listed(Attempt, {"event": "event", "webhook_endpoint": "endpoint"})

ENDPOINTS = Listed(Endpoint)

TABLE: tuple[Op, ...] = (
    op("GetWebhookEndpoints", "webhook_endpoint", ENDPOINTS, "limit starting_after ending_before"),
    op("PostWebhookEndpoints", "webhook_endpoint", endpoints.CREATE, "api_version description enabled_events metadata url"),
    op("GetWebhookEndpointsWebhookEndpoint", "webhook_endpoint", one(Endpoint, "id", "webhook_endpoint")),
    op("PostWebhookEndpointsWebhookEndpoint", "webhook_endpoint", endpoints.UPDATE,
       "description disabled enabled_events metadata url"),
    op("DeleteWebhookEndpointsWebhookEndpoint", "webhook_endpoint", endpoints.DELETE),
    op("GetSluiceWebhookAttempts", "webhook_endpoint", ATTEMPTS, f"{PAGED} event webhook_endpoint"),
    op("PostSluiceWebhookEndpointsWebhookEndpointResend", "webhook_endpoint", resends.CREATE, "events since"),
)  # fmt: skip
