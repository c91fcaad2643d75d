"""Fuzzed: the sandbox's line, from both ends."""

import asyncio
from typing import get_args
from unittest.mock import Mock

import msgspec

from sluice.rails.outcomes import Approved, Declined, Unknown, Word, answered
from sluice.rails.sandbox import rail, words
from sluice.rails.sandbox.line import Connection, Line
from sluice.simulators.bank import words as bank

SAID = [
    b'{"id": 1, "said": {"word": "approved", "reference": "1-ask_1", "amount": 5, "currency": "usd"}}\n',
    b'{"id": 1, "said": {"word": "\xff"}}\n{"id": 1, "said": {"word": "pending", "reference": "r"}}\n',
    b'{"id": 7, "said": {"word": "declined", "reason": "do_not_honor", "elsewhere": true}}\n{"id": 1,',
    b'{"id": 1, "said": {"word": "returned", "notices": [{"number": 1, "reference": "r", "kind": "return"}]}}\n\n[]\n',
]
ASKED = [
    bank.encoder.encode({"verb": verb, "id": 1, "reference": "r", "amount": 5, "currency": "usd", "original": "o"})
    for verb in ("capture", "refund", "inquire", "notices")
]


def said(raw: bytes) -> None:
    """Whatever the bank sends: an answer reaches the one that asked, and is a word of the house's; the rest are strays."""
    line = Line("", 0, lambda reference, word: None)
    loop = asyncio.new_event_loop()
    try:
        connection = Connection(lambda frame: line.heard(connection, frame))
        connection.connection_made(Mock())
        waiting = connection.waiting[1] = loop.create_future()
        for at in range(0, len(raw), 40):  # in pieces, as a network brings it
            connection.data_received(raw[at : at + 40])
        if not waiting.done():
            return
        word = rail.word(waiting.result())
        assert isinstance(word, get_args(Word))
        if isinstance(word, Declined):
            assert word.reason in rail.REASONS | set(rail.RULES.values())
        if not isinstance(word, Approved | Unknown):
            answered(word)
    finally:
        loop.close()


def asked(raw: bytes) -> None:
    """Whatever is sent to the bank: one of its verbs, or no message; a verb is written and read the same."""
    try:
        found = bank.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert bank.decode(bank.encoder.encode(found)) == found


def frame(raw: bytes) -> None:
    """One line of the bank's, read as the rail reads it: a frame that writes to the same, or not one."""
    try:
        found = words.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    assert words.decode(words.encode(found)) == found
