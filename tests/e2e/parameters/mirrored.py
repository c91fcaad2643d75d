"""Parameters of the list of what was read of another account."""

from sluice.merchants.mirror import Line, keep
from tests.e2e.parameters.table import PAGED, Case, Made, Served, asks
from tests.harness import Shop


def two(shop: Shop) -> Made:
    lines = [
        Line.of(body) for body in (b'{"id":"cus_1","object":"customer","created":5}', b'{"id":"prod_1","object":"product"}')
    ]
    shop.gateway.run(keep(shop.gateway.database, shop.scope, "acct_old", lines))
    return {"older": "cus_1", "newer": "prod_1"}


ROWS = {
    "GetSluiceMirrored": Served(asks("/v1/sluice/mirrored"), PAGED | {"kind": Case("data.#", "product", 1)}, two),
}
