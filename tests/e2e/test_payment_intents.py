"""PaymentIntents: made, confirmed, changed (B-5.1 to B-5.8, B-5.20 to B-5.23), and what the shop hears of each move."""

import pytest

from tests.harness import Shop, declined, refused

NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}
CARD = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}


def test_a_new_intent_and_its_defaults(shop: Shop):
    """B-5.1: what is there when only amount and currency are given; B-1.6: the form of the client secret."""
    intent = shop.v1.payment_intents.create({"amount": 2000, "currency": "USD"})
    assert intent.status == "requires_payment_method"
    assert (intent.amount, intent.currency, intent.livemode) == (2000, "usd", False)
    assert (intent.amount_capturable, intent.amount_received, intent.latest_charge) == (0, 0, None)
    assert (intent.capture_method, intent.confirmation_method) == ("automatic_async", "automatic")
    assert intent.automatic_payment_methods.to_dict() == {"enabled": True, "allow_redirects": "always"}
    assert intent.payment_method_types == ["card"]
    id, _, random = intent.client_secret.partition("_secret_")
    assert (id, len(random)) == (intent.id, 25)
    assert shop.told() == ["payment_intent.created"]


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_amount_and_currency_are_required(shop: Shop, missing: str):
    """B-5.1, B-1.20."""
    given = {"amount": 2000, "currency": "usd"}
    del given[missing]
    with refused(400, "parameter_missing", missing) as error:
        shop.v1.payment_intents.create(given)
    assert error["message"] == f"Missing required param: {missing}."


def test_a_named_way_leaves_no_automatic_methods(shop: Shop):
    """B-5.1: `automatic_payment_methods` is null once types or the confirmation method are named; B-5.2: not both."""
    assert shop.intent(automatic_payment_methods=None, payment_method_types=["card"]).automatic_payment_methods is None
    assert shop.intent(automatic_payment_methods=None, confirmation_method="automatic").automatic_payment_methods is None
    with refused(400, "parameters_exclusive", "automatic_payment_methods") as error:
        shop.intent(payment_method_types=["card"])
    assert "automatic_payment_methods, payment_method_types" in error["message"]
    with refused(400, "parameters_exclusive", "automatic_payment_methods"):
        shop.intent(confirmation_method="automatic")


def test_with_a_method_it_waits_for_its_confirmation(shop: Shop):
    """B-5.1; B-6.1: `pm_card_X` makes a new payment method."""
    intent = shop.intent(payment_method="pm_card_visa")
    assert intent.status == "requires_confirmation"
    assert intent.payment_method.startswith("pm_")
    assert intent.payment_method != "pm_card_visa"


def test_confirmed_in_the_same_call(shop: Shop):
    """B-5.3, B-5.8, B-5.26: the events in order of creation; B-5.1: automatic_async books in an event of its own."""
    intent = shop.pays(2000)
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 2000, 0)
    assert (intent.next_action, intent.last_payment_error) == (None, None)
    assert shop.charge(intent).balance_transaction is not None
    assert shop.told() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"]


def test_each_event_shows_its_object_as_it_was(shop: Shop):
    """B-5.75, B-5.1: charge.succeeded has no balance transaction yet, charge.updated has it and says what it was."""
    intent = shop.pays(2000)
    created, charged, succeeded, updated = shop.events()
    assert created.data.object["status"] == "requires_confirmation"
    assert charged.data.object["balance_transaction"] is None
    assert succeeded.data.object["status"] == "succeeded"
    assert succeeded.data.object["latest_charge"] == intent.latest_charge
    assert updated.data.object["balance_transaction"] == shop.charge(intent).balance_transaction
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}
    assert all("previous_attributes" not in event.data for event in (created, charged, succeeded))


@pytest.mark.shows("F46")
def test_an_objects_versions_rise_and_events_of_a_call_bear_its_request(shop: Shop):
    """B-5.76: one `created` second and the same request for the events of a call; DESIGN 3: versions only rise."""
    shop.pays(2000)
    events = shop.events()
    assert len({event.created for event in events}) == 1
    assert len({event.request.id for event in events}) == 1
    numbers = [event["sluice"]["number"] for event in events]
    assert numbers == sorted(numbers)
    of_charge = [event["sluice"]["object_version"] for event in events if event.type.startswith("charge.")]
    assert of_charge == sorted(of_charge)


