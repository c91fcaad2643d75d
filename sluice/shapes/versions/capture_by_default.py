from sluice.shapes.versions.change import Change, Object


def at_once(given: Object) -> Object:
    return given if "capture_method" in given else given | {"capture_method": "automatic"}


CHANGE = Change(
    "2024-04-10",
    "The `capture_method` of a PaymentIntent that is created without one is `automatic`, not `automatic_async`.",
    parameters={"PostPaymentIntents": at_once},
)
