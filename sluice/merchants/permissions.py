"""What a key may do. Secret keys: everything in their scope; publishable ones: a list; restricted ones: by resource."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from sluice.core.errors import Refused

Level = Literal["none", "read", "write"]
LEVELS: tuple[Level, ...] = ("none", "read", "write")  # each includes those before

# What a restricted key names. Balance transactions are the balance's history, and go with it.
RESOURCES = (
    "account", "balance", "charge", "confirmation_token", "customer", "event", "payment_intent", "payment_method", "refund",
    "source", "token", "webhook_endpoint",
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


class Identity(Struct, frozen=True):
    """Who calls: the scope that the key chose, and what the key may do there."""

    scope: int
    merchant: str
    livemode: bool
    kind: str  # sk, rk, pk, ek
    key: str
    permissions: Mapping[str, Level]
    currency: str = "usd"  # the account's


def admit(identity: Identity, operation: str, resource: str, write: bool) -> None:
    """Refuses a call that the key may not make. `operation` is the contract's id, `resource` one of RESOURCES."""
    match identity.kind:
        case "sk":
            return
        case "pk":
            publishable(operation)
        case _:
            require(identity, resource, write)


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
