"""S14: guessing and card testing are slowed at the door, and whoever is past a limit costs no statement."""

from contextlib import ExitStack
from typing import Any
from unittest.mock import AsyncMock, Mock
from urllib.parse import urlencode

import msgspec
import pytest

from sluice.api.door import Door
from sluice.api.guard import PAYS, Guard
from sluice.core.debugging import switches
from sluice.core.errors import Refused, TooMany
from sluice.core.networks import neighbourhood
from sluice.core.settings import Limits, Network
from sluice.merchants.keys import Authenticator, digest
from sluice.merchants.permissions import Identity
from sluice.payments.answers import Answer
from sluice.rules.calls import Call
from sluice.rules.plans import Terms

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
CONFIRM = "/v1/payment_intents/pi_1/confirm"
SECRET = {"client_secret": "right"}
DECLINED = b'{"error": {"code": "card_declined", "type": "card_error"}}'
COMMON = {
    "merchant": "acct_1",
    "customer": None,
    "permissions": {},
    "networks": [],
    "expires": None,
    "revoked": None,
    "currency": "usd",
}


class Database:
    """One key of each kind and mode; counts the statements that it is asked."""

    def __init__(self) -> None:
        self.statements = 0

    async def fetchrow(self, sql: str, hashed: bytes) -> dict[str, Any] | None:
        self.statements += 1
        for number, text in enumerate(KEYS):
            if digest(text) == hashed:
                kind, mode = text.split("_")[:2]
                row = {"scope": 1 + (mode == "live"), "livemode": mode == "live", "kind": kind, "id": f"key_{number}"}
                return row | COMMON
        return None


def key(kind: str, mode: str = "live", last: str = "0") -> str:
    return f"{kind}_{mode}_{last * 32}"


KEYS = [key(kind, mode, last) for kind in ("sk", "pk") for mode in ("live", "test") for last in ("0", "1")]


class Shop(Door):
    """The door, with what lies behind it played: each confirmation is one statement and ends as `card` says."""

    card = "declined"

    async def done(self, served: object, call: Call) -> Answer:
        self.desk.database.statements += 1
        if call.params.get("client_secret", "right") != "right":
            raise Refused("wrong", code="payment_intent_invalid_parameter", param="client_secret")
        return Answer(402, DECLINED) if self.card == "declined" else Answer(200, b"{}")


