"""Ephemeral keys: for an hour a buyer's own device may show, keep and delete his cards (B-1.2)."""

from typing import Any, final

from msgspec.structs import astuple, replace

from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.limits import EPHEMERAL_SECONDS
from sluice.core.secrets import Secret
from sluice.customers import customers
from sluice.customers.customers import Customer
from sluice.customers.details import Hash
from sluice.merchants import keys
from sluice.merchants.keys import ApiKey
from sluice.merchants.permissions import Level
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows

GRANTED: dict[str, Level] = {"customer": "write", "payment_method": "write", "source": "write"}


@final
class Shown(ApiKey, frozen=True, kw_only=True):
    """What its maker sees; the key itself this once."""

    secret: Secret | None = None

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "ephemeral_key",
            id=self.id,
            associated_objects=[{"id": self.customer, "type": "customer"}],
            created=self.created,
            expires=self.expires,
            livemode=livemode,
            **({"secret": str(self.secret)} if self.secret else {}),
        )


def create(call: Call, rows: Rows) -> Plan:
    """The device goes on with the version that its shop's server asks for here, so the header must be there."""
    if call.version is None:
        raise Refused("An ephemeral key needs the header Stripe-Version: send the version that your app was built with.")
    customer = customers.required(call, rows)
    text, made = keys.make("ek", call.livemode, call.at, permissions=GRANTED, expires=call.at + EPHEMERAL_SECONDS)
    key = replace(made, id=new_id("ephkey_"), customer=customer.id)
    return Plan(Change(stand=(customer,), new=(key,), shows=Shown(*astuple(key), secret=text)))


def delete(call: Call, rows: Rows) -> Plan:
    """It works no more, everywhere within seconds."""
    key = rows.get_one(ApiKey, "key")
    if key is None or key.kind != "ek" or key.revoked is not None:
        raise missing("ephemeral_key", call.ids["key"], "key", status=404)
    after = replace(key, revoked=call.at, expires=call.at)
    return Plan(Change(saved=(after,), shows=Shown(*astuple(after))))


def audits(rows: Rows, change: Change) -> Hash:
    """Whose it is, and until when."""
    key = next(row for row in (*change.saved, *change.new) if isinstance(row, ApiKey))
    return {"customer": key.customer, "expires": key.expires}


CREATE = Verb(
    "ephemeral_keys.create", create, (Load(Customer, "customer", "$3"),), lambda call: (call.params.get("customer"),),
    secret=True, audits=audits,
)  # fmt: skip
DELETE = Verb("ephemeral_keys.delete", delete, (Load(ApiKey, "key", "$3"),), id_in("key"), audits=audits)