def test_with_automatic_capture_the_books_come_at_once(shop: Shop):
    """B-5.1: only automatic_async tells charge.updated."""
    shop.pays(capture_method="automatic")
    assert shop.told() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


@pytest.mark.parametrize("name", ["off_session", "return_url", "use_stripe_sdk"])
def test_what_is_for_confirming_needs_confirm(shop: Shop, name: str):
    """B-5.3."""
    with refused(400, param=name):
        shop.intent(**{name: "https://shop.example/back" if name == "return_url" else True})


def test_a_validation_fault_creates_nothing(shop: Shop):
    """B-5.3, B-5.77."""
    with refused(400, "parameter_unknown", "amuont"):
        shop.intent(amuont=1)
    assert shop.v1.payment_intents.list().data == []
    assert shop.told() == []


def test_confirm_may_need_a_return_url(shop: Shop):
    """B-5.4: where redirects are allowed; not with the browser's SDK, nor when they are switched off."""
    with refused(400, param="return_url") as error:
        shop.pays(automatic_payment_methods={"enabled": True})
    assert "allow_redirects" in error["message"]
    assert shop.told() == []
    waiting = shop.v1.payment_intents.create({"amount": 2000, "currency": "usd", "payment_method": "pm_card_visa"})
    with refused(400, param="return_url") as error:
        shop.v1.payment_intents.confirm(waiting.id)
    assert error["payment_intent"]["status"] == "requires_confirmation"
    assert shop.v1.payment_intents.confirm(waiting.id, {"return_url": "https://shop.example/back"}).status == "succeeded"
    assert shop.pays(automatic_payment_methods={"enabled": True}, use_stripe_sdk=True).status == "succeeded"


def test_which_method_is_used(shop: Shop):
    """B-5.5: the call's, else the intent's, else the customer's default; none is refused with the intent inside."""
    named = shop.intent(payment_method="pm_card_visa")
    assert shop.charge(shop.v1.payment_intents.confirm(named.id)).payment_method_details.card.brand == "visa"
    other = shop.intent(payment_method="pm_card_visa")
    paid = shop.v1.payment_intents.confirm(other.id, {"payment_method": "pm_card_mastercard"})
    assert shop.charge(paid).payment_method_details.card.brand == "mastercard"
    customer = shop.v1.customers.create()
    method = shop.v1.payment_methods.attach("pm_card_amex", {"customer": customer.id})
    shop.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    default = shop.v1.payment_intents.confirm(shop.intent(customer=customer.id).id)
    assert (default.status, default.payment_method) == ("succeeded", method.id)
    for bare in (shop.intent(), shop.intent(customer=shop.v1.customers.create().id)):
        with refused(400, "payment_intent_unexpected_state") as error:
            shop.v1.payment_intents.confirm(bare.id)
        assert error["payment_intent"]["id"] == bare.id


def test_a_card_comes_along_with_its_confirmation(shop: Shop):
    """B-5.5: payment_method_data, at create and at confirm; not beside payment_method (B-1.22)."""
    assert shop.pays(card=None, payment_method_data=CARD).status == "succeeded"
    paid = shop.v1.payment_intents.confirm(shop.intent().id, {"payment_method_data": CARD})
    assert shop.charge(paid).payment_method_details.card.checks.cvc_check == "pass"
    with refused(400, "parameters_exclusive", "payment_method"):
        shop.pays(payment_method_data=CARD)


def test_the_method_of_a_customer_is_his(shop: Shop):
    """B-5.6: not without him, not for another one; the refused intent is untouched."""
    owner, other = shop.v1.customers.create(), shop.v1.customers.create()
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})
    without, wrong = shop.intent(), shop.intent(customer=other.id)
    with refused(400, "parameter_missing", "source") as error:
        shop.v1.payment_intents.confirm(without.id, {"payment_method": method.id})
    assert error["payment_intent"]["id"] == without.id
    with refused(400, param="payment_method") as error:
        shop.v1.payment_intents.confirm(wrong.id, {"payment_method": method.id})
    assert error["payment_intent"]["id"] == wrong.id
    for intent in (without, wrong):
        assert shop.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()
    right = shop.intent(customer=owner.id)
    assert shop.v1.payment_intents.confirm(right.id, {"payment_method": method.id}).status == "succeeded"


