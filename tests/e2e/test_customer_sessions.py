"""Customer sessions: which parts of a page may show a customer what he kept."""

from typing import Any

from tests.harness import Shop, refused


def test_a_session(shop: Shop):
    """What is enabled is answered with its features, the rest is off; for half an hour; the secret is kept as a hash."""
    ann = shop.v1.customers.create().id
    asked: Any = {"payment_element": {"enabled": True, "features": {"payment_method_save": "enabled"}}}
    made = shop.v1.customer_sessions.create({"customer": ann, "components": asked, "expand": ["customer"]})
    assert (made.customer.id, made.expires_at - made.created, made.livemode) == (ann, 1800, False)
    element = made.components.payment_element
    assert (element.enabled, element.features.payment_method_save) == (True, "enabled")
    assert (element.features.payment_method_redisplay, element.features.payment_method_redisplay_limit) == ("disabled", 3)
    assert (made.components.pricing_table.enabled, made.components.customer_sheet.features) == (False, None)
    (row,) = shop.gateway.fetch("select * from customer_sessions where scope = $1", shop.scope)
    assert made.client_secret not in str(dict(row))


def test_what_must_be_given(shop: Shop):
    """A customer who is there, and something for him."""
    asked: Any = {"buy_button": {"enabled": True}}
    with refused(400, "parameter_missing", "customer"):
        shop.v1.customer_sessions.create({"components": asked})
    with refused(400, "resource_missing", "customer"):
        shop.v1.customer_sessions.create({"components": asked, "customer": "cus_nothing"})
    with refused(400, param="components"):
        shop.v1.customer_sessions.create(
            {"components": {"buy_button": {"enabled": False}}, "customer": shop.v1.customers.create().id}
        )
