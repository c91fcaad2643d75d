from sluice.shapes.versions.change import Change, Object

LISTS = {"charge": ("refunds",), "customer": ("sources", "subscriptions", "tax_ids"), "payment_intent": ("charges",)}


def counted(now: Object) -> Object:
    """Of a list that goes on, the rest was not counted."""
    names = [name for name in LISTS[now["object"]] if isinstance(now.get(name), dict) and not now[name].get("has_more")]
    return now | {name: now[name] | {"total_count": len(now[name].get("data", ()))} for name in names}


CHANGE = Change(
    "2025-03-31.basil",
    "A list inside an object has `total_count`, when it is there as a whole.",
    objects=dict.fromkeys(LISTS, counted),
)
