"""The house's rules that a parser can read: money, time, chance, matches, sizes. An exception is listed with its reason."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sluice.rails import outcomes
from tests.tidy.source import ROOT, Source, sources

FILE_MOST, FUNCTION_MOST = 300, 60
MONEY = ("core/money.py", "books/", "payments/", "customers/", "rules/", "shapes/scalars.py")
TIMED = {  # files of MONEY in which floats are seconds
    "books/keyring.py", "books/vault/rotation.py", "books/webhooks/", "payments/leases.py", "payments/money_path.py",
    "payments/notices.py", "payments/readiness.py", "payments/watch.py",
}  # fmt: skip
AMOUNTS = {"amount", "fee", "net", "captured", "refunded", "reserved", "capturable", "received", "ppm", "fixed"}
WALL = {
    "time.time",
    "time.time_ns",
    "time.gmtime",
    "time.localtime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}
TELLS_TIME = {
    "core/clock.py": "the clock itself",
    "cli/crash.py": "a crash is stamped when there may be no database",
    "cli/probes/database.py": "doctor compares this machine's clock with the database's",
}
CHANCE = re.compile(r"(secrets\.(?:token_\w+|randbits|randbelow|choice)|random\.\w+|uuid\.\w+|os\.urandom)$")
DRAWS = {
    "core/ids.py": "ids and what is shown of chance",
    "books/keyring.py": "data keys",
    "books/vault/": "keys and nonces",
    "books/webhooks/deliveries.py": "jitter between tries",
    "worker/delivery.py": "the order of scopes, so that none is always first",
    "store/postgres_home.py": "the embedded database's password",
    "simulators/bank/journal.py": "the bank's own key",
}
WORDS = {each.__name__ for each in (*outcomes.Outcome.__args__, *outcomes.Word.__args__)}
CLOSED_OTHERWISE = {"payments/settling.py": "the rest stays open for recovery: the safe end for a word that is new"}


def is_float(node: ast.AST) -> bool:
    literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "round")
    divided = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    return literal or called or divided


def floats(source: Source) -> list[int]:
    """Law 1: where money is counted, no float, no rounding that is not named, no true division."""
    if not source.name.startswith(MONEY) or source.name.startswith(tuple(TIMED)):
        return []
    return [node.lineno for node in ast.walk(source.tree) if is_float(node)]


def float_amounts(source: Source) -> list[int]:
    """No field or parameter that is an amount is a float, in any file."""
    fields = [(node.target, node.annotation) for node in ast.walk(source.tree) if isinstance(node, ast.AnnAssign)]
    given = [(node, node.annotation) for node in ast.walk(source.tree) if isinstance(node, ast.arg) and node.annotation]
    names = [(getattr(target, "id", getattr(target, "arg", "")), kind) for target, kind in (*fields, *given)]
    return [kind.lineno for name, kind in names if name in AMOUNTS and "float" in ast.unparse(kind)]


def wall_clocks(source: Source) -> set[str]:
    """Law 7: only core.clock knows what time it is; durations (monotonic) are everybody's."""
    return set() if source.name in TELLS_TIME else {use for use in source.uses() if use in WALL}


def chances(source: Source) -> set[str]:
    return set() if source.name.startswith(tuple(DRAWS)) else {use for use in source.uses() if CHANCE.match(use)}


def open_matches(source: Source) -> list[int]:
    """A match over a rail's words ends in assert_never, or names every word: a new one stops the type check, not a payment."""
    if source.name in CLOSED_OTHERWISE or source.name.startswith("simulators/"):
        return []
    found = [node for node in ast.walk(source.tree) if isinstance(node, ast.Match)]
    return [node.lineno for node in found if matched(node) & WORDS and "assert_never" not in ast.unparse(node.cases[-1])]


def matched(node: ast.Match) -> set[str]:
    patterns = [each for case in node.cases for each in ast.walk(case.pattern)]
    return {each.cls.id for each in patterns if isinstance(each, ast.MatchClass) and isinstance(each.cls, ast.Name)}


