"""A rail that says what a test puts into its mouth, and remembers what it was asked."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from sluice.rails.outcomes import Approved, Outcome, Unknown, Word
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Abilities, Card, Deadline, Envelope

YES = Approved(None, None, None)  # of whatever was asked
SILENT = Unknown("no answer came")


class Scripted(Sandbox):
    """Each verb's words in order, the last one for ever; `calls` are (what, reference). `hold` keeps a send until it is set."""

    def __init__(
        self, *, late_horizon: float = 0.0, reversal_blocks: bool = True, safe_repeats: frozenset[str] | None = None,
        **words: list[Any],
    ) -> None:  # fmt: skip
        super().__init__("127.0.0.1", 0, late_horizon=late_horizon)
        self.can = replace(self.can, reversal_blocks=reversal_blocks)
        if safe_repeats is not None:
            self.can: Abilities = replace(self.can, safe_repeats=safe_repeats)
        self.words = {name: deque(said) for name, said in words.items()}
        self.calls: list[tuple[str, str]] = []
        self.asked_once, self.hold = asyncio.Event(), asyncio.Event()
        self.hold.set()

    def said(self, what: str, envelope: Envelope) -> Any:
        self.calls.append((what, envelope.reference))
        self.asked_once.set()
        words = self.words.get(what) or self.words.setdefault(what, deque([YES]))
        word = words.popleft() if len(words) > 1 else words[0]
        if isinstance(word, Exception):
            raise word
        money = envelope.money
        return Approved(money.amount, money.currency, envelope.reference) if word is YES else word

    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome:
        word: Outcome = self.said(envelope.verb, envelope)
        await self.hold.wait()
        return word

    async def inquire(self, envelope: Envelope, deadline: Deadline) -> Word:
        word: Word = self.said("inquire", envelope)
        return word

    async def reverse(self, envelope: Envelope, deadline: Deadline) -> Outcome:
        word: Outcome = self.said("reverse", envelope)
        return word

    def asked(self) -> list[str]:
        """What it was asked, in order."""
        return [what for what, _ in self.calls]

    def references(self) -> Iterator[str]:
        return (reference for _, reference in self.calls)