def test_where_a_confirm_is_legal(shop: Shop):
    """B-5.7: in three states; the error carries the whole intent (B-2.16)."""
    paid, held, gone = shop.pays(), shop.holds(), shop.v1.payment_intents.cancel(shop.intent().id)
    for intent, says in (
        (paid, "already succeeded"),
        (held, "requires_payment_method, requires_confirmation"),
        (gone, "canceled"),
    ):
        with refused(400, "payment_intent_unexpected_state") as error:
            shop.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert says in error["message"]
        assert error["payment_intent"] == intent.to_dict()


def test_a_decline(shop: Shop):
    """B-5.8, B-2.16, B-2.17, B-5.23: 402 with intent, method and charge; the intent asks for another method."""
    intent = shop.intent(payment_method="pm_card_chargeDeclinedInsufficientFunds")
    with declined("card_declined", "insufficient_funds") as error:
        shop.v1.payment_intents.confirm(intent.id)
    after = shop.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.payment_method, after.latest_charge) == ("requires_payment_method", None, error["charge"])
    assert error["payment_intent"] == after.to_dict()
    assert error["payment_method"]["id"] == intent.payment_method
    last = after.last_payment_error.to_dict()
    assert last["payment_method_type"] == "card"
    assert last["payment_method"] == error["payment_method"]
    assert "payment_intent" not in last
    assert {key: last[key] for key in ("charge", "code", "decline_code", "message", "type")} == {
        key: error[key] for key in ("charge", "code", "decline_code", "message", "type")
    }
    assert shop.told() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    failed = shop.events()[-1]
    assert failed.data.object["last_payment_error"]["decline_code"] == "insufficient_funds"


