"""`sluice explain` knows each word that the program can say."""

import ast
import json
import re

import pytest
from typer.testing import CliRunner

from sluice.cli.docs.numbers import MEANINGS
from sluice.cli.main import app
from sluice.cli.words import words
from sluice.core.metrics import DESCRIBED
from sluice.core.settings import NAMES, SECRETS
from sluice.payments import card_numbers, comparing
from sluice.shapes.contract import event_types
from tests.docs.codes import answered, declined, program
from tests.watching.rules import RULES

pytestmark = pytest.mark.shows("O9")


def told() -> set[str]:
    """The types of events that the program names, alone or inside a statement."""
    texts = [node.value for node in program() if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    quoted = {name for text in texts for name in re.findall(r"'([a-z_.]+)'", text)}
    return event_types() & (set(texts) | quoted)


def kinds() -> set[str]:
    """Those of discrepancies that stand in a call; and those that are chosen or named."""
    calls = [(ast.unparse(node.func), node.args) for node in program() if isinstance(node, ast.Call)]
    said = [args[3] for name, args in calls if name == "Discrepancy"] + [args[0] for name, args in calls if name == "Unclear"]
    return {card_numbers.KIND, comparing.KIND, "not_reversed", "not_knowable"} | {
        node.value for node in said if isinstance(node, ast.Constant)
    }


def known(kind: str) -> set[str]:
    return {each.word for each in words() if each.kind.startswith(kind)}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("error code", answered()),
        ("decline code", declined() - answered()),
        ("alert", set(RULES)),
        ("metric", {each.name for each in DESCRIBED}),
        ("setting", {*NAMES, *SECRETS}),
        ("event type", told()),
        ("discrepancy", kinds()),
    ],
)
def test_no_word_is_without_an_entry(kind: str, said: set[str]):
    """Each error, decline, event, metric, alert and setting that stands in the source is explained."""
    assert len(said) > 5
    assert said - known(kind) == set()


def test_every_number_is_explained():
    """Faults, security requirements and promises, by their numbers."""
    assert set(MEANINGS) <= {each.word for each in words()}


def test_an_event_that_we_make_has_a_sentence_of_its_own():
    """The types that this version makes are those that its page explains."""
    generic = {each.word for each in words() if each.text == "The contract has it; this version makes none."}
    assert generic & told() == set()
    assert event_types() - generic == told()


def test_nothing_is_explained_with_nothing():
    assert [each for each in words() if not each.text.strip()] == []


@pytest.mark.parametrize("word", ["card_declined", "CARD_DECLINED", "SluiceDown", "sluice_due_items", "f12", "refund.failed"])
def test_a_word_in_any_case(word: str):
    """The entry as text, and the same as JSON."""
    text, data = CliRunner().invoke(app, ["explain", word]), CliRunner().invoke(app, ["explain", word, "--json"])
    assert (text.exit_code, data.exit_code) == (0, 0)
    (entry,) = json.loads(data.stdout)
    assert entry["word"].lower() == word.lower()
    assert entry["text"] in text.stdout
    assert entry["see"].startswith("/docs/")


def test_an_unknown_word_gets_the_nearest():
    """Nothing on standard output, a sentence with the nearest name, exit 1 (O4)."""
    from sluice.cli.crash import CannotGoOn

    done = CliRunner().invoke(app, ["explain", "card_declimed"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert isinstance(done.exception, CannotGoOn)
    assert str(done.exception) == "card_declimed is no word of Sluice: did you mean card_declined?"
