"""The signature of a delivery: each try signed anew, with every secret that is valid at that second (B-5.81)."""

import hmac
from collections.abc import Iterable

from sluice.core.secrets import Secret

SCHEME = "v1"


def sign(secrets: Iterable[Secret], at: int, body: bytes) -> str:
    """The header's value: `t=UNIX,v1=HEX[,v1=HEX2]`. The key is the whole secret, `whsec_` included."""
    signed = f"{at}.".encode() + body
    marks = [f"{SCHEME}={hmac.new(secret.encode(), signed, 'sha256').hexdigest()}" for secret in secrets]
    return ",".join([f"t={at}", *marks])
