from sluice.shapes.versions.change import Change, Object

SUCCEEDED = ("authenticated", "attempt_acknowledged")  # the bank answers for it


def charge(now: Object) -> Object:
    """Two booleans beside what is there now; nothing where no 3-D Secure was tried."""
    details = now.get("payment_method_details") or {}
    card = details.get("card") or {}
    tried = card.get("three_d_secure")
    if not tried:
        return now
    result = tried.get("result")
    was = tried | {"authenticated": result == "authenticated", "succeeded": result in SUCCEEDED}
    return now | {"payment_method_details": details | {"card": card | {"three_d_secure": was}}}


CHANGE = Change(
    "2020-08-27",
    "`payment_method_details.card.three_d_secure` of a charge has the booleans `authenticated` and `succeeded`.",
    objects={"charge": charge},
)
