"""Customer sessions: for half an hour the parts of a page that are named may show a customer what he kept."""

from typing import Any, ClassVar, final

from msgspec.structs import astuple

from sluice.core.errors import Refused
from sluice.core.ids import chance, new_id
from sluice.core.limits import SESSION_SECONDS
from sluice.core.secrets import Secret
from sluice.customers import customers
from sluice.customers.customers import Customer
from sluice.customers.details import Given, Hash
from sluice.merchants.keys import digest
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

LIMIT, REDISPLAY_MOST = "payment_method_redisplay_limit", 10  # as the public API has it
# Each part of a page, and what it does where its features are not named.
COMPONENTS: dict[str, Hash | None] = {
    "buy_button": None,
    "customer_sheet": {"payment_method_allow_redisplay_filters": ["always"], "payment_method_remove": "disabled"},
    "mobile_payment_element": {
        "payment_method_allow_redisplay_filters": ["always"], "payment_method_redisplay": "disabled",
        "payment_method_remove": "disabled", "payment_method_save": "disabled",
        "payment_method_save_allow_redisplay_override": None,
    },
    "payment_element": {
        "payment_method_allow_redisplay_filters": ["always"], "payment_method_redisplay": "disabled",
        "payment_method_redisplay_limit": 3, "payment_method_remove": "disabled", "payment_method_save": "disabled",
        "payment_method_save_usage": None,
    },
    "pricing_table": None,
}  # fmt: skip


class CustomerSession(Row, frozen=True):
    """`hash` is its client secret's."""

    table: ClassVar[str] = "customer_sessions"
    noun: ClassVar[str] = "customer_session"
    created: int
    expires: int
    customer: str
    hash: bytes
    doc: dict[str, Any]


@final
class Fresh(CustomerSession, frozen=True, kw_only=True):
    """As its create's answer shows it: the secret is seen this once."""

    secret: Secret

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "customer_session", client_secret=str(self.secret), components=self.doc["components"], created=self.created,
            customer=self.customer, expires_at=self.expires, livemode=livemode,
        )  # fmt: skip


def create(call: Call, rows: Rows) -> Plan:
    id, asked = new_id("cuss_"), call.params["components"]
    made = {name: component(asked.get(name), features) for name, features in COMPONENTS.items()}
    if not any(part["enabled"] for part in made.values()):
        raise Refused("Enable at least one component.", param="components")
    customer = customers.required(call, rows)
    secret = Secret(f"{id}_secret_{chance(32)}")
    row = CustomerSession(id, 0, call.at, call.at + SESSION_SECONDS, customer.id, digest(secret), {"components": made})
    return Plan(Change(stand=(customer,), new=(row,), shows=Fresh(*astuple(row), secret=secret)))


def component(given: Given | None, features: Hash | None) -> Hash:
    """As it was asked for, the rest by default; what is not asked for is off, and has no features."""
    if features is None:
        return {"enabled": bool(given and given["enabled"])}
    if given is None or not given["enabled"]:
        return {"enabled": False, "features": None}
    made = features | (given.get("features") or {})
    if not 1 <= made.get(LIMIT, 1) <= REDISPLAY_MOST:
        param = f"components[payment_element][features][{LIMIT}]"
        raise Refused(f"At most {REDISPLAY_MOST} payment methods are displayed again, and at least one.", param=param)
    return {"enabled": True, "features": made}


CREATE = Verb(
    "customer_sessions.create", create, (Load(Customer, "customer", "$3"),), lambda call: (call.params.get("customer"),),
    secret=True,
)  # fmt: skip
