"""Charges: attempts that reached the network, and the old way to make one."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.payments import capture, charging
from sluice.payments.charges import Charge

CHARGES = Listed(
    Charge,
    {"customer": "customer", "payment_intent": "intent", "transfer_group": "transfer_group"},
    exist=("customer",),
)

TABLE: tuple[Op, ...] = (
    op("GetCharges", "charge", CHARGES, f"{PAGED} customer payment_intent transfer_group"),
    op("PostCharges", "charge", charging.CREATE,
       "amount capture card currency customer description metadata receipt_email shipping source statement_descriptor"
       " statement_descriptor_suffix transfer_group"),
    op("GetChargesCharge", "charge", one(Charge, "id", "charge")),
    op("PostChargesCharge", "charge", charging.UPDATE,
       "customer description fraud_details metadata receipt_email shipping transfer_group"),
    op("PostChargesChargeCapture", "charge", capture.CAPTURE_CHARGE,
       "amount receipt_email statement_descriptor statement_descriptor_suffix transfer_group"),
)  # fmt: skip
