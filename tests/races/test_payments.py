"""Races on one payment: exactly one wins, the loser hears the state it lost to, or 429 (F9, F23, F24)."""

import pytest

from tests.harness import Answer, Shop
from tests.kills.books import Money, agree, fall_quiet
from tests.races.racing import Post, Race

STATE, BUSY = (400, "payment_intent_unexpected_state"), (429, "lock_timeout")


def said(answer: Answer) -> tuple[int, str | None]:
    return answer.status, None if answer.status == 200 else answer.error.get("code")


def one_wins(answers: list[Answer]) -> Answer:
    """The winner; of the others each was refused by the state it lost to, or told to try again (B-1.45)."""
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1, [said(answer) for answer in answers]
    assert {said(answer) for answer in answers if answer.status != 200} <= {STATE, BUSY}
    return won[0]


@pytest.mark.shows("F5", "F9", "F23")
def test_captured_twice_at_once(shop: Shop, rounds: int):
    """B-5.14: partial against whole."""
    with Race(shop, 2) as race:
        for _ in range(rounds):
            path = f"/v1/payment_intents/{shop.holds(1000).id}/capture"
            won = one_wins(race.run([Post(path, {"amount_to_capture": "600"}), Post(path)]))
            assert won.json["amount_received"] in (600, 1000)
    fall_quiet(shop)
    agree(shop)


@pytest.mark.shows("F9", "F23")
def test_capture_against_cancel(shop: Shop, rounds: int):
    """B-5.14, B-5.18: the money is taken, or the hold is released, never both."""
    with Race(shop, 2) as race:
        for _ in range(rounds):
            path = f"/v1/payment_intents/{shop.holds(1000).id}"
            won = one_wins(race.run([Post(f"{path}/capture"), Post(f"{path}/cancel")]))
            assert won.json["status"] in ("succeeded", "canceled")
    fall_quiet(shop)
    assert agree(shop).held == 0


@pytest.mark.shows("F5", "F9")
def test_confirmed_eight_times_at_once(shop: Shop, rounds: int):
    """B-5.7: one payment, whatever the keys."""
    with Race(shop, 8) as race:
        for _ in range(rounds):
            path = f"/v1/payment_intents/{shop.intent(1000).id}/confirm"
            assert one_wins(race.run([Post(path, {"payment_method": "pm_card_visa"})] * 8)).json["status"] == "succeeded"
    fall_quiet(shop)
    assert agree(shop) == Money(1000 * rounds, 0)


@pytest.mark.shows("F9")
def test_confirm_against_a_change_of_the_amount(shop: Shop, rounds: int):
    """B-5.20: amounts freeze at open; what is paid is what the intent says."""
    with Race(shop, 2) as race:
        for _ in range(rounds):
            intent = shop.intent(1000, payment_method="pm_card_visa")
            path = f"/v1/payment_intents/{intent.id}"
            confirmed, changed = race.run([Post(f"{path}/confirm"), Post(path, {"amount": "1500"})])
            assert said(confirmed) == (200, None)
            assert said(changed) in ((200, None), STATE, BUSY)
            after = shop.v1.payment_intents.retrieve(intent.id)
            assert after.amount == after.amount_received == (1500 if changed.status == 200 else 1000)
    fall_quiet(shop)
    agree(shop)


@pytest.mark.shows("F9")
def test_confirm_against_cancel(shop: Shop, rounds: int):
    """B-5.7, B-5.18."""
    with Race(shop, 2) as race:
        for _ in range(rounds):
            intent = shop.intent(1000, payment_method="pm_card_visa")
            path = f"/v1/payment_intents/{intent.id}"
            answers = race.run([Post(f"{path}/confirm"), Post(f"{path}/cancel")])
            assert one_wins(answers).json["status"] == shop.v1.payment_intents.retrieve(intent.id).status
    fall_quiet(shop)
    agree(shop)


@pytest.mark.shows("F24")
def test_eight_refunds_of_60_on_100(shop: Shop, rounds: int):
    """B-5.41: the amount is reserved in the statement that tests it: never above 100, always one."""
    with Race(shop, 8) as race:
        for _ in range(rounds):
            paid = shop.pays(100)
            answers = race.run([Post("/v1/refunds", {"payment_intent": paid.id, "amount": "60"})] * 8)
            assert [said(answer)[0] for answer in answers].count(200) == 1
            lost = {
                (answer.status, answer.error.get("code"), answer.error.get("param"))
                for answer in answers
                if answer.status != 200
            }
            assert lost <= {(400, None, "amount"), (*BUSY, None)}
    fall_quiet(shop)
    assert agree(shop) == Money(40 * rounds, 0)


@pytest.mark.shows("F23")
def test_refunds_of_a_part_each_hold_together(shop: Shop, rounds: int):
    """Several refunds may be on their way at once: those that fit are made."""
    with Race(shop, 4) as race:
        for _ in range(rounds):
            paid = shop.pays(1000)
            answers = race.run([Post("/v1/refunds", {"payment_intent": paid.id, "amount": "250"})] * 4)
            assert {said(answer) for answer in answers} <= {(200, None), BUSY}
    fall_quiet(shop)
    agree(shop)