class Line:
    """Calls the door as uvicorn does, from any address."""

    def __init__(self, limits: Limits, trusted: tuple[Network, ...] = ()) -> None:
        self.database = Database()
        desk: Any = Mock(database=self.database, rails={"sandbox"}, public_url="http://localhost")
        desk.vault.keyring.mac.return_value = b"f"
        desk.accounts.return_value = ("sandbox",)
        made: Any = Authenticator(self.database)  # type: ignore[arg-type]
        self.door = Shop(desk, made, Terms(), trusted=trusted, guard=Guard(limits), tell=lambda line: None)
        self.headers, self.message = dict[str, str](), ""

    async def __call__(
        self, key: str, given: dict[str, str] | None = None, peer: str = HERE, path: str = CONFIRM, **headers: str
    ) -> tuple[int, str]:
        """The status, and the error's code or message."""
        body, said = urlencode(given or {}).encode(), []
        sent = {"authorization": f"Bearer {key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {"type": "http", "method": "POST" if path == CONFIRM else "GET", "path": path, "raw_path": path.encode()}
        scope |= {"query_string": b"", "client": (peer, 1), "headers": [(n.encode(), v.encode()) for n, v in sent.items()]}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.door(scope, receive, send)
        self.headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        error = msgspec.json.decode(said[1]["body"]).get("error", {})
        self.message = error.get("message", "")
        return said[0]["status"], error.get("code", "")


LIVE = Limits("live", guesses=3, declines=4)
ALWAYS = Limits("always", guesses=3, declines=4)


@pytest.mark.shows("S14")
async def test_guessing_keys_is_slowed_and_a_refusal_costs_no_statement() -> None:
    """Unknown keys from one address are soon refused before the database is asked; other addresses are served."""
    line = Line(LIVE)
    said = [(await line(key("sk", last=str(n)), peer=HERE))[0] for n in range(2, 8)]
    assert said == [401, 401, 401, 429, 429, 429]
    assert line.database.statements == 3
    assert line.headers["stripe-rate-limited-reason"] == "resource-specific"
    assert 1 <= int(line.headers["retry-after"]) <= 200
    assert line.headers["stripe-should-retry"] == "false"
    assert (await line(key("sk", last="2"), peer=ELSEWHERE))[0] == 401


@pytest.mark.shows("S14")
async def test_a_key_that_has_worked_here_is_never_locked_out() -> None:
    """Who guesses from a shop's own address locks out nobody who was in before; a key that was revoked is a guess again."""
    line = Line(LIVE)
    line.door.card = "good"
    assert (await line(key("sk")))[0] == 200
    for n in range(2, 9):
        await line(key("sk", last=str(n)))
    line.door.authenticator.known[digest(key("sk"))] = line.door.authenticator.known[digest(key("sk"))]._replace(until=0)
    assert (await line(key("sk")))[0] == 200
    assert (await line(key("sk", last="1")))[0] == 429
    line.database.fetchrow = AsyncMock(return_value=None)  # type: ignore[method-assign]  # revoked
    line.door.authenticator.known[digest(key("sk"))] = line.door.authenticator.known[digest(key("sk"))]._replace(until=0)
    assert [(await line(key("sk")))[0] for _ in range(2)] == [401, 429]


@pytest.mark.shows("S14")
async def test_guessing_client_secrets_is_slowed() -> None:
    """Wrong secrets from one address are soon refused without a statement, right ones there too; elsewhere all is well."""
    line = Line(LIVE)
    line.door.card = "good"
    said = [await line(key("pk"), {"client_secret": f"guess{n}"}) for n in range(5)]
    assert [status for status, _ in said] == [400, 400, 400, 429, 429]
    asked = line.database.statements
    assert (await line(key("pk"), SECRET))[0] == 429
    assert line.database.statements == asked
    assert (await line(key("pk"), SECRET, ELSEWHERE))[0] == 200
    assert (await line(key("sk"), SECRET))[0] == 200


@pytest.mark.shows("S14")
async def test_testing_cards_from_one_address_is_slowed() -> None:
    """So many declines from one buyer's address, then 429 without a statement; approvals never count."""
    line = Line(LIVE)
    said = [(await line(key("pk"), SECRET))[0] for _ in range(6)]
    assert said == [402, 402, 402, 402, 429, 429]
    asked = line.database.statements
    assert await line(key("pk"), SECRET) == (429, "rate_limit")
    assert line.database.statements == asked
    line.door.card = "good"
    assert [(await line(key("pk"), SECRET, ELSEWHERE))[0] for _ in range(20)] == [200] * 20


@pytest.mark.shows("S14")
async def test_testing_cards_from_many_addresses_is_slowed() -> None:
    """A publishable key that is declined from everywhere is held back as a whole; the shop's server still confirms."""
    line = Line(LIVE)
    said = [(await line(key("pk"), SECRET, f"10.0.{n}.1"))[0] for n in range(100)]
    assert said == [402] * 80 + [429] * 20
    assert (await line(key("pk", last="1"), SECRET, "10.9.9.9"))[0] == 402
    assert (await line(key("sk"), {}, "10.9.9.9"))[0] == 402


@pytest.mark.shows("S14")
def test_buyers_who_pay_at_once_are_not_told_that_they_were_declined() -> None:
    """Places are held while a bank is asked: past them a short wait, and the true reason; the places come back."""
    guard, buyer = Guard(Limits("always", declines=2)), Identity(1, "acct_1", False, "pk", "key_1", {})
    with ExitStack() as paying:
        for _ in range(2):
            paying.enter_context(guard.payment(buyer, PAYS[0], HERE, 100.0))
        with pytest.raises(TooMany, match="at this moment") as busy, guard.payment(buyer, PAYS[0], HERE, 100.0):
            pass
        assert busy.value.wait == 1
    assert not guard.trying
    for _ in range(2):
        with guard.payment(buyer, PAYS[0], HERE, 100.0) as tried:
            tried.declined = True
    with pytest.raises(TooMany, match="were declined"), guard.payment(buyer, PAYS[0], HERE, 100.0):
        pass


async def test_a_server_is_not_blamed_for_its_buyers() -> None:
    """What a shop's server confirms with its secret key counts against no address."""
    line = Line(LIVE)
    assert [(await line(key("sk")))[0] for _ in range(20)] == [402] * 20


async def test_test_mode_meets_no_limit_unless_it_is_asked_for() -> None:
    """B-1.44: off in test, on in live; `always` is for those who want to see it."""
    line = Line(LIVE)
    assert {(await line(key("pk", "test"), SECRET))[0] for _ in range(20)} == {402}
    assert {(await line(key("sk", "test", str(n))))[0] for n in range(2, 10)} == {401}
    assert {(await Line(Limits("off", 1, 1, 1))(key("pk"), SECRET))[0] for _ in range(20)} == {402}
    strict = Line(ALWAYS)
    assert [(await strict(key("pk", "test"), SECRET))[0] for _ in range(5)][-1] == 429


async def test_an_accounts_calls_and_a_browsers_are_counted_apart() -> None:
    """B-1.44: the account's bucket is its servers'; who has only the publishable key cannot empty it."""
    line = Line(Limits("live", rate=5))
    line.door.card = "good"
    assert [(await line(key("pk"), SECRET))[0] for _ in range(7)] == [200] * 5 + [429] * 2
    assert line.headers["stripe-rate-limited-reason"] == "global-rate"
    assert [(await line(key("sk")))[0] for _ in range(7)] == [200] * 5 + [429] * 2
    assert (await line(key("sk", last="1")))[0] == 429


@pytest.mark.shows("S13", "S14")
async def test_a_header_that_anybody_can_write_changes_no_address() -> None:
    """X-Forwarded-For counts only from a proxy that was named; else each guess would come from somewhere else."""
    line = Line(LIVE)
    said = [(await line(key("pk"), SECRET, x_forwarded_for=f"10.1.1.{n}"))[0] for n in range(6)]
    assert said == [402] * 4 + [429] * 2


@pytest.mark.shows("S30")
async def test_live_takes_no_write_beside_a_switch_for_tests() -> None:
    """The refusal names the switch and its cure; reads go on, and so does test mode."""
    line = Line(Limits())
    line.door.card, line.door.debugging = "good", switches({"SLUICE_FAULTS": "list:/dev/null"})
    assert (await line(key("sk")))[0] == 403
    assert "SLUICE_FAULTS is set" in line.message
    assert (await line(key("sk"), path="/v1/payment_intents/pi_1"))[0] == 200
    assert (await line(key("sk", "test")))[0] == 200


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
        ("x" * 1_000, "x" * 100),
    ],
)
def test_whom_a_call_is_held_against(address: str, whom: str) -> None:
    """S14: an IPv6 caller has a /64 to himself, so changing within it changes nothing."""
    assert neighbourhood(address) == whom
