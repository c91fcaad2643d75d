"""How the nouns move: the refund's table of moves, the intent's derived status and the moves that its scenes make."""

from itertools import product

from msgspec.structs import replace

from sluice.cli.docs.drawing import diagram
from sluice.cli.docs.scenes import WORDS, every_scene
from sluice.cli.docs.tables import NOTICE, codes, table
from sluice.payments.cancel import CANCELABLE
from sluice.payments.charges import Charge
from sluice.payments.intents import Intent, status
from sluice.payments.refunds import MOVES

Rows = dict[tuple[str, ...], str]  # what is given, in the order of COLUMNS -> the status

INTENT = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
)
REFUND = ("asked", "pending", "succeeded", "failed", "canceled")
COLUMNS = ("In flight", "Canceled", "Latest charge", "Waits for the buyer", "Has a method", "Status")
HEAD = """
# States

## PaymentIntent

![The moves of a PaymentIntent](intent-states.svg)

The status is never set: it is derived from what is in flight, the latest charge and the payment method, by one
function. What is in flight outranks everything. A dash: does not matter.

"""
BELOW = """
## Refund

![The moves of a refund](refund-states.svg)

`asked` is shown as `pending`: the refund is reserved on its charge, and the rail has not answered. There are no other
moves; a word that asks for one is kept for a person, as a discrepancy.

"""


def page() -> str:
    moves = [
        (f"`{was}`", f"`{to}`", codes(move.events), f"`{move.books}`" if move.books else "–", move.by)
        for (was, to), move in MOVES.items()
    ]
    return (
        NOTICE + HEAD + table(COLUMNS, derived())
        + BELOW + table(("From", "To", "Events", "Balance transaction", "By whose word"), moves)
    )  # fmt: skip


def derived() -> list[tuple[str, ...]]:
    """The rows of the truth table; what does not change the status is folded into a dash."""
    intent, charge = sample()
    charges = {
        "none": None, "failed": replace(charge, status="failed"), "pending": replace(charge, status="pending"),
        "holds": replace(charge, captured=0), "captured": charge,
    }  # fmt: skip
    yes = {"yes": "x", "no": None}

    def said(live: str, gone: str, name: str, asks: str, has: str) -> str:
        given = replace(
            intent, live=yes[live], canceled_at=1 if gone == "yes" else None, challenge=yes[asks], payment_method=yes[has]
        )
        return status(given, charges[name])

    columns = [list(yes), list(yes), list(charges), list(yes), list(yes)]
    rows: Rows = {key: said(*key) for key in product(yes, yes, charges, yes, yes)}
    return [(*key, f"`{word}`") for key, word in folded(rows, columns).items()]


def folded(rows: Rows, columns: list[list[str]]) -> Rows:
    """From the last column on: where all its values say the same, one row stands for them."""
    for n in reversed(range(len(columns))):
        groups: dict[tuple[str, ...], Rows] = {}
        for key, word in rows.items():
            groups.setdefault((*key[:n], "", *key[n + 1 :]), {})[key] = word
        rows = {}
        for key, group in groups.items():
            same = len(set(group.values())) == 1 and len(group) == len(columns[n])
            rows |= {(*key[:n], "–", *key[n + 1 :]): next(iter(group.values()))} if same else group
    return rows


def sample() -> tuple[Intent, Charge]:
    rows = every_scene()[0].then(WORDS["approved"])
    return rows.one(Intent, "intents"), rows.one(Charge, "charges")


def intent() -> str:
    moves = {(name, "canceled") for name in CANCELABLE} | {("requires_payment_method", "requires_confirmation")}
    for scene in every_scene():
        before, during = scene.before.get_one(Intent, "intent"), scene.case.rows.get_one(Intent, "intent")
        if during is None:
            continue
        starts = [before.status] if before else ["requires_payment_method", "requires_confirmation", "requires_action"]
        moves |= {(was, during.status) for was in starts if during.status == "processing"}
        for word in WORDS.values():
            after = next((row for row in scene.hears(word)[0].saved if isinstance(row, Intent)), during)
            moves |= {(during.status, after.status)} - {(after.status, after.status)}
    return diagram("The moves of a PaymentIntent", list(INTENT), moves)


def refund() -> str:
    return diagram("The moves of a refund", list(REFUND), MOVES)
