"""The bank's test cards: number -> how its issuer behaves (B-6.2 ... B-6.8). A number that is not here simply works."""

from msgspec import Struct


class Behaviour(Struct, frozen=True):
    """What is out of the ordinary with a card."""

    decline: str = ""
    keeps: bool = False  # a check passes, only a payment is declined
    blocked: bool = False
    risk: str = "normal"
    cvc: str = "pass"
    line1: str = "pass"
    postal: str = "pass"
    secure: str = ""  # 3-D Secure: required, on_setup, set_up, optional, frictionless
    lookup_fails: bool = False  # the 3-D Secure directory has an error for it
    refunds: str = ""  # pending: succeed later; returned: fail later
    at_once: bool = False


PLAIN = Behaviour()

DECLINES = {
    "4000000000000002": Behaviour(decline="generic_decline"),
    "4000000000009995": Behaviour(decline="insufficient_funds"),
    "4000000000009987": Behaviour(decline="lost_card"),
    "4000000000009979": Behaviour(decline="stolen_card"),
    "4000000000000069": Behaviour(decline="expired_card"),
    "4000000000000127": Behaviour(decline="incorrect_cvc", cvc="fail"),
    "4000000000000119": Behaviour(decline="processing_error"),
    "4000000000006975": Behaviour(decline="card_velocity_exceeded"),
    "4000000000000341": Behaviour(decline="generic_decline", keeps=True),
    "4000000000010340": Behaviour(decline="lost_card", keeps=True),
    "4000000000020349": Behaviour(decline="stolen_card", keeps=True),
}

RISKS = {
    "4100000000000019": Behaviour(decline="fraudulent", blocked=True, risk="highest"),
    "4000000000004954": Behaviour(risk="highest"),
    "4000000000009235": Behaviour(risk="elevated"),
    "4000000000000101": Behaviour(cvc="fail"),
    "4000000000000036": Behaviour(postal="fail"),
    "4000000000000028": Behaviour(line1="fail"),
    "4000000000000010": Behaviour(line1="fail", postal="fail"),
    "4000000000000044": Behaviour(line1="unavailable", postal="unavailable"),
    "4000058400307872": Behaviour(risk="elevated", cvc="fail"),
    "4000058400306072": Behaviour(risk="elevated", postal="fail"),
}

REFUNDS = {
    "4000000000007726": Behaviour(refunds="pending"),
    "4000000000005126": Behaviour(refunds="returned"),
    "4000000000000077": Behaviour(at_once=True),
    "4000003720000278": Behaviour(at_once=True),
}

SECURE = {
    "4000002500003155": Behaviour(secure="on_setup"),
    "4000002760003184": Behaviour(secure="required"),
    "4000003800000446": Behaviour(secure="set_up"),
    "4000008260003178": Behaviour(secure="required", decline="insufficient_funds"),
    "4000000000003220": Behaviour(secure="required"),
    "4000000000003063": Behaviour(secure="required"),
    "4000008400000027": Behaviour(secure="required"),
    "4000008400001629": Behaviour(secure="required", decline="generic_decline"),
    "4000008400001280": Behaviour(secure="required", lookup_fails=True),
    "4000000000003055": Behaviour(secure="optional"),
    "4000000000003097": Behaviour(secure="optional", lookup_fails=True),
    "4000000032200000": Behaviour(secure="frictionless"),
}

# The cards that only have a network, a country or a funding of their own: the bank treats them all alike.
ORDINARY = (
    "4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222", "5200828282828210", "5105105105105100",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424", "6011981111111113", "3056930009020004",
    "36227206271667", "3566002020360505", "6200000000000005", "6200000000000047", "6205500000000000004", "6555900000604105",
    "4000002500001001", "5555552500001001", "4000050360000001", "5555050360000080", "4000000320000021", "4000000760000002",
    "4000001240000000", "4000001520000001", "4000001700000003", "4000001880000005", "4000002180000000", "4000004840008001",
    "4000005910000000", "4000006000000066", "4000006040000068", "4000008580000003", "4000007840000001", "4000000400000008",
    "4000000560000004", "4000001000000000", "4000001120000005", "4000001910000009", "4000001960000008", "4000002030000002",
    "4000002080000001", "4000002330000009", "4000002460000001", "4000002500000003", "4000002760000016", "4000002920000005",
    "4000003000000030", "4000003480000005", "4000003720000005", "4000003800000008", "4000004280000005", "4000004380000004",
    "4000004400000000", "4000004420000006", "4000004700000007", "4000005280000002", "4000005780000007", "4000006160000005",
    "4000006200000007", "4000006420000001", "4000006820000007", "4000007050000006", "4000007030000001", "4000007240000007",
    "4000007520000008", "4000007560000009", "4000008260000000", "4000058260000005", "5555558265554449", "4000000360000006",
    "4000001560000002", "4000003440000004", "4000003560000008", "4000003920000003", "3530111333300000", "4000004580000002",
    "4000005540000008", "4000007020000003", "4000001580000008", "4000007640000003", "4000057640000008", "4000008400000407",
    "4000008400000159", "4000000000000259", "4000000000002685", "4000000000001976", "4000000000005423", "4000000404000079",
    "4000000404000038", "4000008400000779", "5105008400000002",
)  # fmt: skip

CARDS: dict[str, Behaviour] = dict.fromkeys(ORDINARY, PLAIN) | DECLINES | RISKS | REFUNDS | SECURE
