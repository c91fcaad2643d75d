"""A merchant of a test's own: both scopes, its keys, and clients that use them. So tests meet each other nowhere."""

from functools import cached_property
from typing import Any

from stripe import Charge, Event, PaymentIntent, StripeClient
from stripe._v1_services import V1Services

from sluice.core.clock import clock
from sluice.merchants import accounts, keys
from sluice.store.facts import Fact
from tests.harness.processes import Gateway, until
from tests.harness.wire import Answer, Checked, Raw

OUTBOX = "select count(*) waiting from outbox where scope = $1"
ANY = {"enabled": True, "allow_redirects": "never"}


class Shop:
    """`v1`: the official SDK with the test secret key; `browser`: with the publishable one; `live`; `raw`: by hand."""

    def __init__(self, gateway: Gateway, country: str = "US", currency: str = "usd") -> None:
        self.gateway = gateway
        self.account = gateway.run(accounts.add(gateway.database, "A test's shop", country, currency))
        self.scope = gateway.run(accounts.scope_of(gateway.database, self.account, livemode=False))
        self.live_scope = gateway.run(accounts.scope_of(gateway.database, self.account, livemode=True))
        self.transport = Checked()

    def key(self, kind: keys.Kind = "sk", livemode: bool = False, **how: Any) -> str:
        """A fresh key of that kind, in clear."""
        text, row = keys.make(kind, livemode, clock.seconds(), **how)
        scope = self.live_scope if livemode else self.scope
        assert self.gateway.run(self.gateway.database.write(Fact("key.create", scope, row.id, new=(row,))))
        return str(text)

    @cached_property
    def secret(self) -> str:
        return self.key()

    @cached_property
    def publishable(self) -> str:
        return self.key("pk")

    @cached_property
    def v1(self) -> V1Services:
        return self.client(self.secret).v1

    @cached_property
    def browser(self) -> V1Services:
        return self.client(self.publishable).v1

    @cached_property
    def live(self) -> V1Services:
        return self.client(self.key(livemode=True)).v1

    @cached_property
    def raw(self) -> Raw:
        return Raw(self.gateway.url, self.secret)

    def client(self, key: str) -> StripeClient:
        return StripeClient(
            key, base_addresses={"api": self.gateway.url}, http_client=self.transport, max_network_retries=0
        )  # fmt: skip

    def intent(self, amount: int = 2000, currency: str = "usd", **params: Any) -> PaymentIntent:
        """A PaymentIntent that takes cards and needs no return_url."""
        given: Any = {"amount": amount, "currency": currency, "automatic_payment_methods": ANY} | params
        for name in [name for name, value in given.items() if value is None]:
            del given[name]
        return self.v1.payment_intents.create(given)

    def pays(
        self, amount: int = 2000, currency: str = "usd", card: str | None = "pm_card_visa", **params: Any
    ) -> PaymentIntent:
        """Created and confirmed at once."""
        return self.intent(amount, currency, payment_method=card, confirm=True, **params)

    def holds(self, amount: int = 2000, currency: str = "usd", **params: Any) -> PaymentIntent:
        return self.pays(amount, currency, capture_method="manual", **params)

    def charge(self, intent: PaymentIntent) -> Charge:
        assert isinstance(intent.latest_charge, str)
        return self.v1.charges.retrieve(intent.latest_charge)

    def answers(self, intent: PaymentIntent, outcome: str = "complete") -> Answer:
        """The buyer at the challenge page: complete or fail (B-6.9)."""
        action: Any = intent.next_action
        url = action.redirect_to_url.url if action.type == "redirect_to_url" else action.use_stripe_sdk["stripe_js"]
        return Raw("", "")("POST", url, {"outcome": outcome})

    def quiet(self) -> None:
        """Until every fact of this shop has its events numbered."""
        until(lambda: not self.gateway.fetch(OUTBOX, self.scope)[0]["waiting"], self.gateway)

    def events(self, **params: Any) -> list[Event]:
        """All of them, oldest first."""
        self.quiet()
        asked: Any = {"limit": 100, **params}
        listed = self.v1.events.list(asked)
        return list(listed.auto_paging_iter())[::-1]

    def told(self, **params: Any) -> list[str]:
        """Only their types."""
        return [event.type for event in self.events(**params)]
