"""The line to the bank, as bytes: the real rail writes, the bank hears, and on the way goes wrong what the tape says."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from simulation.bank import Bank, Message, Said
from simulation.loop import CURRENT, Process
from simulation.stage import Stage
from sluice.core.money import Money

WAY = 0.03  # seconds each way
FATES = (
    "lost", "late", "answer lost", "answer late", "cut before", "cut after", "cut and late", "twice", "garbage", "amount",
    "currency", "reference", "no echo", "foreign", "down", "too late",
)  # fmt: skip
TOLD = {
    "lost": "the message does not arrive",
    "late": "the message is {how:.1f} s on its way",
    "answer lost": "the bank books it, and its answer is lost",
    "answer late": "the bank's answer comes {late:.1f} s later",
    "cut before": "the line is cut before the message arrives",
    "cut after": "the line is cut after the bank has booked it",
    "cut and late": "the line is cut, and the message arrives all the same, {how:.1f} s later",
    "too late": "the line is cut, and the message arrives {beyond:.0f} s after the bank has sworn that it never will",
    "twice": "the answer comes twice",
    "garbage": "the answer is garbage",
    "amount": "the bank echoes another amount",
    "currency": "the bank echoes another currency",
    "reference": "the bank echoes another reference",
    "no echo": "the bank echoes nothing",
    "foreign": "an answer to somebody else comes before",
    "down": "the bank goes down for {down:.0f} s",
}
# What a person may be called for once the bank has misbehaved over a message.
EXCUSES = ("wrong_answer", "late_approval", "contradiction", "not_knowable", "not_reversed")
NOTICES = ("early", "twice", "nobody's")
NOTICES_TOLD = {
    "early": "the bank sends a notice before its answer",
    "twice": "the bank sends a notice twice",
    "nobody's": "the bank sends a notice of something that we never asked",
}


class Lines:
    """All lines to the bank, of all processes."""

    def __init__(self, world: Stage, bank: Bank) -> None:
        self.world, self.bank, self.down_until, self.seen = world, bank, 0.0, world.story.seen
        self.open: list[Transport] = []
        self.coming = 0  # how many messages will arrive too late
        self.excuses: dict[str, set[str]] = {}
        self.about: dict[str, str] = {}  # reference -> the call that it was drawn for

    def named(self, reference: str) -> str:
        return self.about.get(reference, "nobody")

    async def connect(self, factory: Any) -> tuple[Transport, Any]:
        await asyncio.sleep(WAY)
        if self.world.loop.now < self.down_until:
            raise ConnectionRefusedError("the bank is down")
        protocol, process = factory(), CURRENT.get()
        assert process
        transport = Transport(self, protocol, process)
        self.open.append(transport)
        protocol.connection_made(transport)
        return transport, protocol

    def go_down(self, seconds: float) -> None:
        self.down_until = self.world.loop.now + seconds
        for transport in self.open[:]:
            transport.cut()


class Transport:
    """One line: our side's transport, and the bank's ear."""

    def __init__(self, lines: Lines, protocol: Any, process: Process) -> None:
        self.lines, self.world, self.protocol, self.process = lines, lines.world, protocol, process
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        for line in data.splitlines():
            self.leave(msgspec.json.decode(line))

    def close(self) -> None:
        self.cut()

    abort = close

    def cut(self) -> None:
        """Both sides see it."""
        if not self.closing:
            self.closing = True
            self.lines.open.remove(self)
            self.world.loop.call_soon(self.protocol.connection_lost, None, context=self.process.context.copy())

    def told(self, message: Message) -> str:
        money = f" {Money(message['amount'], message['currency'])}" if "amount" in message else ""
        return f"{message['verb']}{money} ({self.lines.named(message['reference'])})"

    def leave(self, message: Message) -> None:
        loop, verb = self.world.loop, message["verb"]
        if verb == "notices":
            loop.outside(WAY, self.listen, message)
            return
        # Only of a sale: a refund or a capture that is paid out after the bank has sworn that it never will be is for a person.
        fates = FATES if verb == "authorize" else FATES[:-1]
        fate, how = self.world.tape.pick("rail", f"rail {verb} {self.lines.named(message['reference'])}", fates)
        self.world.story.say(f"{self.process.name} asks the bank: {self.told(message)}")
        within = how * (self.world.late_horizon - 0.5)
        if fate:
            times = {"how": within, "late": how * 14, "down": 1 + how * 30, "beyond": how * 60}
            self.world.story.odd(f"{TOLD[fate].format(**times)} ({verb} of {self.lines.named(message['reference'])})")
            self.lines.seen[f"rail: {fate}"] += 1
            self.lines.excuses.setdefault(message["reference"], set()).update(EXCUSES)
        if fate == "down":
            self.lines.go_down(1 + how * 30)
        elif fate != "lost":
            if fate in ("cut before", "cut and late", "too late"):
                loop.outside(WAY, self.cut)
            if fate == "too late":
                self.lines.coming += 1
                loop.outside(self.world.late_horizon + how * 60, self.arrive_too_late, message)
            elif fate != "cut before":
                late = within if fate in ("late", "cut and late") else 0.0
                loop.outside(WAY + late, self.arrive, message, fate, how)

    def arrive_too_late(self, message: Message) -> None:
        """When we were told that it never would; the bank's notice is all that we hear of it."""
        self.lines.coming -= 1
        said = self.lines.bank.answer(message)
        self.world.story.say(f"the bank says to {self.told(message)}: {said['word']}")
        self.lines.bank.notify(message["reference"], "outcome")

    def arrive(self, message: Message, fate: str, how: float) -> None:
        said = self.lines.bank.answer(message)
        self.lines.seen[f"bank: {message['verb']} {said['word']}"] += 1
        self.notify(message)
        self.world.story.say(f"the bank says to {self.told(message)}: {said['word']}")
        if fate == "cut after":
            self.cut()
        if fate == "foreign":
            self.reply(message["id"] + 100_000, said, 0)
        if fate != "answer lost":
            self.reply(message["id"], changed(said, fate), WAY + (how * 14 if fate == "answer late" else 0))
        if fate == "twice":
            self.reply(message["id"], said, WAY * 2)

    def notify(self, message: Message) -> None:
        """Now and then the bank tells of what it booked before its answer is there, twice, or under a name that is nobody's."""
        verb, reference = message["verb"], message["reference"]
        fate, _ = self.world.tape.pick("notice", f"notice {verb} {self.lines.named(reference)}", NOTICES)
        if fate:
            self.world.story.odd(f"{NOTICES_TOLD[fate]} ({verb} of {self.lines.named(reference)})")
            self.lines.seen[f"notice: {fate}"] += 1
            self.lines.excuses.setdefault("nobody-knows", set()).add("unknown_reference")
            self.lines.excuses.setdefault(reference, set()).add("notice_without_outcome")
        for _ in range({"": 0, "twice": 2}.get(fate, 1)):
            self.lines.bank.notify("nobody-knows" if fate == "nobody's" else reference, "outcome")

    def reply(self, id: int, said: Said, delay: float) -> None:
        self.world.loop.outside(delay, self.deliver, msgspec.json.encode({"id": id, "said": said}) + b"\n")

    def deliver(self, data: bytes) -> None:
        if not self.closing:
            self.world.loop.call_soon(self.protocol.data_received, data, context=self.process.context.copy())

    def listen(self, message: Message) -> None:
        """Answers when there is a notice, or when the time is over."""

        def ready(over: bool = False) -> bool:
            found = self.lines.bank.above(message["after"])
            if answered or not (found or over):
                return bool(answered)
            answered.append(True)
            self.reply(message["id"], {"word": "done", "notices": found}, WAY)
            return True

        answered: list[bool] = []
        if not ready():
            self.lines.bank.listeners.append(ready)
            self.world.loop.outside(message["seconds"], ready, True)


def changed(said: Said, fate: str) -> Said:
    match fate:
        case "garbage":
            return {"word": "¿?", "reference": said["reference"]}
        case "amount" if "amount" in said:
            return said | {"amount": said["amount"] + 1}
        case "currency" if "currency" in said:
            return said | {"currency": "xxx"}
        case "reference":
            return said | {"reference": "another"}
        case "no echo":
            return {"word": said["word"], "reason": said.get("reason")}
    return said
