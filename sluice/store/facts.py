"""The one place that writes facts. A fact is a value; its ONE statement is composed from its row types (DESIGN §4).

lock every saved row at the version that was read -> claim or finish the key -> write everything else from that gate.
A part that fails undoes no other, so each is made from the one before. A moved row or a taken key writes nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple, replace

from sluice.store.rows import Line, Row, columns


class Claim(Struct, frozen=True):
    """A new idempotency key. `token` says whose claim it is; `status` and `body` are set when the answer is known at once."""

    key: str
    fingerprint: bytes
    token: str
    request: str
    created: int
    status: int | None = None
    body: str | None = None


class Finish(Struct, frozen=True):
    """The answer of a key that was claimed before, by that token."""

    key: str
    token: str
    status: int
    body: str


class Wide(Struct, frozen=True):
    """A change of every row of `table` whose `column` is `value`: for what a fact cannot name one by one."""

    table: str
    column: str
    value: str
    change: str  # SQL, constant


class Fact(Struct, frozen=True):
    """One change that happened: state, and the postings and events it owes, together."""

    name: str  # what the kill matrix and the traces call it: confirm.open, confirm.settle
    scope: int = 0
    id: str = ""
    key: Claim | Finish | None = None
    saved: Sequence[Row] = ()  # as they will be, at the version that was read
    stand: Sequence[Row] = ()  # must still stand as they were read; nothing of them is written
    new: Sequence[Row] = ()
    gone: Sequence[Row] = ()
    wide: Sequence["Wide"] = ()
    lines: Sequence[Line] = ()  # postings and events

    def written(self) -> dict[tuple[type[Row], str], Row]:
        """The rows as the table has them afterwards."""
        rows = (*self.saved, *self.new)
        return {(type(row), row.id): replace(row, version=row.version + 1) for row in rows}


class Form(NamedTuple):
    """What a fact's statement depends on; some forty in all."""

    key: type[Claim] | type[Finish] | None
    held: tuple[tuple[type[Row], bool], ...]  # in the order of locking; True: saved, False: must stand
    new: tuple[type[Row], ...]
    gone: tuple[type[Row], ...]
    wide: tuple[tuple[str, str, str], ...]
    lines: tuple[type[Line], ...]  # one for each line


def compose(fact: Fact) -> tuple[Form, list[Any]]:
    """The form, and the values in the order of its parameters, the job's number (second) left out."""
    held = sorted([(row, True) for row in fact.saved] + [(row, False) for row in fact.stand], key=in_order)
    assert all(in_order(one) < in_order(next) for one, next in pairwise(held)), "a row stands once in a fact"
    form = Form(
        type(fact.key) if fact.key else None,
        tuple((type(row), saved) for row, saved in held),
        tuple(map(type, fact.new)),
        tuple(map(type, fact.gone)),
        tuple((wide.table, wide.column, wide.change) for wide in fact.wide),
        tuple(map(type, fact.lines)),
    )
    values: list[Any] = [fact.scope, fact.id]
    for row, saved in held:
        values += astuple(row) if saved else (row.id, row.version)
    if fact.key:
        values += astuple(fact.key)
    for row in fact.new:
        values += astuple(row)
    values += [row.id for row in fact.gone]
    values += [wide.value for wide in fact.wide]
    for line in fact.lines:
        values += astuple(line)
    return form, values


def in_order(held: tuple[Row, bool]) -> tuple[str, str]:
    """By table and id, for all facts: two facts lock the rows they share in one order."""
    return held[0].table, held[0].id


class Names:
    """Hands out parameters in the order in which `compose` lays down the values."""

    def __init__(self, plain: bool) -> None:
        self.plain, self.count = plain, 0

    def take(self, *names: str) -> list[str]:
        start = self.count
        self.count += len(names)
        return [f":{name}" for name in names] if self.plain else [f"${start + n + 1}" for n in range(len(names))]


