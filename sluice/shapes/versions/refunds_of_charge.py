from sluice.shapes.versions.change import Change

CHANGE = Change(
    "2022-11-15",
    "A charge always has `refunds`: a list of its ten newest refunds. Now it must be expanded.",
    lists={"charge": {"refunds": "refund"}},
)
