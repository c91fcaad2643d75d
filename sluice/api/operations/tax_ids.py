"""Tax ids, on their own and under their customer."""

from sluice.api.operations.op import Op, op
from sluice.api.operations.payment_methods import customer_in
from sluice.api.reads import Body, Listed, existing
from sluice.core.errors import Refused
from sluice.merchants import tax_ids
from sluice.merchants.tax_ids import TaxId, owner
from sluice.payments.desk import Desk
from sluice.payments.hints import hint
from sluice.rules.calls import Call


class Owned(Listed, frozen=True):
    """Of one owner: the path's customer, the one in `owner`, or the account itself."""

    def chosen(self, call: Call) -> dict[tuple[str, str], object]:
        return {("owner", "="): owner(call)}


OWNED = Owned(TaxId)


async def listed(desk: Desk, call: Call) -> Body:
    if "customer" in call.ids:
        await customer_in(desk, call)
    elif (whose := owner(call)) != call.account:
        await existing(desk, call, whose, "owner[customer]")
    return await OWNED(desk, call)


async def one(desk: Desk, call: Call) -> Body:
    if "customer" in call.ids:
        await customer_in(desk, call)
    try:
        return tax_ids.found(call, await desk.database.one(TaxId, call.scope, call.ids["id"])).wire(call.livemode)
    except Refused as refusal:
        raise await hint(desk.database, call, refusal) from None


LIST = "limit starting_after ending_before"

TABLE: tuple[Op, ...] = (
    op("GetTaxIds", "tax_id", listed, f"{LIST} owner[type] owner[customer] owner[account]"),
    op("PostTaxIds", "tax_id", tax_ids.CREATE, "owner[type] owner[customer] owner[account] type value"),
    op("GetTaxIdsId", "tax_id", one),
    op("DeleteTaxIdsId", "tax_id", tax_ids.DELETE),
    op("GetCustomersCustomerTaxIds", "tax_id", listed, LIST),
    op("PostCustomersCustomerTaxIds", "tax_id", tax_ids.CREATE, "type value"),
    op("GetCustomersCustomerTaxIdsId", "tax_id", one),
    op("DeleteCustomersCustomerTaxIdsId", "tax_id", tax_ids.DELETE),
)