@lru_cache(None)
def statement(form: Form, plain: bool = False) -> str:
    """The one statement of a form. `plain` shows names for numbers: what the golden file and the law test read."""
    names = Names(plain)
    scope, job, fact = names.take("scope", "job", "fact")
    parts, writes = locks(form, names, scope)
    saved = [table for table, saved in form.held if saved]
    gate = claim(form, names, scope, f"from lock{len(parts) - 1}" if parts else "")
    for table in form.new:
        have, (ident, version, *rest) = columns(table), names.take(*(f"{table.table}.{c}" for c in columns(table)))
        values = ", ".join([ident, f"{version} + 1", *rest])
        # made from the saved rows of its table, so that its unique indexes see them as they will be
        ok = ", ".join(["ok", *(f"write{n}" for n, other in enumerate(saved) if other is table)])
        writes.append(f"insert into {table.table} (scope, {', '.join(have)}) select {scope}, {values} from {ok}")
    for table in form.gone:
        (ident,) = names.take(f"{table.table}.id")
        writes.append(f"delete from {table.table} t using ok where t.scope = {scope} and t.id = {ident}")
    for table_name, column, change in form.wide:
        (value,) = names.take(f"{table_name}.{column}")
        where = f"t.scope = {scope} and t.{column} = {value}"
        writes.append(f"update {table_name} t set version = version + 1, {change} from ok where {where}")
    for kind in form.lines:
        have = columns(kind)
        values = ", ".join(names.take(*(f"{kind.table}.{c}" for c in have)))
        writes.append(f"insert into {kind.table} (scope, fact, {', '.join(have)}) select {scope}, {fact}, {values} from ok")
    if form.lines:
        writes.append(f"insert into outbox (scope, fact) select {scope}, {fact} from ok")
    every = [*parts, f"ok as ({gate})", *(f"write{n} as ({sql})" for n, sql in enumerate(writes))]
    return "with " + ",\n".join(every) + f"\nselect {job}::int job, {fact}::text fact, exists (select from ok) ok"


def locks(form: Form, names: Names, scope: str) -> tuple[list[str], list[str]]:
    """Every row that was judged still stands: one lock made from the one before, and the updates of those that are saved."""
    parts: list[str] = []
    writes: list[str] = []
    for n, (table, saved) in enumerate(form.held):
        have = columns(table) if saved else ("id", "version")
        ident, version, *rest = names.take(*(f"{table.table}.{c}" for c in have))
        after = f", lock{n - 1}" if n else ""
        parts.append(
            f"lock{n} as (select from {table.table} t{after} where t.scope = {scope} and t.id = {ident}"
            f" and t.version = {version} for update of t)"
        )
        if saved:
            kept = ", ".join(f"{c} = {p}" for c, p in zip(have[2:], rest, strict=True))
            where = f"t.scope = {scope} and t.id = {ident}"
            seen = " returning 1" if table in form.new else ""
            writes.append(f"update {table.table} t set version = {version} + 1, {kept} from ok where {where}{seen}")
    return parts, writes


def claim(form: Form, names: Names, scope: str, held: str) -> str:
    """The gate: one row if the key could be claimed or finished and every lock was had, none otherwise."""
    if form.key is Claim:
        have = columns_of(Claim)
        values = ", ".join(names.take(*(f"key.{c}" for c in have)))
        return (
            f"insert into idempotency (scope, {', '.join(have)}) select {scope}, {values} {held}"
            " on conflict (scope, key) do nothing returning 1"
        )
    if form.key is Finish:
        key, token, status, body = names.take(*(f"key.{c}" for c in columns_of(Finish)))
        where = f"k.scope = {scope} and k.key = {key} and k.token = {token} and k.status is null"
        return f"update idempotency k set status = {status}, body = {body} {held} where {where} returning 1"
    return f"select 1 {held}"


@lru_cache(None)
def columns_of(key: type[Claim] | type[Finish]) -> tuple[str, ...]:
    return key.__struct_fields__
