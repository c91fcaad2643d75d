"""Ephemeral keys: what a buyer's own device calls with."""

from sluice.api.operations.op import Op, op
from sluice.customers import ephemeral_keys

TABLE: tuple[Op, ...] = (
    op("PostEphemeralKeys", "ephemeral_key", ephemeral_keys.CREATE, "customer"),
    op("DeleteEphemeralKeysKey", "ephemeral_key", ephemeral_keys.DELETE),
)
