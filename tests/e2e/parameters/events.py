"""Parameters of events: of a list of two."""

from tests.e2e.parameters.table import PAGED, Case, Made, Served, asks
from tests.harness import Shop


def two(shop: Shop) -> Made:
    """customer.created, then customer.deleted."""
    shop.v1.customers.delete(shop.v1.customers.create().id)
    older, newer = (event.id for event in shop.events())
    return {"older": older, "newer": newer}


ROWS = {
    "GetEvents": Served(
        asks("/v1/events"),
        PAGED
        | {
            "type": Case("data.#", "customer.created", 1),
            "types": Case("data.#", ["customer.deleted", "charge.succeeded"], 1),
            "delivery_success": Case("data.#", False, 0),
        },
        two,
    )
}
