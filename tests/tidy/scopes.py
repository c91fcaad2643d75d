"""Law 6 as a machine: PostgreSQL's own parser reads a statement, and each table that has a scope must be bound to `$1`.

Bound is what an AND-ed condition of its own level holds to `$1`, or to the scope of what is bound already. A condition under an
OR binds nothing; the ON of an outer join binds only the side that it may leave empty.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import postgast
from postgast import pg_query_pb2 as pg

from sluice.store.migrate import steps

STATEMENTS = (pg.SelectStmt, pg.InsertStmt, pg.UpdateStmt, pg.DeleteStmt)
CLOCKS = {
    "now",
    "random",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
}


class Column(NamedTuple):
    table: str  # its alias, "" where none is named
    name: str


@cache
def scoped_tables() -> frozenset[str]:
    """Those that the migrations make with a column `scope`, and views that show one."""
    trees = [postgast.parse(sql) for _, sql in steps()]
    tables = (
        table.relation.relname
        for tree in trees
        for table in postgast.find_nodes(tree, pg.CreateStmt)
        if any(column.colname == "scope" for column in postgast.find_nodes(table, pg.ColumnDef))
    )
    views = (
        made.view.relname
        for tree in trees
        for made in postgast.find_nodes(tree, pg.ViewStmt)
        if "scope" in shown(inner(made.query))
    )
    return frozenset((*tables, *views))


def shown(query: Any) -> set[str]:
    """The columns that a query shows as they are."""
    given = (value(inner(inner(target).val)) for target in query.target_list)
    return {each.name for each in given if isinstance(each, Column)}


def unbound(sql: str) -> list[str]:
    """Tables that no condition binds to the scope; [] is what the law wants."""
    return [fault for each in postgast.parse(sql).stmts for fault in faults(inner(each.stmt), frozenset(), frozenset())]


def clocks(sql: str) -> set[str]:
    """What would tell the time or draw chance (Law 7)."""
    tree = postgast.parse(sql)
    called = {function.funcname[-1].string.sval for function in postgast.find_nodes(tree, pg.FuncCall)}
    values = postgast.find_nodes(tree, pg.SQLValueFunction)
    return called & CLOCKS | {"current_timestamp" for value in values if value.op < pg.SVFOP_CURRENT_ROLE}


def inner(node: Any) -> Any:
    return postgast.unwrap_node(node) if isinstance(node, pg.Node) else node


def faults(statement: Any, known: frozenset[str], outer: frozenset[str]) -> Iterator[str]:
    """`known`: names of WITH queries, which are read on their own; `outer`: what is bound around a sub-query."""
    for cte in statement.with_clause.ctes if statement.HasField("with_clause") else ():
        query = inner(cte).ctequery
        known |= {inner(cte).ctename}
        yield from faults(inner(query), known, outer)
    if isinstance(statement, pg.SelectStmt) and statement.HasField("larg"):
        yield from faults(statement.larg, known, outer)
        yield from faults(statement.rarg, known, outer)
        return
    tables, bound = level(statement, known, outer)
    yield from (table for alias, table in tables.items() if table in scoped_tables() and alias not in bound)
    if isinstance(statement, pg.InsertStmt):
        yield from insert_fault(statement, known, outer)
    for query in nested(statement):
        yield from faults(query, known, outer | bound)


def level(statement: Any, known: frozenset[str], outer: frozenset[str]) -> tuple[dict[str, str], frozenset[str]]:
    """The tables of one level by their aliases, and which of them are bound."""
    tables: dict[str, str] = {}
    equal: list[tuple[Column, Any, frozenset[str] | None]] = []  # the third: which sides the condition can bind, None: all
    if isinstance(statement, pg.UpdateStmt | pg.DeleteStmt):
        relation = statement.relation
        tables[relation.alias.aliasname or relation.relname] = relation.relname
    sources = getattr(statement, "from_clause", None) or getattr(statement, "using_clause", ())
    for source in sources:
        read(inner(source), tables, equal, known)
    if not isinstance(statement, pg.InsertStmt) and statement.HasField("where_clause"):
        equal += [(left, right, None) for left, right in equalities(inner(statement.where_clause))]
    bound: set[str] = set()
    only = next(iter(tables)) if len(tables) == 1 else ""
    for _ in range(len(equal) + 1):
        for left, right, sides in equal:
            alias = left.table or only
            holds = is_scope(right) or (
                isinstance(right, Column) and right.name == "scope" and (right.table or only) in bound | outer
            )
            if left.name == "scope" and holds and (sides is None or alias in sides):
                bound.add(alias)
    return tables, frozenset(bound)


def read(source: Any, tables: dict[str, str], equal: list[Any], known: frozenset[str]) -> None:
    """Takes a FROM item's tables, and what its joins hold equal."""
    if isinstance(source, pg.RangeVar):
        name = source.relname
        tables[source.alias.aliasname or name] = "" if name in known else name
    elif isinstance(source, pg.JoinExpr):
        right: dict[str, str] = {}
        left: dict[str, str] = {}
        read(inner(source.larg), left, equal, known)
        read(inner(source.rarg), right, equal, known)
        tables |= left | right
        sides = {pg.JOIN_INNER: None, pg.JOIN_LEFT: frozenset(right), pg.JOIN_RIGHT: frozenset(left)}.get(
            source.jointype, frozenset()
        )
        if source.HasField("quals"):
            equal += [(a, b, sides) for a, b in equalities(inner(source.quals))]


def equalities(condition: Any) -> Iterator[tuple[Column, Any]]:
    """The `column = …` among the AND-ed parts, both ways round."""
    if isinstance(condition, pg.BoolExpr) and condition.boolop == pg.AND_EXPR:
        for part in condition.args:
            yield from equalities(inner(part))
    elif isinstance(condition, pg.A_Expr) and condition.kind == pg.AEXPR_OP and condition.name[0].string.sval == "=":
        sides = [value(inner(condition.lexpr)), value(inner(condition.rexpr))]
        for left, right in (sides, sides[::-1]):
            if isinstance(left, Column):
                yield left, right


def value(node: Any) -> Any:
    if isinstance(node, pg.ColumnRef):
        *table, name = [inner(field).sval for field in node.fields if isinstance(inner(field), pg.String)] or [""]
        return Column(table[-1] if table else "", name)
    return value(inner(node.arg)) if isinstance(node, pg.TypeCast) else node


def is_scope(node: Any) -> bool:
    """The scope is every statement's first parameter."""
    return isinstance(node, pg.ParamRef) and node.number == 1


def insert_fault(statement: Any, known: frozenset[str], outer: frozenset[str]) -> Iterator[str]:
    """A new row of a scoped table bears `$1` in its column, or the scope of what is bound."""
    names = [inner(column).name for column in statement.cols]
    if statement.relation.relname not in scoped_tables():
        return
    if "scope" not in names:
        yield statement.relation.relname
        return
    source, at = inner(statement.select_stmt), names.index("scope")
    given = [inner(row).items[at] for row in source.values_lists] or [inner(source.target_list[at]).val]
    bound = level(source, known, outer)[1] | outer
    for each in given:
        told = value(inner(each))
        if not (is_scope(told) or (isinstance(told, Column) and told.name == "scope" and told.table in bound)):
            yield statement.relation.relname


def nested(node: Any) -> Iterator[Any]:
    """The statements right inside, whatever holds them; WITH queries are read apart."""
    for field, value in node.ListFields():
        if field.name == "with_clause" or field.type != field.TYPE_MESSAGE:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, STATEMENTS):
                yield each
            else:
                yield from nested(each)
