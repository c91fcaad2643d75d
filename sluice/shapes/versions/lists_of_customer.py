from sluice.shapes.versions.change import Change

CHANGE = Change(
    "2020-08-27",
    "A customer always has the lists `sources`, `subscriptions` and `tax_ids`. Now they must be expanded.",
    lists={"customer": {"sources": "source", "subscriptions": "subscription", "tax_ids": "tax_id"}},
)
