"""Laws 6 and 7 over every SQL statement of the program: its scope is bound, and it knows no clock and no chance."""

import ast
import re
from pathlib import Path

import pytest

from sluice.store.database import DATABASE_TIME
from sluice.store.migrate import steps
from tests.tidy.scopes import clocks, unbound
from tests.tidy.source import Source, sources
from tests.tidy.statements import SQL, before_scope, every, facts, listings, loads, many, named, proofs

COMPOSERS = {  # these make SQL of row types; what they make is read above
    "books/verify/checks.py", "books/verify/telling.py", "store/database.py", "store/facts.py", "store/lists.py",
    "store/migrate.py", "store/reads.py",
    "payments/proofs.py",
}  # fmt: skip
SHOUTED = re.compile(r"\s*(SELECT\s.*\bFROM|INSERT\s+INTO|UPDATE\s.*\bSET|DELETE\s+FROM|WITH\s.*\bAS)\s", re.DOTALL)
EXEMPT_MOST = 49  # raise it only for what truly runs before a scope is known


@pytest.mark.shows("S25")
def test_every_statement_binds_its_scope():
    found = {statement.name: tables for statement in every() if (tables := unbound(statement.sql))}
    assert found == {}


def test_each_source_of_statements_was_read():
    for source in (named, facts, loads, many, proofs, listings):
        assert sum(1 for _ in source()) > 5, source.__name__


def test_exemptions_are_few():
    """A statement in BEFORE_SCOPE is one that someone must have meant."""
    assert len(before_scope()) <= EXEMPT_MOST


@pytest.mark.shows("F37")
def test_no_statement_knows_a_clock_or_chance():
    """The one that asks the database for its time is the only one (Law 7)."""
    ours = {
        statement.name: found for statement in every() if statement.sql != DATABASE_TIME and (found := clocks(statement.sql))
    }
    theirs = {sql for sql in before_scope() if clocks(sql)}
    migrations = {name: found for name, sql in steps() if (found := clocks(sql))}
    assert (ours, theirs, migrations) == ({}, set(), {})


def strays(source: Source) -> list[int]:
    """Lines of SQL that stand in no named constant of their module, so that no law reads them: whole, or put together."""
    named = {id(part) for node in source.tree.body if is_constant(node) for part in ast.walk(node)}
    found = {
        node.lineno
        for node in ast.walk(source.tree)
        if id(node) not in named and id(node) not in source.docstrings and is_sql(text_of(node))
    }
    return sorted(found)


def text_of(node: ast.AST) -> str:
    """A text as it would read, with a mark where something is put in: a literal, an f-string, a sum, `%`, `.format`."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(map(text_of, parts))
        case ast.FormattedValue():
            return "?"
        case ast.BinOp(left, ast.Add(), right) if text_of(left) or text_of(right):
            return (text_of(left) or "?") + (text_of(right) or "?")
        case _:
            return ""


def is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)


def is_sql(text: str) -> bool:
    """A statement in the house's lower case, or one that shouts; a sentence that begins with `Select` is none."""
    quiet = text == text.lower() and any(word in text for word in (" from ", " set ", " into ", "exists"))
    return bool(SQL.match(text)) and (quiet or bool(SHOUTED.match(text)))


@pytest.mark.shows("S18")
def test_sql_stands_in_named_constants():
    found = {source.name: lines for source in sources() if source.name not in COMPOSERS and (lines := strays(source))}
    assert found == {}


BAD = {
    "no condition": "select id from charges where id = $2",
    "another parameter": "select id from charges where scope = $2",
    "an or": "select id from charges where scope = $1 or id = $2",
    "a join that is not bound": "select c.id from charges c join intents i on i.id = c.intent where c.scope = $1",
    "an outer join's left side": "select c.id from charges c left join intents i on c.scope = $1 and i.scope = $1",
    "bound to what is not bound": "select c.id from charges c join intents i on i.scope = c.scope",
    "a sub-query": "select id from charges where scope = $1 and intent in (select id from intents)",
    "a with query": "with x as (select id from intents) select c.id from charges c, x where c.scope = $1",
    "one arm of a union": "select id from charges where scope = $1 union all select id from intents",
    "a second table": "select c.id from charges c, intents i where c.scope = $1",
    "an update": "update charges set doc = $2 where id = $3",
    "an update's source": "update charges t set doc = i.doc from intents i where t.scope = $1",
    "a delete": "delete from charges using intents i where i.scope = $1",
    "an insert without it": "insert into outbox (fact) values ($1)",
    "an insert of another": "insert into outbox (scope, fact) values ($2, $1)",
    "an insert from elsewhere": "insert into outbox (scope, fact) select i.scope, $2 from intents i",
    "an inequality": "select id from charges where scope >= $1",
    "its negation": "select id from charges where not scope = $1",
}


@pytest.mark.parametrize("sql", BAD.values(), ids=BAD)
def test_the_law_refuses(sql: str):
    assert unbound(sql)


GOOD = {
    "bound": "select id from charges where scope = $1",
    "the other way round": "select id from charges where $1 = scope",
    "through a join": "select c.id from charges c join intents i on i.scope = c.scope and i.id = c.intent where c.scope = $1",
    "a left join": "select c.id from charges c left join intents i on i.scope = $1 and i.id = c.intent where c.scope = $1",
    "a sub-query that looks out": (
        "select id from charges c where scope = $1 and exists (select from refunds r where r.scope = c.scope)"
    ),
    "a table without scopes": "select id from merchants",
    "an insert": "insert into outbox (scope, fact) select $1, $2",
}


@pytest.mark.parametrize("sql", GOOD.values(), ids=GOOD)
def test_the_law_lets_pass(sql: str):
    assert unbound(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select now()",
        "select pg_catalog.now()",
        "select random()",
        "select current_timestamp",
        "update charges set created = extract(epoch from clock_timestamp()) where scope = $1",
    ],
)
def test_a_planted_clock_is_found(sql: str):
    assert clocks(sql)


PUT_TOGETHER = [
    'f"select {columns} from charges where id = $1"',
    "f\"select id from charges where id = '{id}'\"",
    'f"select {x}" f" from charges"',
    '"select " + columns + " from charges where id = " + id',
    '"select id " + "from charges where id = " + id',
    '"select {} from charges".format(columns)',
    '"select %s from charges" % columns',
    '"SELECT id FROM charges WHERE id = " + id',
    'f"DELETE FROM {table}"',
]


@pytest.mark.shows("S18")
@pytest.mark.parametrize("sql", PUT_TOGETHER)
def test_a_statement_that_is_put_together_is_found(sql: str):
    """By an f-string, a sum, a format: in a function, or in a method of any new file."""
    assert strays(Source(Path("new/folder/x.py"), f"def f(db, id, x, table, columns):\n    return db.fetch({sql})\n")) == [2]


@pytest.mark.shows("S18")
def test_every_file_of_the_program_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A new folder, however deep, is read like any other; only generated types are left out."""
    monkeypatch.setattr("tests.tidy.source.SLUICE", tmp_path)
    (tmp_path / "brand" / "new").mkdir(parents=True)
    (tmp_path / "brand" / "new" / "x.py").write_text('def f(db):\n    return db.fetch(f"select {1} from charges")\n')
    assert [strays(source) for source in sources()] == [[2]]


def test_a_planted_statement_is_found():
    text = 'def f(db):\n    "select id from charges"\n    return db.fetch("select id from charges where id = $1")\n'
    assert strays(Source(Path("x.py"), text)) == [3]
    assert strays(Source(Path("x.py"), 'ASKS = "select id from charges where id = $1"\n')) == []
