"""Refunds, by their own paths and under their charge (B-5.46)."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Body, Listed, one
from sluice.core.errors import missing
from sluice.payments import refunds
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.refunds import Refund
from sluice.rules.calls import Call


async def refunds_of(desk: Desk, call: Call) -> Body:
    if await desk.database.one(Charge, call.scope, call.ids["charge"]) is None:
        raise missing("charge", call.ids["charge"], "id", status=404)
    return await Listed(Refund, {}, "", {"charge": "charge"})(desk, call)


async def refund_of(desk: Desk, call: Call) -> Body:
    refund = await desk.database.one(Refund, call.scope, call.ids["refund"])
    if refund is None or refund.charge != call.ids["charge"]:
        raise missing("refund", call.ids["refund"], "refund", status=404)
    return refund.wire(call.livemode)


REFUNDS = Listed(Refund, {"charge": "charge", "payment_intent": "intent"})

REFUND = "amount instructions_email metadata payment_intent reason"

TABLE: tuple[Op, ...] = (
    op("PostChargesChargeRefund", "refund", refunds.CREATE, REFUND),
    op("GetChargesChargeRefunds", "refund", refunds_of, "limit starting_after ending_before"),
    op("PostChargesChargeRefunds", "refund", refunds.CREATE, f"{REFUND} currency"),
    op("GetChargesChargeRefundsRefund", "refund", refund_of),
    op("PostChargesChargeRefundsRefund", "refund", refunds.UPDATE, "metadata"),
    op("GetRefunds", "refund", REFUNDS, f"{PAGED} charge payment_intent"),
    op("PostRefunds", "refund", refunds.CREATE, f"{REFUND} charge currency"),
    op("GetRefundsRefund", "refund", one(Refund, "refund", "refund")),
    op("PostRefundsRefund", "refund", refunds.UPDATE, "metadata"),
    op("PostRefundsRefundCancel", "refund", refunds.CANCEL),
)  # fmt: skip
