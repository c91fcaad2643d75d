"""The mirror: what was read of another account of the same API, byte for byte. Nothing in it can be charged."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, final

import msgspec

from sluice.shapes.objects import build
from sluice.store.database import Database
from sluice.store.rows import Row

KEEP = """insert into mirrored (scope, id, version, created, kind, source, body)
    select $1, l.id, 1, l.created, l.kind, $2, l.body
    from unnest($3::text[], $4::bigint[], $5::text[], $6::text[]) with ordinality l (id, created, kind, body, place)
    order by l.place
    on conflict (scope, id) do update set version = mirrored.version + 1, created = excluded.created, kind = excluded.kind,
        source = excluded.source, body = excluded.body where mirrored.body <> excluded.body"""
REACHED = """insert into readings (scope, source, resource, cursor, seen, done) values ($1, $2, $3, $4, $5, $6)
    on conflict (scope, source, resource) do update set cursor = $4, seen = $5, done = $6"""
READINGS = "select resource, cursor, seen, done from readings where scope = $1 and source = $2"
BODIES = "select n, body from mirrored where scope = $1 and n > $2 order by n limit $3"
IDS = "select id from mirrored where scope = $1 and kind = $2 and source = $3 and id > $4 order by id limit $5"


@final
class Mirrored(Row, frozen=True):
    """`created`: the object's own second. `source`: the account that it was read from."""

    table: ClassVar[str] = "mirrored"
    noun: ClassVar[str] = "mirrored object"
    created: int
    kind: str
    source: str
    body: str

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "sluice.mirrored",
            id=self.id,
            created=self.created,
            data=msgspec.json.decode(self.body),
            kind=self.kind,
            livemode=livemode,
            source=self.source,
        )


class Reading(NamedTuple):
    """How far one list was read: up to the object `cursor`, `seen` in all; `done`: to its end."""

    cursor: str | None = None
    seen: int = 0
    done: bool = False


class Line(NamedTuple):
    """One object as it was given. Raises ValueError for what is none."""

    id: str
    created: int
    kind: str
    body: str

    @staticmethod
    def of(body: bytes) -> "Line":
        said = msgspec.json.decode(body)
        if not (isinstance(said, dict) and isinstance(said.get("id"), str) and isinstance(said.get("object"), str)):
            raise ValueError("an object with an id and its kind in `object` is needed")
        created = said.get("created")
        return Line(said["id"], created if type(created) is int else 0, said["object"], body.decode())


async def keep(database: Database, scope: int, source: str, lines: Sequence[Line], *reached: tuple[str, Reading]) -> None:
    """Writes them, with how far their lists have been read, in one commit. Done again it changes nothing."""
    columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], [], []]
    async with database.transaction() as connection:
        await connection.execute(KEEP, scope, source, *columns)
        for resource, reading in reached:
            await connection.execute(REACHED, scope, source, resource, *reading)


async def readings(database: Database, scope: int, source: str) -> dict[str, Reading]:
    rows = await database.fetch(READINGS, scope, source)
    return {row["resource"]: Reading(row["cursor"], row["seen"], row["done"]) for row in rows}
