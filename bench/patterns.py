"""A payment's facts as statements with holes: the same SQL and the same bytes for our committer and for pgbench."""

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import urlencode

from sluice.api.door import Door
from sluice.api.guard import Guard
from sluice.core.clock import clock
from sluice.core.settings import Limits
from sluice.merchants.keys import Authenticator
from sluice.payments.desk import Desk
from sluice.payments.opening import STANDARD
from sluice.store.database import Database
from sluice.store.facts import Claim, Fact, Finish, compose, statement

FRESH = count(1)
Holes = dict[int, list[tuple[int | None, int]]]  # a value's place -> which of its parts (None: all of it), which fresh id
CREATE = {"amount": "2000", "currency": "usd", "description": "Order 1017", "metadata[order]": "1017"}
PAY = CREATE | {
    "automatic_payment_methods[enabled]": "true",
    "automatic_payment_methods[allow_redirects]": "never",
    "payment_method": "pm_card_visa",
    "confirm": "true",
}


class Step(NamedTuple):
    """One fact, composed."""

    fact: Fact
    sql: str
    values: list[Any]  # in the order of the parameters, but for the job's number, which stands second
    holes: Holes


class Pattern(NamedTuple):
    """The facts of one call, in order. Each run of it draws as many fresh ids as it needs."""

    steps: tuple[Step, ...]
    ids: int


def body(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


async def recorded(desk: Desk, secret: str, form: dict[str, str]) -> Pattern:
    """The facts that the program itself writes for this form, taken down while it does."""
    facts: list[Fact] = []
    write = Database.write

    async def note(database: Database, fact: Fact, **how: Any) -> bool:
        facts.append(fact)
        return await write(database, fact, **how)

    await desk.vault.load(clock.seconds())  # what came before may have taken longer than keys are believed
    with patch.object(Database, "write", note):
        await post(desk, secret, body(form))
    return pattern(facts)


async def post(desk: Desk, secret: str, form: bytes) -> None:
    """One call through the door, without a server."""
    door = Door(desk, Authenticator(desk.database), STANDARD, trusted=(), guard=Guard(Limits()), tell=lambda line: None)
    headers = [(b"authorization", f"Bearer {secret}".encode()), (b"idempotency-key", f"recorded-{next(FRESH)}".encode())]
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": form}

    async def send(message: Any) -> None:
        said.append(message)

    path = "/v1/payment_intents"
    scope = {"method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    await door(scope, receive, send)
    assert said[0]["status"] == 200, said


def pattern(facts: list[Fact]) -> Pattern:
    known = {name: number for number, name in enumerate(dict.fromkeys(name for fact in facts for name in names(fact)))}
    return Pattern(tuple(step(fact, known) for fact in facts), len(known))


def names(fact: Fact) -> Iterator[str]:
    """Whatever must differ in the next payment."""
    yield fact.id
    if isinstance(fact.key, Claim | Finish):
        yield from (fact.key.key, fact.key.token)
    for row in fact.new:
        yield row.id
        if reference := getattr(row, "reference", None):
            yield reference
    yield from (line.id for line in fact.lines if hasattr(line, "id"))


def step(fact: Fact, known: dict[str, int]) -> Step:
    form, values = compose(fact)
    holes = {place: found for place, value in enumerate(values) if (found := holes_in(value, known))}
    return Step(fact, statement(form), values, holes)


def holes_in(value: Any, known: dict[str, int]) -> list[tuple[int | None, int]]:
    if isinstance(value, tuple):
        return [(n, known[each]) for n, each in enumerate(value) if isinstance(each, str) and each in known]
    return [(None, known[value])] if isinstance(value, str) and value in known else []


def filled(step: Step, fresh: list[str]) -> list[Any]:
    """The values of one more payment: composed as the program does it each time, then named anew."""
    _, values = compose(step.fact)
    for place, holes in step.holes.items():
        for within, number in holes:
            if within is None:
                values[place] = fresh[number]
            else:
                values[place] = (*values[place][:within], fresh[number], *values[place][within + 1 :])
    return values
