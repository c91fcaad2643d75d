"""The sandbox's test cards as a shop names and sees them (B-6.2 ... B-6.8). How each behaves, only the bank knows."""

from msgspec import Struct

from sluice.core.cards import network
from sluice.core.secrets import Secret
from sluice.rails.types import Card

EXPIRES = (12, 2040)

BRANDS = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "mastercard_prepaid": "5105105105105100",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "visa_cartesBancaires": "4000002500001001",
    "mastercard_cartesBancaires": "5555552500001001",
    "visa_debit_eftposAuCoBranded": "4000050360000001",
    "mastercard_debit_eftposAuCoBranded": "5555050360000080",
}

COUNTRIES = {
    "us": "4242424242424242", "ar": "4000000320000021", "br": "4000000760000002", "ca": "4000001240000000",
    "cl": "4000001520000001", "co": "4000001700000003", "cr": "4000001880000005", "ec": "4000002180000000",
    "mx": "4000004840008001", "pa": "4000005910000000", "py": "4000006000000066", "pe": "4000006040000068",
    "uy": "4000008580000003", "ae": "4000007840000001", "at": "4000000400000008", "be": "4000000560000004",
    "bg": "4000001000000000", "by": "4000001120000005", "hr": "4000001910000009", "cy": "4000001960000008",
    "cz": "4000002030000002", "dk": "4000002080000001", "ee": "4000002330000009", "fi": "4000002460000001",
    "fr": "4000002500000003", "de": "4000002760000016", "gi": "4000002920000005", "gr": "4000003000000030",
    "hu": "4000003480000005", "ie": "4000003720000005", "it": "4000003800000008", "lv": "4000004280000005",
    "li": "4000004380000004", "lt": "4000004400000000", "lu": "4000004420000006", "mt": "4000004700000007",
    "nl": "4000005280000002", "no": "4000005780000007", "pl": "4000006160000005", "pt": "4000006200000007",
    "ro": "4000006420000001", "sa": "4000006820000007", "si": "4000007050000006", "sk": "4000007030000001",
    "es": "4000007240000007", "se": "4000007520000008", "ch": "4000007560000009", "gb": "4000008260000000",
    "gb_debit": "4000058260000005", "gb_mastercard": "5555558265554449", "au": "4000000360000006",
    "cn": "4000001560000002", "hk": "4000003440000004", "in": "4000003560000008", "jp": "4000003920000003",
    "jp_jcb": "3530111333300000", "my": "4000004580000002", "nz": "4000005540000008", "sg": "4000007020000003",
    "tw": "4000001580000008", "th_credit": "4000007640000003", "th_debit": "4000057640000008",
}  # fmt: skip

DECLINES = {
    "chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeDeclinedFraudulent": "4100000000000019",
    "chargeCustomerFail": "4000000000000341",
    "chargeCustomerFailLostCard": "4000000000010340",  # these two numbers are ours: the contract has only the names
    "chargeCustomerFailStolenCard": "4000000000020349",
}

RISKS = {
    "radarBlock": "4100000000000019",
    "riskLevelHighest": "4000000000004954",
    "riskLevelElevated": "4000000000009235",
    "cvcCheckFail": "4000000000000101",
    "avsZipFail": "4000000000000036",
    "avsLine1Fail": "4000000000000028",
    "avsFail": "4000000000000010",
    "avsUnchecked": "4000000000000044",
    "cvcCheckFailElevatedRisk": "4000058400307872",
    "avsZipFailElevatedRisk": "4000058400306072",
    "highFraudDisputeScore": "4000008400000407",
    "highEfwScore": "4000008400000159",
}

AFTERWARDS = {
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "createDisputeInquiry": "4000000000001976",
    "createIssuerFraudRecord": "4000000000005423",
    "createMultipleDisputes": "4000000404000079",
    "createCe3EligibleDispute": "4000000404000038",
    "createComplianceDispute": "4000008400000779",
    "createMastercardComplianceDispute": "5105008400000002",
    "pendingRefund": "4000000000007726",
    "refundFail": "4000000000005126",
    "bypassPending": "4000000000000077",
    "bypassPendingInternational": "4000003720000278",
}

SECURE = {
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredSetupForOffSession": "4000003800000446",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequired": "4000000000003063",
    "threeDSecureRequiredChargeDeclined": "4000008400001629",
    "threeDSecureRequiredProcessingError": "4000008400001280",
    "threeDSecureOptional": "4000000000003055",
    "threeDSecureOptionalProcessingError": "4000000000003097",
    "amex_threeDSecureNotSupported": "378282246310005",
}

# The brand stands before what happens to it in the older names.
OLDER = {f"visa_{name}": number for name, number in (DECLINES | {"createDispute": AFTERWARDS["createDispute"]}).items()}
NAMES: dict[str, str] = BRANDS | COUNTRIES | DECLINES | OLDER | RISKS | AFTERWARDS | SECURE

DEBIT = {
    "4000056655665556", "5200828282828210", "6011981111111113", "6200000000000047", "4000058260000005", "4000057640000008",
    "4000050360000001", "5555050360000080",
}  # fmt: skip
PREPAID = {"5105105105105100"}
CO_BRANDS = {
    "4000002500001001": "cartes_bancaires",
    "5555552500001001": "cartes_bancaires",
    "4000050360000001": "eftpos_au",
    "5555050360000080": "eftpos_au",
}
NO_3DS = {"378282246310005"}
# An issuer's country is told by the first nine digits of its test numbers.
ISSUERS = {number[:9]: name[:2].upper() for name, number in COUNTRIES.items()}
ISSUERS |= {"555555250": "FR", "400005036": "AU", "555505036": "AU"}


class CardFacts(Struct, frozen=True):
    """What a payment method shows of its card. `networks`: the brand, and a co-brand that may be preferred."""

    brand: str
    country: str
    funding: str  # credit, debit, prepaid
    networks: tuple[str, ...]
    three_d_secure: bool  # whether it is supported


def facts(number: str) -> CardFacts:
    """By the table, else by the number's range: an American credit card (B-6.1)."""
    brand = network(number).brand
    return CardFacts(
        brand=brand,
        country=ISSUERS.get(number[:9], "US"),
        funding="debit" if number in DEBIT else "prepaid" if number in PREPAID else "credit",
        networks=(brand, CO_BRANDS[number]) if number in CO_BRANDS else (brand,),
        three_d_secure=number not in NO_3DS,
    )


def named(id: str) -> Card | None:
    """B-6.1: the card behind `pm_card_NAME` or `tok_NAME`; None if `id` is no such name."""
    for prefix in ("pm_card_", "tok_"):
        number = NAMES.get(id.removeprefix(prefix)) if id.startswith(prefix) else None
        if number is not None:
            return Card(Secret(number), *EXPIRES, cvc=Secret("1234"[: network(number).cvc]))
    return None
