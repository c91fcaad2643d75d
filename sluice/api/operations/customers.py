"""Customers."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.customers import customers
from sluice.customers.customers import Customer
from sluice.payments import card_sources

CUSTOMERS = Listed(Customer, {"email": "email"}, "not t.deleted")

TABLE: tuple[Op, ...] = (
    op("GetCustomers", "customer", CUSTOMERS, f"{PAGED} email"),
    op("PostCustomers", "customer", card_sources.CREATE_CUSTOMER, f"{customers.SERVES} payment_method source"),
    op("GetCustomersCustomer", "customer", one(Customer, "id", "customer")),
    op("PostCustomersCustomer", "customer", card_sources.UPDATE_CUSTOMER, f"{customers.SERVES} default_source source"),
    op("DeleteCustomersCustomer", "customer", customers.DELETE),
)  # fmt: skip
