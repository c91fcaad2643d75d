"""Sources, on their own, and under their customer as the old API's cards (B-5.69)."""

from msgspec.structs import replace

from sluice.api.operations.op import Op, op
from sluice.api.operations.payment_methods import customer_in
from sluice.api.reads import Body, Listed, one
from sluice.customers import sources
from sluice.customers.sources import Source
from sluice.payments import card_sources
from sluice.payments.desk import Desk
from sluice.rules.calls import Call
from sluice.store.reads import Rows

ATTACHED = "t.state = 'attached' and "
CARDS = f"{ATTACHED} starts_with(t.id, 'card_')"
OBJECTS = {None: f"{ATTACHED} (starts_with(t.id, 'card_') or starts_with(t.id, 'src_'))", "card": CARDS}
OBJECTS["source"] = f"{ATTACHED} starts_with(t.id, 'src_')"
OF_CUSTOMER = Listed(Source, {}, OBJECTS[None], {"customer": "customer"})


async def customers_sources(desk: Desk, call: Call) -> Body:
    """`object`: a kind of source; what is neither a card nor a source we have none of."""
    await customer_in(desk, call)
    return await replace(OF_CUSTOMER, fixed=OBJECTS.get(call.params.get("object"), "false"))(desk, call)


async def customers_cards(desk: Desk, call: Call) -> Body:
    await customer_in(desk, call)
    return await replace(OF_CUSTOMER, fixed=CARDS)(desk, call)


async def customers_source(desk: Desk, call: Call) -> Body:
    await customer_in(desk, call)
    source = await desk.database.one(Source, call.scope, call.ids["id"])
    return sources.of_customer(call, Rows(source=source)).wire(call.livemode)


LIST = "limit starting_after ending_before"
GIVEN = "card metadata source"
PRINTED = "address_city address_country address_line1 address_line2 address_state address_zip exp_month exp_year metadata name"

TABLE: tuple[Op, ...] = (
    op("Source.create", "source", sources.CREATE,
       "card metadata owner statement_descriptor token type usage"),
    op("Source.retrieve", "source", one(Source, "id", "id", sources.matching), "client_secret"),
    op("Source.update", "source", sources.UPDATE, "metadata owner"),
    op("GetCustomersCustomerSources", "source", customers_sources, f"{LIST} object"),
    op("PostCustomersCustomerSources", "source", card_sources.CREATE, GIVEN),
    op("GetCustomersCustomerSourcesId", "source", customers_source),
    op("PostCustomersCustomerSourcesId", "source", sources.UPDATE_CARD, PRINTED),
    op("DeleteCustomersCustomerSourcesId", "source", card_sources.DELETE),
    op("GetCustomersCustomerCards", "source", customers_cards, LIST),
    op("PostCustomersCustomerCards", "source", card_sources.CREATE, GIVEN),
    op("GetCustomersCustomerCardsId", "source", customers_source),
    op("PostCustomersCustomerCardsId", "source", sources.UPDATE_CARD, PRINTED),
    op("DeleteCustomersCustomerCardsId", "source", card_sources.DELETE),
)  # fmt: skip
