"""The contract of a rail: what its other side may do, and the word that must come of it. A rail's test class inherits it
and gives a `bench`."""

import asyncio

import pytest

from sluice.rails import caller
from sluice.rails.outcomes import Approved, Declined, NotFound, Pending, Returned, Unknown
from sluice.rails.types import Capture, Envelope, Refund, Void
from tests.rails.bench import LONG, SHORT, Bench, after, ask, authorize, paid

DECLINES = [
    "generic_decline", "insufficient_funds", "lost_card", "stolen_card", "expired_card", "incorrect_cvc", "processing_error",
    "card_velocity_exceeded", "fraudulent",
]  # fmt: skip
LIES = ["wrong_amount", "wrong_currency", "wrong_reference", "missing_echo"]
BOOKED_UNHEARD = ["silent-after-booking", "cut-after-booking", "late", "garbage"]
NEVER_CAME = ["silent-before-booking", "cut-before-booking", "down"]
VERBS = ["authorize", "capture", "void", "refund"]


async def prepared(bench: Bench, verb: str) -> Envelope:
    """An envelope of the verb, whose original stands."""
    match verb:
        case "capture":
            return after(bench, Capture, await paid(bench, capture=False))
        case "void":
            return after(bench, Void, await paid(bench, capture=False))
        case "refund":
            return after(bench, Refund, await paid(bench))
    return authorize(bench)


