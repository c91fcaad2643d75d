"""Shipping rates."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.merchants import shipping_rates
from sluice.merchants.shipping_rates import ShippingRate

RATES = Listed(ShippingRate, {"active": "active", "currency": "currency"})
MADE_WITH = "delivery_estimate display_name fixed_amount metadata tax_behavior tax_code type"

TABLE: tuple[Op, ...] = (
    op("GetShippingRates", "shipping_rate", RATES, f"{PAGED} active currency"),
    op("PostShippingRates", "shipping_rate", shipping_rates.CREATE, MADE_WITH),
    op("GetShippingRatesShippingRateToken", "shipping_rate", one(ShippingRate, "shipping_rate_token", "shipping_rate_token")),
    op("PostShippingRatesShippingRateToken", "shipping_rate", shipping_rates.UPDATE,
       "active fixed_amount metadata tax_behavior"),
)  # fmt: skip
