"""Payment methods, by their own paths and under their customer."""

from msgspec.structs import replace

from sluice.api.operations.op import Op, op
from sluice.api.reads import Body, Listed, one
from sluice.core.errors import Refused, missing
from sluice.customers import payment_methods
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import attaching
from sluice.payments.desk import Desk
from sluice.rules.calls import Call


async def customers_method(desk: Desk, call: Call) -> Body:
    """B-5.65: a method of somebody else is 404, no code, param `customer`."""
    await customer_in(desk, call)
    method = await desk.database.one(PaymentMethod, call.scope, call.ids["payment_method"])
    if method is None or method.customer != call.ids["customer"]:
        message = f"No such PaymentMethod: '{call.ids['payment_method']}' on this customer"
        raise Refused(message, status=404, param="customer")
    return method.wire(call.livemode)


async def customer_in(desk: Desk, call: Call) -> None:
    customer = await desk.database.one(Customer, call.scope, call.ids["customer"])
    if customer is None or customer.deleted:
        raise missing("customer", call.ids["customer"], "customer", status=404)


DISPLAYED = {"allow_redisplay": "doc ->> 'allow_redisplay'"}
METHODS = Listed(PaymentMethod, DISPLAYED | {"customer": "customer"}, "t.state = 'attached'", exist=("customer",))
OF_CUSTOMER = Listed(PaymentMethod, DISPLAYED, "t.state = 'attached'", {"customer": "customer"})
NO_METHODS = replace(METHODS, fixed="false")


def other_type(call: Call) -> bool:
    """Methods that are no cards are not there; a display preference of another kind neither."""
    return bool(call.params.get("type", "card") != "card")


async def list_methods(desk: Desk, call: Call) -> Body:
    """B-3.9: without a customer the list of attached methods is empty."""
    wanted = not other_type(call) and call.params.get("customer")
    return await (METHODS if wanted else NO_METHODS)(desk, call)


async def list_customers_methods(desk: Desk, call: Call) -> Body:
    await customer_in(desk, call)
    return await (NO_METHODS if other_type(call) else OF_CUSTOMER)(desk, call)


TABLE: tuple[Op, ...] = (
    op("GetPaymentMethods", "payment_method", list_methods,
       "allow_redisplay customer limit starting_after ending_before type"),
    op("PostPaymentMethods", "payment_method", payment_methods.CREATE, "type card billing_details metadata allow_redisplay"),
    op("GetPaymentMethodsPaymentMethod", "payment_method",
       one(PaymentMethod, "payment_method", "payment_method", payment_methods.reached)),
    op("PostPaymentMethodsPaymentMethod", "payment_method", payment_methods.UPDATE,
       "allow_redisplay billing_details card metadata"),
    op("PostPaymentMethodsPaymentMethodAttach", "payment_method", attaching.ATTACH, "customer"),
    op("PostPaymentMethodsPaymentMethodDetach", "payment_method", attaching.DETACH),
    op("GetCustomersCustomerPaymentMethods", "payment_method", list_customers_methods,
       "allow_redisplay limit starting_after ending_before type"),
    op("GetCustomersCustomerPaymentMethodsPaymentMethod", "payment_method", customers_method),
)  # fmt: skip
