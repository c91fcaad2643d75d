from sluice.shapes.versions.change import Change, Object

NAMED = ("payment_method_types", "automatic_payment_methods")


def cards_only(given: Object) -> Object:
    return given if any(name in given for name in NAMED) else given | {"payment_method_types": ["card"]}


CHANGE = Change(
    "2023-08-16",
    "An intent that is created without `payment_method_types` and `automatic_payment_methods` takes cards only, and needs no"
    " `return_url`.",
    parameters={"PostPaymentIntents": cards_only, "PostSetupIntents": cards_only},
)
