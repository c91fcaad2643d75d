from sluice.shapes.versions.change import Change, Object


def charge(now: Object) -> Object:
    """What a partial capture let go of counts among what was refunded."""
    amount, captured, refunded = (now.get(name) for name in ("amount", "amount_captured", "amount_refunded"))
    if not captured or amount is None or refunded is None:
        return now
    return now | {"amount_refunded": refunded + amount - captured}


CHANGE = Change(
    "2025-03-31.basil",
    "What a partial capture releases counts in the charge's `amount_refunded`. (There is no refund object for it.)",
    objects={"charge": charge},
)