def too_long(source: Source) -> list[str]:
    lines = len(source.text.splitlines())
    functions = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in source.functions()]
    found = [f"{name}: {length} lines" for name, length in functions if length > FUNCTION_MOST]
    return [*found, f"the file: {lines} lines"] if lines > FILE_MOST else found


def promises(source: Source) -> list[int]:
    """A TODO is a refusal that names what is missing, or it is nothing."""
    return [n for n, line in enumerate(source.text.splitlines(), 1) if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)]


LAWS: dict[str, tuple[Callable[[Source], object], str, str]] = {  # name -> its reader, where a fault is planted, the fault
    "no float near money": (floats, "books/ledger.py", "fee = amount * 0.029"),
    "no true division": (floats, "payments/amounts.py", "half = amount / 2"),
    "no rounding unnamed": (floats, "payments/refunds.py", "part = round(amount)"),
    "no amount is a float": (float_amounts, "rails/types.py", "class A:\n    amount: float"),
    "no parameter of an amount is a float": (float_amounts, "api/door.py", "def f(fee: float | None): ..."),
    "only the clock tells time": (wall_clocks, "payments/refunds.py", "import time\nat = time.time()"),
    "nor under its own name": (wall_clocks, "worker/main.py", "from time import time"),
    "nor as a date": (wall_clocks, "books/events.py", "from datetime import datetime\nat = datetime.now()"),
    "only ids draw chance": (chances, "payments/refunds.py", "import random\nn = random.random()"),
    "nor from the system": (chances, "merchants/keys.py", "from secrets import token_hex"),
    "a match over outcomes is closed": (
        open_matches,
        "payments/refunds.py",
        "match said:\n    case Approved():\n        pass\n    case _:\n        pass",
    ),
    "files are short": (too_long, "payments/refunds.py", "x = 1\n" * (FILE_MOST + 1)),
    "functions are short": (too_long, "payments/refunds.py", "def f():\n" + "    x = 1\n" * FUNCTION_MOST),
    "no promises": (promises, "payments/refunds.py", "x = 1  # TO" + "DO: later"),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_program_keeps_the_law(law: str):
    read = LAWS[law][0]
    assert {source.name: found for source in sources() if (found := read(source))} == {}


@pytest.mark.parametrize("law", LAWS)
def test_a_planted_fault_is_found(law: str):
    read, name, text = LAWS[law]
    assert read(planted(name, text))


def planted(name: str, text: str) -> Source:
    return Source(ROOT / "sluice" / name, text)


@pytest.mark.parametrize("name", [*TELLS_TIME, *DRAWS, *sorted(TIMED), *CLOSED_OTHERWISE])
def test_an_exception_is_still_one(name: str):
    """A list of exceptions only shrinks: what no longer needs to be here must go."""
    here = [source for source in sources() if source.name.startswith(name)]
    assert here
    needs = {
        "time": any(set(source.uses()) & WALL for source in here),
        "chance": any(CHANCE.match(use) for source in here for use in source.uses()),
        "float": any(is_float(node) for source in here for node in ast.walk(source.tree)),
        "match": any(matched(node) & WORDS for source in here for node in ast.walk(source.tree) if isinstance(node, ast.Match)),
    }
    lists = {"time": TELLS_TIME, "chance": DRAWS, "float": TIMED, "match": CLOSED_OTHERWISE}
    assert all(needs[kind] for kind, names in lists.items() if name in names)


RULE = re.compile(r"\bB-\d+\.\d+\b")
KNOWN = set(RULE.findall((ROOT / "docs" / "wire" / "BEHAVIOUR.md").read_text("utf-8")))


def cited(text: str) -> set[str]:
    """The rules that a file's docstrings and comments cite."""
    return set(RULE.findall(text))


def test_every_rule_that_is_cited_exists():
    files = [*(ROOT / "sluice").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "sluice").rglob("*.md")]
    mine = Path(__file__)
    assert {file.name: wrong for file in files if file != mine and (wrong := cited(file.read_text("utf-8")) - KNOWN)} == {}


def test_a_rule_that_is_none_is_found():
    assert cited('"""B-99.1: no such rule"""') - KNOWN
