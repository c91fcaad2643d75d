"""The test cards: each name, its number, and what the sandbox's bank does with it, from both their tables."""

from collections import defaultdict

from sluice.cli.docs.tables import NOTICE, table
from sluice.rails.sandbox.cards import AFTERWARDS, BRANDS, COUNTRIES, DECLINES, NAMES, RISKS, SECURE, facts
from sluice.simulators.bank.cards import CARDS, PLAIN, Behaviour

HEAD = """
# Test cards

Every one of them works with a test key only, with any future date and any code of the right length. `NAME` stands for
`pm_card_NAME` where a payment method is taken, and for `tok_NAME` where a token is. A number that is not here and
passes its check digit simply works.

To make a payment go wrong on its way to the bank, see [bad weather](bad-weather.md).
"""
GROUPS = {
    "Brands": BRANDS,
    "Declines": DECLINES,
    "Risk and checks": RISKS,
    "Refunds, disputes and settlement": AFTERWARDS,
    "3-D Secure": SECURE,
    "Countries": COUNTRIES,
}
SECURES = {
    "required": "asks its buyer; declines off session",
    "on_setup": "asks its buyer; off session it passes only after a payment that its buyer confirmed",
    "set_up": "asks its buyer; passes off session",
    "optional": "passes; asks its buyer only if `request_three_d_secure` is `any` or `challenge`",
    "frictionless": "is authenticated without a question",
}
REFUNDS = {
    "pending": "its refunds stay pending, then succeed",
    "returned": "its refunds succeed, then come back: `refund.failed`",
}
# What these are for needs a noun that is not built yet.
LATER = ("createDispute", "createMultipleDisputes", "createCe3", "createCompliance", "createMastercardCompliance")
FRAUD = ("createIssuerFraudRecord", "highFraudDisputeScore", "highEfwScore")


def page() -> str:
    listed = {number for group in GROUPS.values() for number in group.values()}
    unnamed = {number: number for number in CARDS if number not in listed}
    text = NOTICE + HEAD
    for title, group in GROUPS.items():
        text += f"\n## {title}\n\n" + table(("NAME", "Number", "What it does"), rows(group))
    return text + "\n## Numbers without a name\n\n" + table(("Number", "What it does"), [row[1:] for row in rows(unnamed)])


def rows(group: dict[str, str]) -> list[tuple[str, str, str]]:
    named = defaultdict(list)
    for name, number in NAMES.items():
        named[number].append(name)
    made = []
    for number in dict.fromkeys(group.values()):
        names = [name for name in named[number] if group.get(name) == number or name.removeprefix("visa_") in group]
        made.append((", ".join(f"`{name}`" for name in names), f"`{number}`", does(number, names)))
    return made


def does(number: str, names: list[str]) -> str:
    if any(name.startswith(LATER) for name in names):
        return "Works; the dispute that it stands for comes with disputes, which are not built yet."
    if any(name.startswith(FRAUD) for name in names):
        return "Works; the warning or score that it stands for is not built yet."
    said = [*behaviour(CARDS.get(number, PLAIN))]
    text = "; ".join(said) or f"works: {shown(number)}"
    return f"{text[0].upper()}{text[1:]}."


def shown(number: str) -> str:
    card = facts(number)
    return f"{card.brand.replace('_', ' ')}, {card.funding}, {card.country}"


def behaviour(card: Behaviour) -> list[str]:
    """In the order in which a buyer meets it."""
    checks = [f"{name} check says `{word}`, if it was sent" for name, word in checked(card) if word != "pass"]
    return [
        *([f"risk is `{card.risk}`"] if card.risk != "normal" else []),
        *checks,
        *([SECURES[card.secure]] if card.secure else []),
        *(["the lookup of 3-D Secure fails: `processing_error`"] if card.lookup_fails else []),
        *([declines(card)] if card.decline else []),
        *([REFUNDS[card.refunds]] if card.refunds else []),
        *(["its money is available at once"] if card.at_once else []),
    ]


def checked(card: Behaviour) -> tuple[tuple[str, str], ...]:
    return ("the code's", card.cvc), ("the street's", card.line1), ("the postal code's", card.postal)


def declines(card: Behaviour) -> str:
    if card.blocked:
        return f"blocked before the bank is asked: `{card.decline}`"
    return (
        f"can be attached, and declines when it is charged: `{card.decline}`" if card.keeps else f"declines: `{card.decline}`"
    )
