"""Every test card of B-6, each paid with once: what it shows, and how it behaves."""

from typing import Any

import pytest
from stripe import CardError

from sluice.core.cards import network
from tests.harness import Shop, declined

# number -> brand, country, funding; names that reach it (pm_card_NAME and tok_NAME)
BRANDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "4242424242424242": ("visa", "US", "credit", ("visa", "us")),
    "4000056655665556": ("visa", "US", "debit", ("visa_debit",)),
    "5555555555554444": ("mastercard", "US", "credit", ("mastercard",)),
    "2223003122003222": ("mastercard", "US", "credit", ()),
    "5200828282828210": ("mastercard", "US", "debit", ("mastercard_debit",)),
    "5105105105105100": ("mastercard", "US", "prepaid", ("mastercard_prepaid",)),
    "378282246310005": ("amex", "US", "credit", ("amex", "amex_threeDSecureNotSupported")),
    "371449635398431": ("amex", "US", "credit", ()),
    "6011111111111117": ("discover", "US", "credit", ("discover",)),
    "6011000990139424": ("discover", "US", "credit", ()),
    "6011981111111113": ("discover", "US", "debit", ()),
    "3056930009020004": ("diners", "US", "credit", ("diners",)),
    "36227206271667": ("diners", "US", "credit", ()),
    "3566002020360505": ("jcb", "US", "credit", ("jcb",)),
    "6200000000000005": ("unionpay", "US", "credit", ("unionpay",)),
    "6200000000000047": ("unionpay", "US", "debit", ()),
    "6205500000000000004": ("unionpay", "US", "credit", ()),
    "6555900000604105": ("discover", "US", "credit", ()),
    "4000002500001001": ("visa", "FR", "credit", ("visa_cartesBancaires",)),
    "5555552500001001": ("mastercard", "FR", "credit", ("mastercard_cartesBancaires",)),
    "4000050360000001": ("visa", "AU", "debit", ("visa_debit_eftposAuCoBranded",)),
    "5555050360000080": ("mastercard", "AU", "debit", ("mastercard_debit_eftposAuCoBranded",)),
}
CO_BRANDS = {"4000002500001001": "cartes_bancaires", "5555552500001001": "cartes_bancaires"}
CO_BRANDS |= {"4000050360000001": "eftpos_au", "5555050360000080": "eftpos_au"}
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
    "au": "4000000360000006", "cn": "4000001560000002", "hk": "4000003440000004", "in": "4000003560000008",
    "jp": "4000003920000003", "my": "4000004580000002", "nz": "4000005540000008", "sg": "4000007020000003",
    "tw": "4000001580000008", "th_credit": "4000007640000003", "th_debit": "4000057640000008",
}  # fmt: skip
# number -> names, code, decline_code
DECLINES: dict[str, tuple[tuple[str, ...], str, str | None]] = {
    "4000000000000002": (("visa_chargeDeclined", "chargeDeclined"), "card_declined", "generic_decline"),
    "4000000000009995": (
        ("visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"), "card_declined", "insufficient_funds"
    ),
    "4000000000009987": (("visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"), "card_declined", "lost_card"),
    "4000000000009979": (("visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"), "card_declined", "stolen_card"),
    "4000000000000069": (("chargeDeclinedExpiredCard",), "expired_card", "expired_card"),
    "4000000000000127": (("chargeDeclinedIncorrectCvc",), "incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": (("chargeDeclinedProcessingError",), "processing_error", None),
    "4000000000006975": (("visa_chargeDeclinedVelocityLimitExceeded",), "card_declined", "card_velocity_exceeded"),
    "4100000000000019": (("chargeDeclinedFraudulent", "radarBlock"), "card_declined", "fraudulent"),
}  # fmt: skip
PARAMS = {"expired_card": "exp_month", "incorrect_cvc": "cvc"}
KEEPS = {
    "pm_card_chargeCustomerFail": "generic_decline",
    "tok_visa_chargeCustomerFailLostCard": "lost_card",
    "tok_visa_chargeCustomerFailStolenCard": "stolen_card",
}
CHECKS: dict[str, dict[str, str]] = {
    "cvcCheckFail": {"cvc_check": "fail"},
    "avsZipFail": {"address_postal_code_check": "fail"},
    "avsLine1Fail": {"address_line1_check": "fail"},
    "avsFail": {"address_line1_check": "fail", "address_postal_code_check": "fail"},
    "avsUnchecked": {"address_line1_check": "unavailable", "address_postal_code_check": "unavailable"},
    "cvcCheckFailElevatedRisk": {"cvc_check": "fail"},
    "avsZipFailElevatedRisk": {"address_postal_code_check": "fail"},
}
PASSED = {"cvc_check": "pass", "address_line1_check": "pass", "address_postal_code_check": "pass"}
RISKS = {"riskLevelHighest": "highest", "riskLevelElevated": "elevated", "cvcCheckFailElevatedRisk": "elevated"}
RISKS |= {"avsZipFailElevatedRisk": "elevated", "highFraudDisputeScore": "normal", "highEfwScore": "normal"}
DISPUTED = (
    "createDispute", "createDisputeProductNotReceived", "createDisputeInquiry", "createIssuerFraudRecord",
    "createMultipleDisputes", "createCe3EligibleDispute", "createComplianceDispute", "createMastercardComplianceDispute",
)  # fmt: skip


def typed(number: str, **more: Any) -> dict[str, Any]:
    """A card as a buyer types it."""
    cvc = "1234"[: network(number).cvc]
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": cvc}} | more


def shown(shop: Shop, **how: Any) -> Any:
    """The card on the charge of a payment made with it."""
    intent = shop.pays(card=None, **how) if "payment_method_data" in how else shop.pays(**how)
    assert intent.status == "succeeded"
    return shop.charge(intent).payment_method_details.card


@pytest.mark.parametrize("number", BRANDS)
def test_brands(shop: Shop, number: str):
    """B-6.2: by number and by name; a co-brand is an available network."""
    brand, country, funding, names = BRANDS[number]
    for card in [shown(shop, payment_method_data=typed(number)), *(shown(shop, card=f"pm_card_{name}") for name in names)]:
        assert (card.brand, card.country, card.funding, card.last4) == (brand, country, funding, number[-4:])
    for name in names:
        method = shop.v1.payment_methods.create({"type": "card", "card": {"token": f"tok_{name}"}})
        assert method.card.last4 == number[-4:]
        assert method.card.networks.available == [brand, *([CO_BRANDS[number]] if number in CO_BRANDS else [])]


@pytest.mark.parametrize("name", COUNTRIES)
def test_countries(shop: Shop, name: str):
    """B-6.3: each succeeds without 3-D Secure and shows its issuer's country."""
    card = shown(shop, card=f"pm_card_{name}")
    assert (card.country, card.last4, card.three_d_secure) == (name[:2].upper(), COUNTRIES[name][-4:], None)
    method = shop.v1.payment_methods.create({"type": "card", "card": {"token": f"tok_{name}"}})
    assert method.card.last4 == COUNTRIES[name][-4:]


@pytest.mark.parametrize(("number", "brand", "funding"), [
    ("4000058260000005", "visa", "debit"), ("5555558265554449", "mastercard", "credit"), ("3530111333300000", "jcb", "credit"),
])  # fmt: skip
def test_countries_other_numbers(shop: Shop, number: str, brand: str, funding: str):
    """B-6.3: the second numbers of gb and jp."""
    card = shown(shop, payment_method_data=typed(number))
    assert (card.brand, card.funding) == (brand, funding)


@pytest.mark.parametrize("number", DECLINES)
def test_declines(shop: Shop, number: str):
    """B-6.4, B-2.17: by number and by name; the failed charge tells the same; none can be attached."""
    names, code, reason = DECLINES[number]
    methods = [{"payment_method_data": typed(number)}, *({"payment_method": f"pm_card_{name}"} for name in names)]
    for how in methods:
        with declined(code, reason, PARAMS.get(code)) as error:
            shop.intent(confirm=True, **how)
        charge = shop.v1.charges.retrieve(error["charge"])
        assert (charge.status, charge.paid, charge.captured, charge.failure_code) == ("failed", False, False, code)
        assert (charge.failure_message, charge.receipt_url) == (error["message"], None)
    customer = shop.v1.customers.create()
    for name in names:
        with declined(code, reason, PARAMS.get(code)):
            shop.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer.id})
    assert shop.v1.customers.payment_methods.list(customer.id).data == []


