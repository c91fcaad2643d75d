"""Races on one idempotency key: one executes, the others hear the same (F1, F6)."""

import pytest

from tests.harness import Answer, Shop
from tests.kills.books import Money, agree, fall_quiet
from tests.races.racing import Post, Race

CLIENTS = 32
PAY = {
    "amount": "1000", "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa",
    "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
}  # fmt: skip
IN_USE = (409, "idempotency_key_in_use")


def replayed(answer: Answer) -> bool:
    return answer.headers.get("idempotent-replayed") == "true"


@pytest.mark.shows("F1")
def test_one_key_from_32_clients(shop: Shop, rounds: int):
    """B-1.35, B-1.37: one executes; the others get its bytes, or 409 and should-retry; later all get the same."""
    with Race(shop, CLIENTS) as race:
        for n in range(rounds):
            post = Post("/v1/payment_intents", PAY, f"key{n}")
            answers = race.run([post] * CLIENTS)
            done = [answer for answer in answers if answer.status == 200]
            assert [replayed(answer) for answer in done].count(False) == 1
            assert len({answer.body for answer in done}) == 1
            for answer in answers:
                if answer.status != 200:
                    assert (answer.status, answer.error["code"]) == IN_USE
                    assert answer.headers["stripe-should-retry"] == "true"
            later = shop.raw("POST", post.path, PAY, headers={"Idempotency-Key": post.key})
            assert (later.body, replayed(later)) == (done[0].body, True)
    fall_quiet(shop)
    assert agree(shop) == Money(1000 * rounds, 0)


@pytest.mark.shows("F1", "F6")
def test_one_key_with_two_sets_of_parameters(shop: Shop, rounds: int):
    """B-1.36, B-1.37: whoever came second hears that its parameters are not the key's, or that the key is in use."""
    with Race(shop, 8) as race:
        for n in range(rounds):
            posts = [Post("/v1/payment_intents", PAY | {"amount": f"{1000 + at % 2}"}, f"key{n}") for at in range(8)]
            answers = race.run(posts)
            done = {answer.body for answer in answers if answer.status == 200}
            assert len(done) == 1
            for answer, post in zip(answers, posts, strict=True):
                if answer.status == 200:
                    assert str(answer.json["amount"]) == post.params["amount"]
                elif answer.status == 400:
                    assert (answer.error["type"], answer.error.get("code")) == ("idempotency_error", None)
                else:
                    assert (answer.status, answer.error["code"]) == IN_USE
    fall_quiet(shop)
    agree(shop)
