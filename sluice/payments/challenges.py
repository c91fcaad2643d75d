"""3-D Secure: the buyer's answer, and the authorisation that follows it (B-5.11). Bound to its intent, used once (F27)."""

from typing import Any

from msgspec.structs import replace

from sluice.books.vault.cards import StoredCard
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments.card_declines import AGAIN
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.rails.outcomes import ActionRequired
from sluice.rails.types import Authorize
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.reads import Load, Rows

BY_REFERENCE = "select scope, id from instructions where rail = any($1::text[]) and reference = $2"
BEFORE_SCOPE = (BY_REFERENCE,)
OVER = "This authentication is over: the payment was finished, changed or canceled. Go back to the shop."


def challenge(instruction: Instruction) -> str:
    """The rail's name of the challenge that this instruction ended in."""
    assert instruction.said
    assert instruction.said["type"] == ActionRequired.__name__
    return str(instruction.said["challenge"])


def waiting(rows: Rows) -> tuple[Intent, Instruction]:
    """The intent whose challenge this is; refused when it waits for it no longer, or its card has paid for something else."""
    intent, instruction = rows.get_one(Intent, "intent"), rows.get_one(Instruction, "instruction")
    method = rows.get_one(PaymentMethod, "method")
    if intent is None or instruction is None or intent.challenge != instruction.id or intent.status != "requires_action":
        raise Refused(OVER, status=410, judged=True)
    if method is None or method.state not in ("fresh", "attached"):
        raise Refused(OVER, status=410, judged=True)
    return intent, instruction


def authenticate(call: Call, rows: Rows) -> Plan:
    """The same authorisation once more, with what the buyer answered: the rail says what came of it."""
    intent, before = waiting(rows)
    method = rows.one(PaymentMethod, "method")
    asking, asked, fields = new_id("ask_"), before.asked, before.message.fields
    after = replace(intent, status="processing", live=asking, challenge=None, doc=intent.doc | {"next_action": None})
    ask = Authorize(
        intent.money, capture=fields["capture"], three_d_secure=fields["three_d_secure"], authentication=challenge(before),
        line1=fields.get("line1"), postal_code=fields.get("postal_code"), weather=fields.get("weather"),
    )  # fmt: skip
    request = Request(
        ask,
        intent.id,
        asking,
        before.rail,
        stored=rows.one(StoredCard, "card"),
        charge=new_id("ch_"),
        method=method.id,
        customer=asked.customer,
        extra=asked.extra,
    )
    return Plan(Change(saved=(after, replace(method, state="taken")) if method.state == "fresh" else (after,)), request)


def named(call: Call) -> tuple[Any, ...]:
    return (call.ids["instruction"],)


LOADS = (
    Load(Instruction, "instruction", "$3"),
    Load(Intent, "intent", "instruction.subject"),
    Load(Customer, "customer", "intent.customer"),
    Load(PaymentMethod, "method", "instruction.call ->> 'method'"),
    Load(StoredCard, "card", "method.card"),
    AGAIN,
)
AUTHENTICATE = Verb("challenges.authenticate", authenticate, LOADS, named)
