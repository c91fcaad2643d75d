"""What a key may do: all, a list, or resource by resource."""

import gzip
import json
import re
from importlib.resources import files

import pytest

from sluice.core.errors import Refused
from sluice.merchants.permissions import PUBLISHABLE, RESOURCES, Identity, Level, admit, permissions


def identity(kind: str, **levels: Level) -> Identity:
    return Identity(1, "acct_1", False, kind, "key_1", levels)


def refusal(who: Identity, operation: str = "GetCharges", resource: str = "charge", write: bool = False) -> Refused | None:
    try:
        admit(who, operation, resource, write)
    except Refused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("level", "write", "allowed"),
    [("none", False, False), ("none", True, False), ("read", False, True), ("read", True, False), ("write", False, True),
     ("write", True, True)],
)  # fmt: skip
@pytest.mark.parametrize("resource", RESOURCES)
def test_a_restricted_key(resource: str, level: Level, write: bool, allowed: bool) -> None:
    """B-1.8: none | read | write, write includes read; 403, the message names the missing permission."""
    refused = refusal(identity("rk", **{resource: level}), resource=resource, write=write)
    assert (refused is None) == allowed
    if refused:
        assert (refused.status, refused.type, refused.code) == (403, "invalid_request_error", None)
        assert re.findall(r"rak_\w+", refused.message) == [f"rak_{resource}_{'write' if write else 'read'}"]
        assert "acct_1" in refused.message


def test_a_permission_is_for_one_resource() -> None:
    """B-1.8: what is not named is `none`."""
    others = {resource: "write" for resource in RESOURCES if resource != "refund"}
    assert refusal(identity("rk", **others), resource="refund") is not None  # type: ignore[arg-type]
    assert refusal(identity("ek"), resource="customer") is not None


@pytest.mark.parametrize("write", [False, True])
def test_a_secret_key_may_do_all(write: bool) -> None:
    assert refusal(identity("sk"), "AnyOperation", "anything", write) is None


@pytest.mark.parametrize("operation", sorted(PUBLISHABLE))
def test_a_publishable_key_may_do_some(operation: str) -> None:
    """B-1.5."""
    assert refusal(identity("pk"), operation, "payment_intent", write=True) is None


CLOSED = ["GetPaymentIntents", "PostPaymentIntents", "PostPaymentIntentsIntentCapture", "PostPaymentIntentsIntentCancel"]
CLOSED += ["PostCustomers", "GetCharges", "PostRefunds", "GetBalance", "GetEvents", "GetPaymentMethodsPaymentMethod", ""]


@pytest.mark.parametrize("operation", CLOSED)
def test_a_publishable_key_may_do_no_more(operation: str) -> None:
    """B-1.5: 401 `secret_key_required`; the message says that a secret key is needed. Permissions do not widen it."""
    refused = refusal(identity("pk", charge="write"), operation)
    assert refused is not None
    assert (refused.status, refused.type, refused.code) == (401, "invalid_request_error", "secret_key_required")
    assert "secret API key" in refused.message


def test_the_list_names_the_contracts_operations() -> None:
    """Each is one of the contract's, but for the one that only browsers know (B-1.5)."""
    contract = json.loads(gzip.decompress((files("sluice.shapes") / "contract.json.gz").read_bytes()))
    known = {operation["operationId"] for path in contract["paths"].values() for operation in path.values()}
    assert PUBLISHABLE - known == {"PostConfirmationTokens"}


def test_permissions_of_a_new_key() -> None:
    assert permissions({"charge": "read", "refund": "write", "customer": "none"}) == {"charge": "read", "refund": "write"}


@pytest.mark.parametrize(("resource", "level"), [("charges", "read"), ("", "read"), ("charge", "all"), ("charge", "")])
def test_an_unknown_permission_is_refused_by_name(resource: str, level: str) -> None:
    with pytest.raises(Refused) as refused:
        permissions({resource: level})
    assert refused.value.param == f"permissions[{resource}]"
