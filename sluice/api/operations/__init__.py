"""The one table of what is served, a module to a resource: operation, resource of its key, function, parameters.

Dispatch, OpenAPI, the served list and the access matrix all come from it (DESIGN §1).
"""

from collections.abc import Mapping

from sluice.api.operations import (
    account,
    balance,
    charges,
    confirmation_tokens,
    customer_sessions,
    customers,
    ephemeral_keys,
    events,
    mirrored,
    payment_intents,
    payment_methods,
    refunds,
    sources,
    tokens,
    webhook_endpoints,
)
from sluice.api.operations.op import Op

RESOURCES = (
    account, balance, charges, refunds, customers, payment_methods, payment_intents, events, webhook_endpoints,
    tokens, confirmation_tokens, sources, ephemeral_keys, customer_sessions, mirrored,
)  # fmt: skip
TABLE: tuple[Op, ...] = tuple(op for resource in RESOURCES for op in resource.TABLE)
SERVED: Mapping[str, Op] = {op.id: op for op in TABLE}

# What to do instead of a parameter that is not served yet.
HINTS: Mapping[str, str] = {
    "application_fee_amount": "Marketplaces come with a later version; leave it out.",
    "final_capture": "Leave it out: one capture takes what it names and releases the rest.",
    "amount_details": "Leave it out; carry what you need in `metadata`.",
    "mandate_data": "Leave it out: cards need none here.",
    "transfer_data": "Marketplaces come with a later version; leave it out.",
    "on_behalf_of": "Marketplaces come with a later version; leave it out.",
    "test_clock": "Test clocks come with billing; leave it out.",
}
