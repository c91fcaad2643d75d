"""A fact holds whole or not at all: on moved rows, on taken keys, and whatever it is made of (DESIGN §4, PERFORMANCE 12)."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.books.events import Event
from sluice.books.ledger import Posting
from sluice.core.ids import new_id
from sluice.customers.customers import Customer
from sluice.payments.charges import Charge
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.store import facts
from sluice.store.database import Database
from sluice.store.facts import Claim, Fact, Finish, compose, statement
from sluice.store.rows import Line, Row, columns

pytest_plugins = ["tests.unit.vault_database"]
EVENT = Event("evt_1", 0, "test", "dis_1", 1, "{}", 1, None, None)
POSTING = Posting(0, "rail", "pending", 1000, "usd")
LEFT = """select (select count(*) from events) + (select count(*) from postings) + (select count(*) from outbox)
    + (select count(*) from discrepancies where id = 'dis_new')"""


def note(id: str = "dis_1", version: int = 0, said: str = "") -> Discrepancy:
    return Discrepancy(id, version, 1, "test", "nothing", {"said": said}, None)


def claim(key: str = "k1", token: str = "tk_1") -> Claim:
    return Claim(key, b"f", token, "req_1", 1)


def fact(key: Claim | Finish | None = None, **parts: Sequence[Any]) -> Fact:
    """With everything that a fact can owe."""
    owed: dict[str, Any] = {"new": [note("dis_new")], "lines": [POSTING, EVENT]} | parts
    return Fact("test", 1, new_id("fact_"), key, **owed)


async def left(db: Database) -> int:
    record = await db.fetchrow(LEFT)
    assert record
    return int(record[0])


@pytest.fixture
async def stored(db: Database) -> Database:
    """One row at version 2, a key that runs under tk_1."""
    assert await db.write(Fact("test", 1, new_id("fact_"), claim("running"), new=[note()]))
    assert await db.write(Fact("test", 1, new_id("fact_"), saved=[note(version=1, said="before")]))
    return db


async def kept(db: Database, key: str) -> Any:
    found, _ = await db.load(1, key, ())
    return found


async def test_a_fact_holds_whole(stored: Database):
    """State, key, postings, events and the outbox's row, in one commit (Law 3)."""
    assert await stored.write(fact(claim(), saved=[note(version=2, said="after")]))
    assert await left(stored) == 4
    assert await stored.one(Discrepancy, 1, "dis_1") == note(version=3, said="after")
    assert (await kept(stored, "k1")).token == "tk_1"


@pytest.mark.parametrize("part", ["saved", "stand"])
async def test_a_row_that_moved_writes_nothing(stored: Database, part: str):
    """Law 5: judged at a version, written at that version; the key stays free too."""
    moved = note(version=1, said="after")
    assert not await stored.write(fact(claim(), **{part: [moved]}))
    assert await left(stored) == 0
    assert await kept(stored, "k1") is None
    assert await stored.one(Discrepancy, 1, "dis_1") == note(version=2, said="before")


async def test_one_of_two_rows_that_moved_writes_nothing(stored: Database):
    """A lock that was had undoes itself with those that were not."""
    assert await stored.write(Fact("test", 1, new_id("fact_"), new=[note("dis_2")]))
    assert not await stored.write(fact(saved=[note("dis_2", 1, "after"), note(version=1, said="after")]))
    assert await left(stored) == 0
    assert await stored.one(Discrepancy, 1, "dis_2") == note("dis_2", 1)


@pytest.mark.parametrize(
    "key", [claim("running", "tk_2"), Finish("running", "tk_2", 200, ""), Finish("unknown", "tk_1", 200, "")]
)
async def test_a_key_that_is_not_ours_writes_nothing(stored: Database, key: Claim | Finish):
    """F1, F29: claimed before, or by another token."""
    assert not await stored.write(fact(key, saved=[note(version=2, said="after")]))
    assert await left(stored) == 0
    assert await stored.one(Discrepancy, 1, "dis_1") == note(version=2, said="before")


