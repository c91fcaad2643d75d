"""(e) Posting, and the balance, with few entries in the books and with five million."""

import time
from typing import Any

from bench import store
from bench.figures import Figure, Sample, percentile
from bench.ground import Ground
from bench.patterns import Pattern, pattern
from bench.sizes import ENTRIES, FEW, Sized, sized
from sluice.books.ledger import balances, post
from sluice.books.sequencer import sequence
from sluice.core.ids import new_id
from sluice.core.money import Money
from sluice.store.facts import Fact

CLIENTS, TIMES = 32, 200
TAIL = 250  # money facts, of four entries each


def measure(ground: Ground, rounds: int, seconds: float, say: Any) -> list[Figure]:
    posted = Figure("e", f"posting, {ENTRIES:,} entries beside {FEW:,}", goal=0.9)
    read = Figure("e", f"balance, {ENTRIES:,} entries, {TAIL * 4:,} not rolled up", "ms", most=1.0)
    rolled = Figure("e", "facts sequenced, one worker")
    with sized(ground, say, intents=False) as (few, many):
        for turn in range(rounds):
            say(f"round {turn + 1} of {rounds}: books")
            for of, samples in ((few, posted.theirs), (many, posted.ours)):
                samples.append(ground.run(store.run(of.database, [sale(of)], CLIENTS, seconds / 2)))
                rolled.ours.append(ground.run(rolled_up(of)))
            read.ours.append(ground.run(balance(many)))
            ground.run(rolled_up(many))
    return [posted, read, rolled]


def sale(of: Sized) -> Pattern:
    """A money fact's postings alone: gross and fee, four entries."""
    lines = post(("rail", "available", Money(2_000, "usd")), ("available", "fees", Money(88, "usd")))
    return pattern([Fact("post", of.scope, new_id("txn_"), lines=lines)])


async def rolled_up(of: Sized) -> Sample:
    began, facts = time.perf_counter(), 0
    while taken := await sequence(of.database, of.scope, False):
        facts += taken
    return Sample(facts / (time.perf_counter() - began))


async def balance(of: Sized) -> Sample:
    """With a tail in the outbox, equal to the sum that it must be."""
    one = sale(of)
    for _ in range(TAIL):
        await store.pay(of.database, one)
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        sums = await balances(of.database, of.scope)
        spent.append((time.perf_counter() - began) * 1_000)
        assert sum(sums.values()) == 0, "the books do not balance"
    return Sample(percentile(spent, 50), percentile(spent, 50), percentile(spent, 99))
