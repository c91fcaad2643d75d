"""Tax rates."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.merchants import tax_rates
from sluice.merchants.tax_rates import TaxRate

RATES = Listed(TaxRate, {"active": "active", "inclusive": "inclusive"})

TABLE: tuple[Op, ...] = (
    op("GetTaxRates", "tax_rate", RATES, f"{PAGED} active inclusive"),
    op("PostTaxRates", "tax_rate", tax_rates.CREATE, f"{tax_rates.SERVES} inclusive percentage"),
    op("GetTaxRatesTaxRate", "tax_rate", one(TaxRate, "tax_rate", "tax_rate")),
    op("PostTaxRatesTaxRate", "tax_rate", tax_rates.UPDATE, tax_rates.SERVES),
)
