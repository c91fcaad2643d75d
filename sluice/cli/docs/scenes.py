"""Every verb of a rail with every word it can hear, played on the pure rules: no database, no network, no bank."""

from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from sluice.books.vault.cards import StoredCard, Vault
from sluice.books.vault.cvcs import StoredCvc
from sluice.books.vault.envelope import Sealed
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.customers import customers
from sluice.customers.customers import Customer
from sluice.payments import attaching, cancel, capture, charging, creating, refunds
from sluice.payments.desk import Desk
from sluice.payments.instructions import Instruction
from sluice.payments.money_path import opened
from sluice.payments.settling import DECIDE, Case, heard_of
from sluice.rails.outcomes import ActionRequired, Approved, Declined, NotSent, Outcome, Pending, Unknown
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Card
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change
from sluice.store.database import Database
from sluice.store.facts import Fact
from sluice.store.reads import Rows
from sluice.store.rows import Row

AT = 1_800_000_000
WORDS: dict[str, Outcome] = {
    "approved": Approved(None, None, None),
    "declined": Declined("generic_decline"),
    "action required": ActionRequired("challenge"),
    "pending": Pending(),
    "not sent": NotSent("not a byte left"),
    "unknown": Unknown("no answer came"),
    "approved something else": Unknown("another amount", said=Approved(1, "usd", "other")),
}


class Paper:
    """A vault that keeps nothing."""

    def seal(self, scope: int, account: str, card: Card) -> tuple[Row, str]:
        return StoredCard(new_id("card_"), 0, "", b"", ""), "fingerprint"

    def fingerprint(self, account: str, number: str) -> str:
        return "fingerprint"

    def hold_cvc(self, scope: int, beside: str, cvc: Secret, at: int) -> Row:
        return StoredCvc(beside, 0, "", b"", AT)

    def seal_webhook(self, scope: int, endpoint: str, text: str) -> Sealed:
        return Sealed("", b"")


# The rules read of the desk only the rails' pure part and the installation's epoch.
DESK = Desk(cast(Database, None), {"sandbox": Sandbox("127.0.0.1", 0)}, cast(Vault, None), 1, "")


class Scene(NamedTuple):
    """What was asked, the rows before *open* and after it."""

    name: str
    before: Rows
    case: Case

    def hears(self, word: Outcome) -> tuple[Change, Instruction]:
        """Settle's change, and the instruction after it."""
        instruction = self.case.instruction
        return DECIDE[instruction.verb](self.case.rows, word, AT, False), heard_of(instruction, word)

    def then(self, word: Outcome) -> Rows:
        """All rows, by their tables, after that word."""
        change, instruction = self.hears(word)
        written = Fact("", saved=(*change.saved, instruction), new=change.new).written()
        left = [row for row in self.case.rows.after(written).values() if row]
        return Rows({row.table: row for row in (*left, *written.values())})


def asking(given: dict[str, Any], **ids: str) -> Call:
    return Call(
        operation="", path="", scope=1, livemode=False, account="acct_1", at=AT, request="req_1", vault=Paper(), ids=ids,
        params=given, rails=("sandbox",), key="key_1",
    )  # fmt: skip


def scene(name: str, verb: Verb, given: dict[str, Any], rows: Rows | None = None, **ids: str) -> Scene:
    call, before = asking(given, **ids), rows or Rows()
    plan = verb.check(call, before)
    assert plan.request
    _, case = opened(DESK, verb, call, plan.change, plan.request, before, "tk_1")
    return Scene(name, before, case)


def payment(name: str, **given: Any) -> Scene:
    asked = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "use_stripe_sdk": True}
    return scene(name, creating.CREATE, asked | given)


def following(name: str, verb: Verb, rows: Rows, given: dict[str, Any] | None = None) -> Scene:
    """What is asked about a payment that the rail has done."""
    intent, charge, refund = (rows.get(table) for table in ("intents", "charges", "refunds"))
    asked = rows["instructions"]
    found = Rows(
        intent=intent, charge=charge, refund=refund, authorized=asked, refunding=asked, sold=rows.get("balance_transactions")
    )
    ids = {name: row.id for name, row in (("intent", intent), ("charge", charge), ("refund", refund)) if row}
    return scene(name, verb, given or {}, found, **ids)


def attaching_a_card() -> Scene:
    made = customers.create(asking({}), Rows()).change.new
    customer = replace(next(row for row in made if isinstance(row, Customer)), version=1)  # as it was read
    return scene(
        "Attach a card", attaching.ATTACH, {"customer": customer.id}, Rows(customer=customer), payment_method="pm_card_visa"
    )


def every_scene() -> list[Scene]:
    """In the order of a payment's life."""
    done = WORDS["approved"]
    paid, held = payment("Authorize and take"), payment("Authorize only", capture_method="manual")
    charge = scene("Charge without an intent", charging.CREATE, {"amount": 1000, "currency": "usd", "source": "tok_visa"})
    refund = following("Refund", refunds.CREATE, paid.then(done), {"payment_intent": "pi_1"})
    return [
        paid, held, charge,
        following("Capture", capture.CAPTURE, held.then(done)),
        following("Cancel a hold", cancel.CANCEL, held.then(done)),
        refund,
        following("Cancel a pending refund", refunds.CANCEL, refund.then(WORDS["pending"])),
        attaching_a_card(),
    ]  # fmt: skip
