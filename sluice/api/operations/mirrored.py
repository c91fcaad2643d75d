"""What was read of another account, to be looked at."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.merchants.mirror import Mirrored

MIRRORED = Listed(Mirrored, {"kind": "kind"})

TABLE: tuple[Op, ...] = (
    op("GetSluiceMirrored", "account", MIRRORED, f"{PAGED} kind"),
    op("GetSluiceMirroredId", "account", one(Mirrored, "id", "id")),
)  # fmt: skip
