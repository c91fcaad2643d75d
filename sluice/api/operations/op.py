"""One served operation, and what the tables of operations share."""

from typing import NamedTuple

from sluice.api.reads import Read
from sluice.rules.calls import Verb

PAGED = "limit starting_after ending_before created"
METHOD_DATA = "payment_method_data[type] payment_method_data[card] payment_method_data[billing_details]"
METHOD_DATA += " payment_method_data[allow_redisplay]"


class Op(NamedTuple):
    """`resource` is what a restricted key names; reading and writing follow from what `do` is."""

    id: str  # the contract's
    resource: str
    do: Verb | Read
    serves: frozenset[str]

    @property
    def writes(self) -> bool:
        return isinstance(self.do, Verb)


def op(id: str, resource: str, do: Verb | Read, serves: str = "") -> Op:
    return Op(id, resource, do, frozenset(serves.split()))
