from sluice.shapes.versions.change import Change, Object


def no_invoice(now: Object) -> Object:
    """Not where a browser looks: it sees no customer, and saw no invoice."""
    return now | {"invoice": None} if "customer" in now else now


CHANGE = Change(
    "2025-03-31.basil",
    "A charge and a PaymentIntent have `invoice`: null, since none was made for an invoice.",
    objects={"charge": no_invoice, "payment_intent": no_invoice},
)
