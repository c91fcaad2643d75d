"""Against guessing and card testing (S14): what is counted, against whom, and what the caller is told.

Off in test mode unless SLUICE_LIMITS says otherwise, so that no developer and no test suite meets it (B-1.44). A refusal comes
before any statement. A server's own address is never counted for what its buyers do: only calls with a publishable key come
from a buyer. Counted in each API process.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from math import ceil

from sluice.api.rates import Meter
from sluice.core import limits
from sluice.core.errors import Refused, TooMany
from sluice.core.networks import neighbourhood
from sluice.core.secrets import Secret
from sluice.core.settings import Limits
from sluice.merchants.permissions import Identity

CALLS = "Too many requests: {who} may make {most:g} a second. Slow down, and try again."
GUESSED = {
    "key": "Too many unknown API keys have come from this address. Check the key that you send; the next one is looked at in"
    " {wait} seconds. Keys that have worked here before still do.",
    "secret": "Too many wrong client secrets have come from this address. Use the client_secret of the PaymentIntent that your"
    " server made, and try again in {wait} seconds.",
}
WRONG = ("payment_intent_invalid_parameter", "resource_missing")
DECLINES = (
    "Too many payments from this address were declined, so the bank was not asked. Try again in {wait} seconds, or confirm the"
    " PaymentIntent from your server."
)
EVERYWHERE = (
    "Too many payments with this publishable key were declined, so the bank was not asked: somebody may be testing stolen"
    " cards. Try again in {wait} seconds, or confirm the PaymentIntent from your server."
)
BUSY = "Too many payments are being tried from here at this moment, so the bank was not asked. Try again in a second."

PAYS = ("PostPaymentIntentsIntentConfirm",)  # of what a publishable key may call (B-1.5), served


class Tried:
    """What became of a payment that a browser tried."""

    declined = False


class Guard:
    """`holds` in live mode, in both, or nowhere; how much it lets pass, the settings say."""

    def __init__(self, given: Limits) -> None:
        self.where, self.declined = given.where, given.declines
        self.calls = Meter(given.rate, 1.0)
        self.guesses = Meter(given.guesses, limits.LIMIT_SECONDS)
        self.declines = Meter(given.declines, limits.LIMIT_SECONDS)
        self.testing = Meter(given.declines * limits.TESTERS, limits.LIMIT_SECONDS)
        self.trying: Counter[Hashable] = Counter()  # places held by what no bank has answered yet

    def holds(self, livemode: bool) -> bool:
        return self.where == "always" or (self.where == "live" and livemode)

    def call(self, identity: Identity, peer: str, now: float) -> None:
        """B-1.44: an account's calls; those with its publishable key, which everybody has, by their address instead."""
        if not self.holds(identity.livemode):
            return
        who = (identity.key, neighbourhood(peer)) if identity.kind == "pk" else identity.scope
        if wait := self.calls.wait(who, now):
            name = "an address" if identity.kind == "pk" else "this account"
            raise TooMany(CALLS.format(who=name, most=self.calls.most), wait, "global-rate")
        self.calls.add(who, now)

    def of_a_card(self, livemode: bool) -> int:
        """How often one card may be declined; counted in the database, since a card has no address (0: no limit)."""
        return self.declined if self.holds(livemode) else 0

    @contextmanager
    def key(self, text: Secret | None, worked: bool, peer: str, now: float) -> Iterator[None]:
        """Around looking a key up. `worked`: it was good before, so nobody who shares its address can lock it out."""
        livemode = text is not None and "_test_" not in text[:8]
        with self.guess("key", peer, now) if text and not worked and self.holds(livemode) else nullcontext():
            yield

    @contextmanager
    def secret(self, identity: Identity, peer: str, now: float) -> Iterator[None]:
        """Around a browser's call: it names an intent, and shows by its secret that it may (B-1.6)."""
        with self.guess("secret", peer, now) if identity.kind == "pk" and self.holds(identity.livemode) else nullcontext():
            yield

    @contextmanager
    def guess(self, what: str, peer: str, now: float) -> Iterator[None]:
        """What is wrong counts against the address that it came from."""
        who = what, neighbourhood(peer)
        refuse(GUESSED[what], self.guesses.wait(who, now))
        try:
            yield
        except Refused as refusal:
            if refusal.status == 401 or refusal.code in WRONG:
                self.guesses.add(who, now)
            raise

    @contextmanager
    def payment(self, identity: Identity, operation: str, peer: str, now: float) -> Iterator[Tried]:
        """Around a browser's confirmation. Its places are held meanwhile, so that cards tried at once count too."""
        tried = Tried()
        if identity.kind != "pk" or operation not in PAYS or not self.holds(identity.livemode):
            yield tried
            return
        here, everywhere = (identity.scope, neighbourhood(peer)), identity.key
        self.room(DECLINES, self.declines, here, now)
        self.room(EVERYWHERE, self.testing, everywhere, now)
        self.declines.add(here, now)
        self.testing.add(everywhere, now)
        self.trying.update((here, everywhere))
        try:
            yield tried
        finally:
            for who in (here, everywhere):
                self.trying[who] -= 1
                if not self.trying[who]:
                    del self.trying[who]
            if not tried.declined:
                self.declines.add(here, now, -1)
                self.testing.add(everywhere, now, -1)

    def room(self, message: str, meter: Meter, who: Hashable, now: float) -> None:
        """Refuses for what was declined; buyers who share an address and only pay at once are not told that they were."""
        wait = meter.wait(who, now)
        declined = meter.level(who, now) - self.trying[who]
        refuse(*((BUSY, 1.0) if wait and declined + 1 <= meter.most else (message, wait)))


def refuse(message: str, wait: float) -> None:
    if wait:
        raise TooMany(message.format(wait=ceil(wait)), wait)
