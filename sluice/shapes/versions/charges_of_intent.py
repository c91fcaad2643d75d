from sluice.shapes.versions.change import Change

CHANGE = Change(
    "2022-11-15",
    "A PaymentIntent always has `charges`: a list of its ten newest charges, the newest first. `latest_charge` is there too.",
    lists={"payment_intent": {"charges": "charge"}},
)
