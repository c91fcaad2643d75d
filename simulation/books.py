"""The four books, compared to the minor unit when all is quiet: the bank's, our ledger, what the shop was told by answers, and
by webhooks. Beside them: nothing is stuck, nothing was told that is not so, no discrepancy without a reason.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from asyncpg import LockNotAvailableError

from simulation.bank import Entry
from simulation.pool import FATES
from simulation.shop import final
from simulation.stage import Stage
from sluice.books.verify.proof import prove
from sluice.payments.proofs import EVERY
from sluice.store.commits import LOST

INSTRUCTIONS = "select id, verb, reference, subject, state, call ->> 'charge' charge from instructions where scope = $1"
LEDGER = """select coalesce(r.charge, b.source) charge, sum(b.amount)::bigint net from balance_transactions b
    left join refunds r on r.scope = $1 and r.id = b.source where b.scope = $1 group by 1"""
POSTED = """select coalesce(sum(case when debit = 'rail' then amount else -amount end), 0)::bigint from postings
    where scope = $1 and 'rail' in (debit, credit)"""
EVENTS = "select id, object from events where scope = $1"
DISCREPANCIES = "select kind, about from discrepancies where scope = any($1)"
# What a refund is, by what the bank says of it.
REFUND = {"approved": "succeeded", "returned": "failed", "declined": "failed", "reversed": "failed", "canceled": "canceled"}
FINAL = {"succeeded", "canceled", "failed"}


class Difference(NamedTuple):
    """Two books that do not agree on `about`."""

    books: str
    about: str
    said: str

    def __str__(self) -> str:
        return f"{self.books}: {self.about}: {self.said}"


class Books:
    """What each book says, read once."""

    def __init__(self, world: Stage, shown: dict[str, dict[str, Any]]) -> None:
        self.world, self.shown = world, shown
        self.instructions = {row["reference"]: row for row in self.rows(INSTRUCTIONS)}
        self.net = {row["charge"]: row["net"] for row in self.rows(LEDGER)}
        self.events = self.rows(EVENTS)

    def rows(self, sql: str, *more: Any) -> list[Any]:
        return self.world.server.now(self.world.server.owner.fetch(sql, *(more or (self.world.scope,))))  # type: ignore[no-any-return]

    def all(self) -> Iterator[Difference]:
        yield from self.proved()
        yield from self.bank_and_ledger()
        yield from self.answers()
        yield from self.webhooks()
        yield from self.nothing_stuck()
        yield from self.discrepancies()

    def proved(self) -> Iterator[Difference]:
        """`sluice ledger verify`'s checks."""
        server = self.world.server
        real = server.take(False)

        async def look() -> Any:
            async with real.transaction():
                return await prove(real, EVERY, self.world.merchant, lambda *_: None)

        proof = server.now(look())
        server.give(real, False)
        if proof.lie:
            yield Difference("ledger verify", proof.lie.id, str(proof.lie))

    def bank_and_ledger(self) -> Iterator[Difference]:
        """Sale by sale, refund by refund, and in sum."""
        bank, seen = self.world.bank, set()
        for reference, entry in bank.entries.items():
            asked = self.instructions.get(reference)
            if asked is None:
                yield Difference("bank and ledger", reference, f"the bank knows of this ({entry.verb}), and we know nothing")
            elif entry.verb == "authorize":
                seen.add(asked["charge"])
                yield from self.sale(entry, asked["charge"])
            elif entry.verb == "refund":
                yield from self.refund(entry, asked["subject"])
        for charge, net in self.net.items():
            if charge not in seen:
                yield Difference("bank and ledger", charge, f"the ledger has {net}, the bank has never heard of it")
        for (what, reference), times in Counter((one.what, one.reference) for one in bank.journal).items():
            if times > 1:
                yield Difference("bank", reference, f"booked {what} {times} times")
        for reference, entry in bank.entries.items():
            if entry.refunded > entry.captured:
                yield Difference("bank", reference, f"gave back {entry.refunded} of {entry.captured}")
        total = sum(entry.captured - entry.refunded for entry in bank.entries.values())
        [(posted,)] = self.rows(POSTED)
        if total != posted:
            yield Difference("bank and ledger", "the sum", f"the bank took {total}, the postings say {posted}")

    def sale(self, entry: Entry, charge: str) -> Iterator[Difference]:
        at_the_bank, ours = entry.captured - entry.refunded, self.net.get(charge, 0)
        if at_the_bank != ours:
            yield Difference("bank and ledger", charge, f"the bank took {at_the_bank}, the ledger says {ours}")
        shown = self.shown.get(charge)
        if shown is None:
            if entry.captured or entry.held:
                yield Difference("bank and answers", charge, f"the bank has {entry.captured + entry.held}, there is no charge")
            return
        paid = shown["paid"]
        held = shown["amount"] - shown["amount_refunded"] if paid and not shown["captured"] else 0
        told = (shown["amount_captured"] if paid else 0, shown["amount_refunded"] if shown["captured"] else 0, held)
        if told != (entry.captured, entry.refunded, entry.held):
            booked = f"took {entry.captured}, gave back {entry.refunded}, holds {entry.held}"
            yield Difference("bank and answers", charge, f"the bank {booked}; the shop reads {told}")

    def refund(self, entry: Entry, id: str) -> Iterator[Difference]:
        shown, said = self.shown.get(id), REFUND.get(entry.state, entry.state)
        if shown is None or (shown["status"], shown["amount"]) != (said, entry.amount):
            read = f"{shown['status']} {shown['amount']}" if shown else "nothing"
            yield Difference("bank and answers", id, f"the bank says {said} {entry.amount}, the shop reads {read}")

    def answers(self) -> Iterator[Difference]:
        """What a call was answered is how it is, or was on the way to it; one key has one answer."""
        for call in self.world.shop.calls:
            ends = [answer for answer in call.answers if final(answer)]
            if not ends:
                yield Difference("answers", call.name, "never answered")
                continue
            if len({(answer.status, answer.body) for answer in ends}) > 1:
                yield Difference("answers", call.name, "one key, two answers")
            said = ends[0].json
            if ends[0].status == 200 and said["id"] in self.shown:
                yield from self.kept(call.name, said, self.shown[said["id"]])
            elif ends[0].status == 200 and said["object"] in ("payment_intent", "charge", "refund"):
                yield Difference("answers", call.name, f"{said['id']} was answered, and is not there")

        said = b"".join(answer.body for call in self.world.shop.calls for answer in call.answers).decode()
        for id, shown in self.shown.items():
            asked_for = id if shown["object"] != "charge" else shown["payment_intent"] or id
            if asked_for not in said:
                yield Difference("answers", id, f"a {shown['object']} that no answer speaks of")

    def kept(self, name: str, said: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
        was, is_now = said.get("status"), now.get("status")
        if was in FINAL and was != is_now and (said["object"], was, is_now) != ("refund", "succeeded", "failed"):
            yield Difference("answers", name, f"{said['id']} was answered {was}, and is {is_now}")
        if said["object"] == "payment_intent" and said["amount_received"] > now["amount_received"]:
            yield Difference(
                "answers", name, f"{said['id']} had received {said['amount_received']}, now {now['amount_received']}"
            )

    def webhooks(self) -> Iterator[Difference]:
        receiver = self.world.receiver
        for fault in receiver.faults:
            yield Difference("webhooks", "the receiver", fault)
        known = {row["id"] for row in self.events}
        for id in receiver.events.keys() - known:
            yield Difference("webhooks", id, "told, and not in the database")
        for row in self.events:
            if not receiver.heard[row["id"]]:
                yield Difference("webhooks", row["id"], f"never told ({row['object']})")
        last: dict[str, Any] = {}
        for event in receiver.events.values():
            about = event["data"]["object"].get("id", "")
            if about not in last or event["sluice"]["object_version"] >= last[about]["sluice"]["object_version"]:
                last[about] = event
        for about, shown in self.shown.items():
            if about not in last:
                yield Difference("webhooks", about, "there, and never told of")
            else:
                yield from self.last_told(about, last[about]["data"]["object"], shown)

    def last_told(self, about: str, told: dict[str, Any], shown: dict[str, Any]) -> Iterator[Difference]:
        """An intent that never got further than to be made, or a charge whose refund came back, has no later event."""
        fields = {
            "payment_intent": ("status", "amount", "amount_received", "amount_capturable"),
            "charge": ("amount_captured", "paid", "status"), "refund": ("status", "amount"),
        }[shown["object"]]  # fmt: skip
        for field in fields:
            if told[field] != shown[field]:
                yield Difference("webhooks", about, f"last told {field} {told[field]}, the shop reads {shown[field]}")

    def nothing_stuck(self) -> Iterator[Difference]:
        if left := self.world.left():
            yield Difference("stuck", "the end", left)
        for error in self.world.loop.defects:
            yield Difference("defect", type(error).__name__, str(error))
        for who, what, error in self.world.troubles:
            if not isinstance(error, LOST) and not (isinstance(error, LockNotAvailableError) and self.held()):
                said = str(error).partition("\n")[0]
                yield Difference("defect", f"{who} {what}", f"{type(error).__name__}: {said}")

    def held(self) -> bool:
        """Whether a backend whose client was gone held its locks on: who waits for them may have to give up, and says so."""
        return any(self.world.story.seen[f"database: {fate}"] for fate in FATES if fate.endswith("late"))

    def discrepancies(self) -> Iterator[Difference]:
        """A person is called only where the bank lied, was long silent, or spoke late."""
        reference = {row["id"]: row["reference"] for row in self.instructions.values()}
        for kind, about in self.rows(DISCREPANCIES, [0, self.world.scope]):
            self.world.story.seen[f"discrepancy: {kind}"] += 1
            asked = reference.get(about, about)
            if kind not in self.world.lines.excuses.get(asked, ()):
                yield Difference("discrepancy", about, f"{kind}, though the bank gave no reason for it")


async def compared(world: Stage) -> list[Difference]:
    shown: dict[str, dict[str, Any]] = {}
    for path in ("/v1/payment_intents", "/v1/charges", "/v1/refunds"):
        listed = await world.shop.get(path, {"limit": 100})
        shown |= {one["id"]: one for one in listed["data"]}
    return list(dict.fromkeys(Books(world, shown).all()))  # each once: what stays broken is logged at every turn