class Contract:
    # Approvals and declines.

    async def test_a_hold_is_taken_in_part_and_given_back_in_parts(self, bench: Bench) -> None:
        """B-5.8, B-5.42: held, captured for less, refunded twice; never more than was taken."""
        hold = await paid(bench, capture=False)
        assert isinstance(await ask(bench, after(bench, Capture, hold, 700)), Approved)
        assert isinstance(await ask(bench, after(bench, Refund, hold, 300)), Approved)
        assert isinstance(await ask(bench, after(bench, Refund, hold, 401)), Declined)
        assert isinstance(await ask(bench, after(bench, Refund, hold, 400)), Approved)
        book = await bench.booked(hold.reference)
        assert book
        assert (book["held"], book["captured"], book["refunded"]) == (0, 700, 700)

    async def test_an_approval_echoes_what_was_asked(self, bench: Bench) -> None:
        envelope = authorize(bench)
        said = await ask(bench, envelope)
        assert isinstance(said, Approved)
        assert (said.amount, said.currency, said.reference) == (1000, "usd", envelope.reference)

    async def test_a_hold_is_let_go(self, bench: Bench) -> None:
        """B-5.18: and then there is nothing to take."""
        hold = await paid(bench, capture=False)
        assert isinstance(await ask(bench, after(bench, Void, hold)), Approved)
        assert isinstance(await ask(bench, after(bench, Capture, hold)), Declined)

    async def test_nothing_is_taken_twice_or_above_the_hold(self, bench: Bench) -> None:
        hold = await paid(bench, capture=False)
        assert isinstance(await ask(bench, after(bench, Capture, hold, 1001)), Declined)
        assert isinstance(await ask(bench, after(bench, Capture, hold)), Approved)
        assert isinstance(await ask(bench, after(bench, Capture, hold, 1)), Declined)

    async def test_a_check_holds_nothing(self, bench: Bench) -> None:
        check = authorize(bench, 0)
        assert isinstance(await ask(bench, check), Approved)
        assert isinstance(await ask(bench, after(bench, Capture, check, 1)), Declined)

    @pytest.mark.parametrize("reason", DECLINES)
    async def test_each_decline_is_told_by_its_reason(self, bench: Bench, reason: str) -> None:
        """B-6.4: and holds nothing, also when asked about."""
        envelope = authorize(bench)
        said = await ask(bench, envelope, reason)
        assert isinstance(said, Declined)
        assert said.reason == reason
        assert await caller.inquire(bench.rail, envelope, LONG) == said
        book = await bench.booked(envelope.reference)
        assert book
        assert book["held"] == 0

    async def test_a_code_not_in_the_table_is_no_decline(self, bench: Bench) -> None:
        await bench.order("authorize", "decline something_new")
        assert isinstance(await ask(bench, authorize(bench)), Unknown)

    # Before and after the request reached the other side.

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("weather", BOOKED_UNHEARD)
    @pytest.mark.shows("F21")
    async def test_done_but_unheard_is_found_by_asking(self, bench: Bench, verb: str, weather: str) -> None:
        """B-5.25: nobody knows, until the inquiry."""
        envelope = await prepared(bench, verb)
        await bench.order(verb, weather)
        assert isinstance(await ask(bench, envelope, seconds=SHORT), Unknown)
        assert isinstance(await caller.inquire(bench.rail, envelope, LONG), Approved)

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("weather", NEVER_CAME)
    @pytest.mark.shows("F14")
    async def test_what_never_came_is_unknown_and_not_found(self, bench: Bench, verb: str, weather: str) -> None:
        envelope = await prepared(bench, verb)
        await bench.order(verb, weather)
        assert isinstance(await ask(bench, envelope, seconds=SHORT), Unknown)
        assert isinstance(await caller.inquire(bench.rail, envelope, LONG), NotFound)
        assert await bench.booked(envelope.reference) is None

    @pytest.mark.shows("F14")
    async def test_not_found_is_not_final_before_the_horizon(self, bench: Bench) -> None:
        """Asked for while on its way: not found; within the horizon it arrives, and is approved."""
        envelope = authorize(bench)
        held_up = 0.5
        assert held_up < bench.rail.can.late_horizon
        await bench.order("authorize", f"held-up {held_up}")
        assert isinstance(await ask(bench, envelope, seconds=SHORT / 2), Unknown)
        assert isinstance(await caller.inquire(bench.rail, envelope, LONG), NotFound)
        for _ in range(200):
            word = await caller.inquire(bench.rail, envelope, LONG)
            if not isinstance(word, NotFound):
                break
            await asyncio.sleep(0.02)
        assert isinstance(word, Approved)

    @pytest.mark.parametrize("verb", ["inquire", "reverse"])
    async def test_a_question_can_get_lost_too(self, bench: Bench, verb: str) -> None:
        envelope = await paid(bench, capture=False)
        await bench.order(verb, "silent-after-booking")
        asked = caller.inquire if verb == "inquire" else caller.reverse
        assert isinstance(await asked(bench.rail, envelope, SHORT), Unknown)
        assert isinstance(await asked(bench.rail, envelope, LONG), Approved)

    # Duplicates, late answers, lies.

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.shows("F18")
    async def test_a_repeat_is_answered_the_same_and_booked_once(self, bench: Bench, verb: str) -> None:
        envelope = await prepared(bench, verb)
        first, book = await ask(bench, envelope), await bench.booked(envelope.reference)
        assert verb in bench.rail.can.safe_repeats or verb == "authorize"
        assert await ask(bench, envelope) == first
        assert await bench.booked(envelope.reference) == book

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.shows("F11")
    async def test_a_second_answer_reaches_nobody(self, bench: Bench, verb: str) -> None:
        """B-6.9: answered twice, and the next one hears its own word."""
        envelope = await prepared(bench, verb)
        await bench.order(verb, "twice")
        assert isinstance(await ask(bench, envelope), Approved)
        assert isinstance(await ask(bench, authorize(bench), "lost_card"), Declined)

    @pytest.mark.shows("F11")
    async def test_an_answer_after_our_time_out_is_not_the_next_ones(self, bench: Bench) -> None:
        late = authorize(bench)
        await bench.order("authorize", "late")
        assert isinstance(await ask(bench, late, seconds=SHORT), Unknown)
        while bench.late.empty():
            assert isinstance(await ask(bench, authorize(bench), "lost_card"), Declined)
        reference, word = bench.late.get_nowait()
        assert reference == late.reference
        assert isinstance(word, Approved)

    @pytest.mark.shows("F11")
    async def test_answers_find_their_askers(self, bench: Bench) -> None:
        """Many in flight on one line, answered out of order."""
        envelopes = [authorize(bench, 100 + n) for n in range(200)]
        await bench.order("authorize", "held-up 0.05", times=100)
        said = await asyncio.gather(*(ask(bench, envelope) for envelope in envelopes))
        assert [(word.amount, word.reference) for word in said if isinstance(word, Approved)] == [
            (envelope.money.amount, envelope.reference) for envelope in envelopes
        ]

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("lie", LIES)
    @pytest.mark.shows("F20")
    async def test_a_lie_is_never_an_approval(self, bench: Bench, verb: str, lie: str) -> None:
        envelope = await prepared(bench, verb)
        await bench.order(verb, lie)
        said = await ask(bench, envelope)
        assert isinstance(said, Unknown)
        assert said.said is not None

    # Undoing.

    @pytest.mark.shows("F16")
    @pytest.mark.parametrize("capture", [True, False])
    async def test_a_reversal_is_repeated_until_heard(self, bench: Bench, capture: bool) -> None:
        """The acknowledgement is lost twice; the third is the same, and the money is let go once."""
        envelope = await paid(bench, capture=capture)
        await bench.order("reverse", "cut-after-booking", times=2)
        words = [await caller.reverse(bench.rail, envelope, SHORT) for _ in range(3)]
        assert [type(word) for word in words] == [Unknown, Unknown, Approved]
        book = await bench.booked(envelope.reference)
        assert book
        assert (book["held"], book["captured"]) == (0, 0)

    @pytest.mark.shows("F15")
    async def test_what_was_reversed_is_never_approved_again(self, bench: Bench) -> None:
        envelope = await paid(bench)
        assert isinstance(await caller.reverse(bench.rail, envelope, LONG), Approved)
        assert isinstance(await caller.inquire(bench.rail, envelope, LONG), Declined)
        assert isinstance(await ask(bench, envelope), Declined)

    @pytest.mark.shows("F14", "F16")
    async def test_a_reversal_of_what_never_came_blocks_it(self, bench: Bench) -> None:
        """Acknowledged although unknown; the original, arriving late, is declined and holds nothing."""
        envelope = authorize(bench)
        assert isinstance(await caller.reverse(bench.rail, envelope, LONG), Approved)
        assert isinstance(await ask(bench, envelope), Declined)
        book = await bench.booked(envelope.reference)
        assert book
        assert book["held"] == 0

    @pytest.mark.shows("F12")
    async def test_an_approval_that_comes_after_its_reversal_is_handed_on(self, bench: Bench) -> None:
        envelope = authorize(bench)
        await bench.order("authorize", "late")
        assert isinstance(await ask(bench, envelope, seconds=SHORT), Unknown)
        assert isinstance(await caller.reverse(bench.rail, envelope, LONG), Approved)
        assert isinstance((await bench.late.get())[1], Approved)
        assert isinstance(await caller.inquire(bench.rail, envelope, LONG), Declined)

    # Refunds that take their time.

    async def test_a_slow_refund_arrives_with_a_notice(self, bench: Bench) -> None:
        """B-6.6: pending, a notice, and only the inquiry says that it succeeded."""
        refund = after(bench, Refund, await paid(bench, "slow refund"))
        assert isinstance(await ask(bench, refund), Pending)
        assert await noticed(bench, refund.reference) == ["outcome"]
        assert isinstance(await caller.inquire(bench.rail, refund, LONG), Approved)

    async def test_a_pending_refund_is_called_back(self, bench: Bench) -> None:
        """B-5.44: its money is there again, and no notice follows."""
        sale = await paid(bench, "slow refund")
        refund = after(bench, Refund, sale)
        assert isinstance(await ask(bench, refund), Pending)
        assert isinstance(await ask(bench, after(bench, Void, refund)), Approved)
        assert isinstance(await caller.inquire(bench.rail, refund, LONG), Declined)
        book = await bench.booked(sale.reference)
        assert book
        assert book["refunded"] == 0

    @pytest.mark.shows("F25")
    async def test_a_refund_comes_back(self, bench: Bench) -> None:
        """B-6.6: it had succeeded; a return notice, an inquiry with a word of its own, and the money can go again."""
        sale = await paid(bench, "refund comes back")
        refund = after(bench, Refund, sale)
        assert isinstance(await ask(bench, refund), Approved)
        assert await noticed(bench, refund.reference) == ["return"]
        assert await caller.inquire(bench.rail, refund, LONG) == Returned("expired_or_canceled_card")
        assert isinstance(await ask(bench, after(bench, Refund, sale)), Approved)


async def noticed(bench: Bench, reference: str) -> list[str]:
    """The kinds of the notices about `reference`, once there is one."""
    after, kinds = 0, list[str]()
    while not kinds:
        notices = await caller.watch(bench.rail, after, LONG)
        after = max([after, *(notice.number for notice in notices)])
        kinds = [notice.kind for notice in notices if notice.reference == reference]
    return kinds