async def test_a_key_is_finished_once(stored: Database):
    """F8: its stored answer never changes."""
    assert await stored.write(Fact("test", 1, new_id("fact_"), Finish("running", "tk_1", 200, "first")))
    assert not await stored.write(Fact("test", 1, new_id("fact_"), Finish("running", "tk_1", 402, "second")))
    assert (await kept(stored, "running")).body == "first"


async def test_a_fact_in_another_scope_finds_nothing(stored: Database):
    """Law 6: the same id of another merchant is another row."""
    assert not await stored.write(Fact("test", 3, new_id("fact_"), saved=[note(version=2, said="after")]))
    assert await stored.one(Discrepancy, 1, "dis_1") == note(version=2, said="before")


async def test_a_row_that_is_done_with_goes(stored: Database):
    """As *open* deletes a card's code."""
    assert await stored.write(Fact("test", 1, new_id("fact_"), gone=[note()]))
    assert await stored.one(Discrepancy, 1, "dis_1") is None


@pytest.mark.shows("F29")
async def test_the_same_statement_twice_writes_once(stored: Database):
    """What had been written conflicts with itself."""
    again = fact(claim(), saved=[note(version=2, said="after")])
    assert await stored.write(again)
    assert not await stored.write(again)
    assert await left(stored) == 4


async def test_a_fraction_of_a_minor_unit_is_refused(stored: Database):
    """Law 1: numeric(78,0) would take 1.5 as 2 without a word."""
    half: Any = 1.5
    with pytest.raises(Exception, match="float"):
        await stored.write(fact(lines=[Posting(0, "rail", "pending", half, "usd")]))
    assert await left(stored) == 0


def test_a_row_stands_once_in_a_fact():
    """Saved and watched at once, it would be written from two versions."""
    with pytest.raises(AssertionError, match="once"):
        compose(fact(saved=[note(version=1)], stand=[note(version=1)]))


TYPES: list[type[Row]] = [Charge, Customer, Discrepancy, Instruction, Intent]


def blank(kind: type[Row], n: int) -> Row:
    values: list[Any] = [f"{n}" if name == "id" else 0 for name in columns(kind)]
    return kind(*values)


rows = st.lists(st.sampled_from(TYPES), max_size=4).map(lambda kinds: [blank(kind, n) for n, kind in enumerate(kinds)])
keys = st.sampled_from([None, claim(), Finish("k1", "tk_1", 200, "")])
lines: st.SearchStrategy[list[Line]] = st.lists(st.sampled_from([EVENT, POSTING]), max_size=3)
any_fact = st.builds(Fact, st.just("f"), st.just(1), st.just("fact_1"), keys, rows, st.just(()), rows, rows, lines=lines)


@given(any_fact)
def test_every_value_has_its_number(made: Fact):
    """Whatever a fact is made of: the statement's parameters are the values that `compose` lays down, and the job's number."""
    form, values = compose(made)
    numbers = {int(number) for number in re.findall(r"\$(\d+)", statement(form))}
    assert numbers | {1} == set(range(1, len(values) + 2))  # what writes no row names no scope


@given(any_fact)
def test_rows_are_locked_in_one_order(made: Fact):
    """By table and id, each lock made from the one before; and every write from the gate."""
    form, _ = compose(made)
    text = statement(form)
    tables = re.findall(r"lock\d+ as \(select from (\w+) t", text)
    assert tables == sorted(tables)
    assert len(re.findall(r"from ok|using ok", text)) == len(re.findall(r"write\d+ as", text)) + 1
    chained = re.findall(r", lock(\d+) where", text)
    assert chained == [str(n) for n in range(len(tables) - 1)]


def test_a_form_is_composed_once():
    """Some forty texts, prepared once each: PERFORMANCE 12."""
    form, _ = compose(fact())
    assert facts.statement(form) is statement(form)
