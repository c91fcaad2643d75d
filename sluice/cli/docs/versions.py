"""API versions, from the table of their changes."""

from sluice.cli.docs.tables import NOTICE, table
from sluice.shapes.versions import CHANGES, NAMES, NEWEST, OLDEST

HEAD = f"""
# API versions

A program names the API version that it was written for in the header `Stripe-Version`. SDKs do it by themselves. Sluice knows
one shape, `{NEWEST}`, and answers in every version since `{OLDEST}`: a table of changes makes the older ones of it.

- A call without the header has its account's version. Without one that is the newest. `sluice merchants pin` sets it:

  ```
  sluice merchants pin 2022-11-15
  ```

- A day between two versions means the one before it. A day after the newest one means the newest.
- The header `Stripe-Version` of the answer says which version it is in. Anything else, and what is older, is refused with 400.
- A repeat with the same idempotency key answers the first call's bytes, in the first call's version.
- A webhook endpoint has a version of its own, given once as `api_version`. Without one its events have the account's.
- An event keeps the version that its account had in its second, wherever it is read. Its field `api_version` says which.
- In an older event's lists stands what the events up to it told. A customer's `sources` are those that are still the
  customer's.

What is written in an older version is brought forward before it is read, and what is answered is taken back before it is sent,
change by change. Nothing is done for the newest.

## Changes

What was so before each version, for what Sluice serves. What is not named here is answered as it is now.
"""


def page() -> str:
    changes = table(("Before", "What was so"), [(f"`{change.until}`", change.says) for change in CHANGES])
    return f"{NOTICE}{HEAD}\n{changes}\n## Versions\n\n" + ", ".join(f"`{name}`" for name in NAMES) + ".\n"
