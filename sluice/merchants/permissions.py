"""What a key may do. Secret keys: everything in their scope; publishable ones: a list; restricted ones: by resource."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from sluice.core.errors import Refused, missing

Level = Literal["none", "read", "write"]
LEVELS: tuple[Level, ...] = ("none", "read", "write")  # each includes those before

# What a restricted key names. Balance transactions are the balance's history, and go with it.
RESOURCES = (
    "account", "balance", "charge", "confirmation_token", "customer", "customer_session", "ephemeral_key", "event",
    "payment_intent", "payment_method", "refund", "source", "token", "webhook_endpoint",
)  # fmt: skip

# B-1.5, by operation id. Intents and sources need their client secret too, which the operation checks.
PUBLISHABLE = frozenset(
    (
        "PostTokens", "PostPaymentMethods", "Source.create", "PostConfirmationTokens",
        "GetPaymentIntentsIntent", "GetSetupIntentsIntent", "Source.retrieve", "GetTokensToken",
        "GetConfirmationTokensConfirmationToken",
        "PostPaymentIntentsIntentConfirm", "PostPaymentIntentsIntentVerifyMicrodeposits",
        "PostSetupIntentsIntentConfirm", "PostSetupIntentsIntentVerifyMicrodeposits",
    )
)  # fmt: skip


# What an ephemeral key may call, for its own customer: what a device needs to show, keep and delete a buyer's cards.
BY_PARAMETER = frozenset(("GetPaymentMethods", "PostPaymentMethodsPaymentMethodAttach"))
EPHEMERAL = BY_PARAMETER | frozenset(
    (
        "GetCustomersCustomer", "PostCustomersCustomer",
        "GetCustomersCustomerPaymentMethods", "GetCustomersCustomerPaymentMethodsPaymentMethod",
        "GetPaymentMethodsPaymentMethod", "PostPaymentMethodsPaymentMethod", "PostPaymentMethodsPaymentMethodDetach",
        "GetCustomersCustomerSources", "PostCustomersCustomerSources", "GetCustomersCustomerSourcesId",
        "PostCustomersCustomerSourcesId", "DeleteCustomersCustomerSourcesId",
        "GetCustomersCustomerCards", "PostCustomersCustomerCards", "GetCustomersCustomerCardsId",
        "PostCustomersCustomerCardsId", "DeleteCustomersCustomerCardsId",
    )
)  # fmt: skip
BUYERS = frozenset(("default_source", "expand", "shipping"))


class Identity(Struct, frozen=True):
    """Who calls: the scope that the key chose, and what the key may do there."""

    scope: int
    merchant: str
    livemode: bool
    kind: str  # sk, rk, pk, ek
    key: str
    permissions: Mapping[str, Level]
    currency: str = "usd"  # the account's
    customer: str | None = None  # of an ephemeral key: whose objects alone it reaches


def admit(identity: Identity, operation: str, resource: str, write: bool) -> None:
    """Refuses a call that the key may not make. `operation` is the contract's id, `resource` one of RESOURCES."""
    match identity.kind:
        case "sk":
            return
        case "pk":
            publishable(operation)
        case _:
            if identity.customer and operation not in EPHEMERAL:
                raise Refused("An ephemeral key serves its customer's own cards only: use a secret key.", status=403)
            require(identity, resource, write)


def own(identity: Identity, call: str, ids: Mapping[str, str], given: Mapping[str, Any]) -> None:
    """An ephemeral key's customer is the only one: any other is missing. `call`: the operation; `given`: its parameters.

    Of himself it changes what a buyer may: where he is sent to, and which card comes first.
    """
    if identity.customer is None:
        return
    asked = ids.get("customer") or (given.get("customer") if call in BY_PARAMETER else identity.customer)
    if asked != identity.customer:
        raise missing("customer", str(asked or ""), "customer", status=404 if "customer" in ids else 400)
    if call == "PostCustomersCustomer" and (others := set(given.keys()) - BUYERS):
        raise Refused("An ephemeral key cannot change this of its customer.", status=403, param=min(others))


def publishable(operation: str) -> None:
    """B-1.5: 401 `secret_key_required` for all that a browser must not do."""
    if operation not in PUBLISHABLE:
        message = "This call cannot be made with a publishable API key. Use a secret API key, from your server."
        raise Refused(message, status=401, code="secret_key_required")


def require(identity: Identity, resource: str, write: bool) -> None:
    """B-1.8: 403 for a restricted key without the permission, which the message names. Write includes read."""
    need: Level = "write" if write else "read"
    if identity.kind == "sk" or reaches(identity.permissions.get(resource, "none"), need):
        return
    permission = f"rak_{resource}_{need}"
    message = (
        f"The provided API key does not have the required permission for this call on account '{identity.merchant}'."
        f" Having the '{permission}' permission would allow it to continue."
    )
    raise Refused(message, status=403)


def reaches(has: Level, need: Level) -> bool:
    return LEVELS.index(has) >= LEVELS.index(need)


def permissions(asked: Mapping[str, str]) -> dict[str, Level]:
    """What a new restricted key is given, `none` left out; an unknown resource or level is refused by name."""
    given: dict[str, Level] = {}
    for resource, level in asked.items():
        param = f"permissions[{resource}]"
        if resource not in RESOURCES:
            raise Refused(f"No such resource: {resource}. Keys are restricted by: {', '.join(RESOURCES)}.", param=param)
        match level:
            case "read" | "write":
                given[resource] = level
            case "none":
                pass
            case _:
                raise Refused("A permission is one of none, read, write.", param=param)
    return given