def test_a_thief_learns_nothing(shop: Shop):
    """B-2.27: lost, stolen and fraudulent read like a plain decline."""
    said = set()
    for name in ("chargeDeclined", "chargeDeclinedLostCard", "chargeDeclinedStolenCard", "chargeDeclinedFraudulent"):
        with pytest.raises(CardError) as caught:
            shop.pays(card=f"pm_card_{name}")
        said.add(caught.value.user_message)
    assert said == {"Your card was declined."}


def test_a_bad_number(shop: Shop):
    """B-6.4, B-5.61: no payment method of it is made."""
    with declined("incorrect_number", None, "number"):
        shop.v1.payment_methods.create(typed("4242424242424241"))
    with declined("incorrect_number", None, "payment_method_data[card][number]"):
        shop.intent(payment_method_data=typed("4242424242424241"))


@pytest.mark.parametrize("name", KEEPS)
def test_attaches_then_declines(shop: Shop, name: str):
    """B-6.4: a check passes, a payment does not."""
    customer = shop.v1.customers.create()
    method = name
    if name.startswith("tok_"):
        method = shop.v1.payment_methods.create({"type": "card", "card": {"token": name}}).id
    attached = shop.v1.payment_methods.attach(method, {"customer": customer.id})
    with declined("card_declined", KEEPS[name]):
        shop.pays(card=attached.id, customer=customer.id)


