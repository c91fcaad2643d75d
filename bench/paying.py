"""(a) Payments created, and created and confirmed: pgbench, our writer and HTTP in turn, so that all share the same minute."""

from typing import Any, NamedTuple

from bench import load, pgbench, store
from bench.figures import Figure, Sample
from bench.ground import Ground
from bench.patterns import CREATE, PAY, Pattern, body, recorded
from sluice.store.database import Database, connect

CLIENTS = (1, 8, 32, 128)
STORE = {("create", 32): 1.5, ("create", 128): 1.8, ("create and confirm", 32): 1.1, ("create and confirm", 128): 2.0}
HTTP = {("create", 32): 0.5, ("create", 128): 0.8}
WRITTEN = "select count(*) from idempotency where status is not null"


class Work(NamedTuple):
    """What is paid: its facts, and the forms of the same calls over HTTP; none for what HTTP would not add to."""

    name: str
    patterns: tuple[Pattern, ...]
    form: dict[str, str] | None


def measure(ground: Ground, rounds: int, seconds: float, say: Any) -> list[Figure]:
    database = ground.run(connect(str(ground.dsn)))
    try:
        return measured(ground, database, rounds, seconds, say)
    finally:
        ground.run(database.close())


def measured(ground: Ground, database: Database, rounds: int, seconds: float, say: Any) -> list[Figure]:
    create, pay = (ground.run(recorded(ground.desk, ground.secret, form)) for form in (CREATE, PAY))
    works = [
        Work("create", (create,), CREATE),
        Work("create and confirm", (pay,), PAY),
        Work("both, mixed groups", (create, pay), None),
    ]
    figures = {key: figure for work in works for key, figure in blank(work).items()}
    number = 0
    for turn in range(rounds):
        for work in works:
            for clients in CLIENTS if work.form else CLIENTS[2:]:
                say(f"round {turn + 1} of {rounds}: {work.name}, {clients} clients")
                number += 1
                theirs = pgbench.run(str(ground.dsn), work.patterns, clients, seconds, ground.folder / "pgbench", number)
                before = written(ground, database)
                ours = ground.run(store.run(database, work.patterns, clients, seconds))
                assert written(ground, database) > before
                note(figures[work.name, "store", clients], ours, theirs)
                if work.form:
                    over = load.run(ground.intents, ground.secret, body(work.form), clients, seconds, ground.folder, ground.api)
                    note(figures[work.name, "HTTP", clients], over, theirs)
    return [*figures.values(), *bounds(figures["create", "HTTP", 1].ours, figures["create", "HTTP", 128].ours)]


def bounds(alone: list[Sample], many: list[Sample]) -> list[Figure]:
    """What a caller waits, and what a create costs us, whatever pgbench does."""
    return [
        Figure("a", "create over HTTP, alone: p50", "ms", most=1.5, ours=[Sample(each.p50) for each in alone]),
        Figure("a", "create over HTTP, 128 clients: p99", "ms", most=60.0, ours=[Sample(each.p99) for each in many]),
        Figure(
            "a", "create over HTTP, 128 clients: CPU of the server", "µs", most=170.0, ours=[Sample(each.cpu) for each in many]
        ),
    ]


def note(figure: Figure, ours: Sample, theirs: Sample) -> None:
    figure.ours.append(ours)
    figure.theirs.append(theirs)


def written(ground: Ground, database: Database) -> int:
    return int(ground.run(database.fetch(WRITTEN))[0][0])


def blank(work: Work) -> dict[tuple[str, str, int], Figure]:
    found = {}
    for way, goals in (("store", STORE), ("HTTP", HTTP)):
        for clients in CLIENTS if work.form else CLIENTS[2:]:
            if way == "store" or work.form:
                name = f"{work.name}, {way}, {clients} client" + "s" * (clients > 1)
                found[work.name, way, clients] = Figure("a", name, goal=goals.get((work.name, clients)))
    return found
