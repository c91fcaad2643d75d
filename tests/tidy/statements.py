"""Every SQL statement of the program, by name: constants beside their functions, and what the few composers make."""

import re
from collections.abc import Iterator
from importlib import import_module
from inspect import getclosurevars
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, NamedTuple

import sluice
from sluice.api.operations import SERVED
from sluice.api.reads import Listed
from sluice.books.verify import checks as verify
from sluice.payments.proofs import EVERY
from sluice.payments.settling import LOADS
from sluice.rules.calls import Verb
from sluice.store import lists, reads
from sluice.store.facts import Claim, Finish, Form, statement
from sluice.store.rows import Line, Row, columns

SQL = re.compile(r"\s*(select|insert\s+into|update|delete\s+from|with)\s", re.IGNORECASE)


class Statement(NamedTuple):
    name: str
    sql: str


def modules() -> list[ModuleType]:
    """All of the program's; `__main__` would run."""
    names = [found.name for found in walk_packages(sluice.__path__, "sluice.") if not found.name.endswith("__main__")]
    return [import_module(name) for name in names]


def constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Module-level names that hold a statement."""
    for name, value in vars(module).items():
        if name.isupper() and isinstance(value, str) and SQL.match(value):
            yield name, value


def named() -> Iterator[Statement]:
    """Those that bind a scope; a module's BEFORE_SCOPE says which of its own come before one is known."""
    for module in modules():
        exempt = getattr(module, "BEFORE_SCOPE", ())
        yield from (Statement(f"{module.__name__}.{name}", sql) for name, sql in constants(module) if sql not in exempt)


def before_scope() -> set[str]:
    return {sql for module in modules() for sql in getattr(module, "BEFORE_SCOPE", ())}


def below(kind: type[Any]) -> list[type[Any]]:
    found = {each for sub in kind.__subclasses__() for each in (sub, *below(sub))}
    return sorted((each for each in found if each.__module__.startswith("sluice.")), key=lambda each: each.__qualname__)


def rows() -> list[type[Row]]:
    modules()
    return [row for row in below(Row) if "table" in vars(row)]


def facts() -> Iterator[Statement]:
    """The writer's statement of every row type in each part that it can play, under each kind of key."""
    modules()
    kinds = tuple(line for line in below(Line) if "table" in vars(line))
    for key in (None, Claim, Finish):
        for row in rows():
            saved = ((row, True),) if len(columns(row)) > 2 else ()  # one without columns is never saved
            for held in ((), saved, ((row, False),), (*saved, (row, False))):
                form = Form(key, held, (row,), (row,), ((row.table, "customer", "doc = null"),), kinds)
                yield Statement(f"fact {key and key.__name__} {row.__name__} {[kept for _, kept in held]}", statement(form))


def loads() -> Iterator[Statement]:
    yield Statement("load settling", reads.statement(LOADS))
    for id, op in SERVED.items():
        if isinstance(op.do, Verb):
            yield Statement(f"load {id}", reads.statement(op.do.loads))


def proofs() -> Iterator[Statement]:
    """What `sluice ledger verify` asks: some of its claims are made for each noun."""
    for check in EVERY:
        claim = getclosurevars(check.look).nonlocals.get("self")
        if isinstance(claim, verify.Claim):
            yield Statement(f"proof {claim.proves}", claim.sql)


def listings() -> Iterator[Statement]:
    for id, op in SERVED.items():
        if isinstance(op.do, Listed):
            filters = (*((column, "=") for column in op.do.filters.values()), ("created", ">"))
            for cursor in ("", "starting_after", "ending_before"):
                yield Statement(f"list {id} {cursor}", lists.statement(op.do.row, filters, cursor, op.do.fixed))


def many() -> Iterator[Statement]:
    """`Database.many`, as it composes it."""
    for row in rows():
        yield Statement(
            f"many {row.__name__}",
            f"select {', '.join(columns(row))} from {row.table} where scope = $1 and id = any($2::text[])",
        )


def every() -> list[Statement]:
    return [*named(), *facts(), *loads(), *listings(), *many(), *proofs()]