def test_a_declined_create_leaves_the_intent(shop: Shop):
    """B-5.3: it exists, and its event is told."""
    with declined() as error:
        shop.pays(card="pm_card_chargeDeclined")
    assert shop.v1.payment_intents.retrieve(error["payment_intent"]["id"]).status == "requires_payment_method"
    assert shop.told() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_after_a_decline_another_card_may_pay(shop: Shop):
    """B-5.22: each attempt has its charge, the last one is shown; B-5.8: success clears the error."""
    with declined() as error:
        shop.pays(card="pm_card_chargeDeclined")
    id = error["payment_intent"]["id"]
    paid = shop.v1.payment_intents.confirm(id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    charges = shop.v1.charges.list({"payment_intent": id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert paid.latest_charge == charges[0].id


def test_a_method_without_customer_is_used_once(shop: Shop):
    """B-5.13: a charge consumes it; a decline gives it back."""
    method = shop.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert shop.pays(card=method.id).status == "succeeded"
    with refused(400, param="payment_method") as error:
        shop.pays(card=method.id)
    assert "attach" in error["message"]
    poor = shop.v1.payment_methods.create({"type": "card", "card": {"token": "tok_chargeDeclined"}})
    for _ in range(2):
        with declined():
            shop.pays(card=poor.id)


def test_an_update_tells_nothing_and_clears_the_error(shop: Shop):
    """B-5.20."""
    with declined() as error:
        shop.pays(card="pm_card_chargeDeclined")
    before = shop.told()
    after = shop.v1.payment_intents.update(error["payment_intent"]["id"], {"description": "Second try"})
    assert (after.description, after.last_payment_error) == ("Second try", None)
    assert shop.told() == before


def test_amount_and_method_change_while_it_is_open(shop: Shop):
    """B-5.20: a method moves it to requires_confirmation; after success the amount is refused with the intent."""
    intent = shop.v1.payment_intents.update(
        shop.intent().id, {"amount": 3000, "currency": "eur", "payment_method": "pm_card_visa"}
    )
    assert (intent.status, intent.amount, intent.currency) == ("requires_confirmation", 3000, "eur")
    paid = shop.v1.payment_intents.confirm(intent.id)
    for change in ({"amount": 4000}, {"currency": "usd"}):
        with refused(400, "payment_intent_unexpected_state", "amount") as error:
            shop.v1.payment_intents.update(paid.id, change)
        assert error["payment_intent"] == paid.to_dict()
    with refused(400, "payment_intent_unexpected_state", "payment_method"):
        shop.v1.payment_intents.update(paid.id, {"payment_method": "pm_card_visa"})
    kept = shop.v1.payment_intents.update(paid.id, {"metadata": {"order": "7"}, "description": "late", "transfer_group": "g"})
    assert (kept.metadata.to_dict(), kept.description, kept.transfer_group) == ({"order": "7"}, "late", "g")


def test_a_challenge_falls_back_when_the_amount_changes(shop: Shop):
    """B-5.20: requires_action goes back, and its challenge is over."""
    waiting = shop.pays(card="pm_card_authenticationRequired")
    assert waiting.status == "requires_action"
    changed = shop.v1.payment_intents.update(waiting.id, {"amount": 2500})
    assert (changed.status, changed.next_action) == ("requires_confirmation", None)
    assert shop.answers(waiting).status == 410


def test_the_customer_is_set_once(shop: Shop):
    """B-5.21; B-2.6: one that is not there."""
    first, second = shop.v1.customers.create(), shop.v1.customers.create()
    intent = shop.v1.payment_intents.update(shop.intent().id, {"customer": first.id})
    assert intent.customer == first.id
    with refused(400, param="customer"):
        shop.v1.payment_intents.update(intent.id, {"customer": second.id})
    with refused(400, "resource_missing", "customer"):
        shop.intent(customer="cus_nobody")


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (0, "usd", "parameter_invalid_integer"), (-5, "usd", "parameter_invalid_integer"), (49, "usd", "amount_too_small"),
        (29, "gbp", "amount_too_small"), (100_000_000, "usd", "amount_too_large"), (1234, "isk", None), (1235, "kwd", None),
    ],
)  # fmt: skip
@pytest.mark.shows("S15")
def test_sums_that_are_refused(shop: Shop, amount: int, currency: str, code: str | None):
    """B-2.18 to B-2.21."""
    with refused(400, code, "amount"):
        shop.intent(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency"), [(50, "usd"), (99_999_999, "usd"), (50, "jpy"), (1230, "kwd"), (1200, "isk"), (1, "all")]
)
def test_sums_that_are_taken(shop: Shop, amount: int, currency: str):
    """B-2.19 to B-2.22."""
    assert shop.pays(amount, currency).amount_received == amount


def test_an_unknown_currency(shop: Shop):
    """B-2.22."""
    with refused(400, param="currency") as error:
        shop.intent(currency="xxd")
    assert error["message"].startswith("Invalid currency: xxd.")
    assert error["message"].partition(".")[2].find("usd") < error["message"].partition(".")[2].find("aed")


def test_a_missing_intent(shop: Shop):
    """B-2.7, B-2.14."""
    for do in (shop.v1.payment_intents.retrieve, shop.v1.payment_intents.confirm, shop.v1.payment_intents.cancel):
        with refused(404, "resource_missing", "intent") as error:
            do("pi_nothing")
        assert error["message"] == "No such payment_intent: 'pi_nothing'"


@pytest.mark.shows("S11")
def test_the_browser_needs_the_secret_and_sees_little(shop: Shop):
    """B-1.5 to B-1.7."""
    intent = shop.intent(metadata={"cost": "9"}, customer=shop.v1.customers.create().id)
    with refused(400, "parameter_missing", "client_secret"):
        shop.browser.payment_intents.retrieve(intent.id)
    with refused(400, "payment_intent_invalid_parameter", "client_secret"):
        shop.browser.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret[:-1] + "."})
    seen = shop.browser.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret})
    assert not {"customer", "metadata", "latest_charge"} & set(seen.to_dict())
    given = {"client_secret": intent.client_secret, "payment_method_data": CARD}
    assert shop.browser.payment_intents.confirm(intent.id, given).status == "succeeded"
    with refused(401, "secret_key_required"):
        shop.browser.payment_intents.update(intent.id, {"amount": 1})


def test_live_money_has_no_rail_yet(shop: Shop):
    """B-6.1: test cards are names in test mode only; a live payment is refused before anybody is asked."""
    intent = shop.live.payment_intents.create({"amount": 2000, "currency": "usd"})
    assert intent.livemode
    with refused(400, "resource_missing", "payment_method"):
        shop.live.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    with refused(400, "payment_method_not_available"):
        shop.live.payment_intents.confirm(intent.id, {"payment_method_data": CARD, "return_url": "https://shop.example/"})