def test_always_blocked(shop: Shop):
    """B-6.5, B-5.36: the network is not asked."""
    with declined("card_declined", "fraudulent") as error:
        shop.pays(card="pm_card_radarBlock")
    outcome = shop.v1.charges.retrieve(error["charge"]).outcome
    assert (outcome.type, outcome.network_status, outcome.reason) == ("blocked", "not_sent_to_network", "highest_risk_level")
    assert outcome.risk_level == "highest"


@pytest.mark.parametrize("name", RISKS)
def test_risk_levels(shop: Shop, name: str):
    """B-6.5: they pass, and the charge shows the level."""
    outcome = shop.charge(shop.pays(card=f"pm_card_{name}")).outcome
    assert (outcome.type, outcome.network_status, outcome.risk_level) == ("authorized", "approved_by_network", RISKS[name])


@pytest.mark.parametrize("name", CHECKS)
def test_checks(shop: Shop, name: str):
    """B-6.5: what fails, fails only for what was sent; the charge succeeds."""
    billing = {"address": {"line1": "1 Main Street", "postal_code": "12345"}}
    data = {"type": "card", "card": {"token": f"tok_{name}"}}
    sent = shown(shop, payment_method_data=data | {"billing_details": billing})
    assert sent.checks.to_dict() == PASSED | CHECKS[name]
    bare = shown(shop, payment_method_data=data)
    assert (bare.checks.address_line1_check, bare.checks.address_postal_code_check) == (None, None)


def test_a_code_that_was_not_sent_is_not_checked(shop: Shop):
    """B-6.5: cvcCheckFail without a cvc."""
    data = typed("4000000000000101")
    del data["card"]["cvc"]
    assert shown(shop, payment_method_data=data).checks.cvc_check is None


@pytest.mark.parametrize("name", DISPUTED)
def test_cards_whose_disputes_come_later(shop: Shop, name: str):
    """B-6.6: the payment itself succeeds; disputes come with a later version."""
    assert shop.pays(card=f"pm_card_{name}").status == "succeeded"


@pytest.mark.parametrize("name", ["bypassPending", "bypassPendingInternational"])
def test_straight_to_available(shop: Shop, name: str):
    """B-6.6: `available_on` now."""
    charge = shop.charge(shop.pays(card=f"pm_card_{name}"))
    booked = shop.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (booked.status, booked.available_on) == ("available", booked.created)


def test_a_number_that_is_not_listed(shop: Shop):
    """B-6.1: success, brand by its first digits."""
    assert shown(shop, payment_method_data=typed("4012888888881881")).brand == "visa"
