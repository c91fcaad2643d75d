"""Who calls: the same work whether or not the key exists, and never longer believed than five seconds."""

from typing import Any

import pytest

from sluice.books.audit.entries import Who
from sluice.core.errors import Refused
from sluice.core.secrets import Secret
from sluice.merchants import keys
from sluice.merchants.keys import BY_HASH, KNOWN_SECONDS, USE_SECONDS, USED, ApiKey, Authenticator, Kind, make, revoke, roll
from sluice.merchants.permissions import Identity
from sluice.store.database import Database
from sluice.store.facts import Fact

pytest_plugins = ["tests.unit.vault_database"]

NOW = 1_800_000_000
WHO = Who("person", "owner", "desk")
HERE = "192.0.2.1"


class Counting:
    """A database that writes down its statements."""

    def __init__(self, database: Database) -> None:
        self.database, self.statements = database, list[str]()

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        self.statements.append(sql)
        return await self.database.fetchrow(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        self.statements.append(sql)
        return await self.database.execute(sql, *args)


@pytest.fixture
def door(db: Database) -> Authenticator:
    return Authenticator(Counting(db))  # type: ignore[arg-type]


async def put(door: Authenticator, kind: Kind = "sk", scope: int = 1, **wishes: Any) -> tuple[Secret, ApiKey]:
    """A key that exists, in scope 1 of acct_1 (test) unless said otherwise; the row as it lies there."""
    text, row = make(kind, scope == 2, NOW, **wishes)
    assert await door.database.database.write(Fact("key.make", scope, row.id, new=[row]))  # type: ignore[attr-defined]
    written = await door.database.database.one(ApiKey, scope, row.id)  # type: ignore[attr-defined]
    return text, written


async def refusal(door: Authenticator, text: Secret | None, now: float = NOW, peer: str = HERE) -> Refused:
    with pytest.raises(Refused) as refused:
        await door.identify(text, peer, now)
    assert text is None or text not in str(refused.value)
    assert refused.value.type == "invalid_request_error"
    return refused.value


@pytest.mark.parametrize(("scope", "account", "livemode"), [(1, "acct_1", False), (2, "acct_1", True), (3, "acct_2", False)])
async def test_the_key_chooses_the_scope(door: Authenticator, scope: int, account: str, livemode: bool) -> None:
    """B-1.2, Law 6: merchant and mode are the key's."""
    text, row = await put(door, "rk", scope, permissions={"charge": "write"})
    assert await door.identify(text, HERE, NOW) == Identity(scope, account, livemode, "rk", row.id, {"charge": "write"})


async def test_no_key(door: Authenticator) -> None:
    """B-1.3: 401 without a code; the message says how to give one."""
    refused = await refusal(door, None)
    assert (refused.status, refused.code) == (401, None)
    assert "did not provide an API key" in refused.message
    assert "Authorization: Bearer" in refused.message


@pytest.mark.parametrize("text", ["sk_test_" + "a" * 28 + "1234", "sk_live_" + "b" * 28 + "1234"])
async def test_an_unknown_key(door: Authenticator, text: str) -> None:
    """B-1.3: 401, no code, masked."""
    refused = await refusal(door, Secret(text))
    assert (refused.status, refused.code) == (401, None)
    assert refused.message == f"Invalid API Key provided: {text[:8]}****1234"


@pytest.mark.parametrize("text", ["x", "whsec_" + "a" * 32, "sk_test_", "sk test", "ключ" * 8, "\0", "a" * 10_000])
async def test_a_malformed_key(door: Authenticator, text: str) -> None:
    refused = await refusal(door, Secret(text * 2))
    assert (refused.status, refused.code) == (401, None)
    assert refused.message.startswith("Invalid API Key provided: ")


async def test_an_expired_key(door: Authenticator) -> None:
    """B-1.3: 401 `api_key_expired`, to the second, though it was accepted a moment before."""
    text, _ = await put(door, expires=NOW + 2)
    await door.identify(text, HERE, NOW + 1.9)
    refused = await refusal(door, text, NOW + 2)
    assert (refused.status, refused.code) == (401, "api_key_expired")


async def test_a_rolled_key_is_good_for_the_overlap(door: Authenticator) -> None:
    """B-1.3: both keys at once, then the old one has expired."""
    old, row = await put(door)
    new, fact = roll(WHO, 1, row, False, 60, NOW)
    assert await door.database.database.write(fact)  # type: ignore[attr-defined]
    assert not await door.database.database.write(roll(WHO, 1, row, False, 60, NOW)[1])  # type: ignore[attr-defined]
    for text in (old, new):
        await door.identify(text, HERE, NOW + 59)
    assert (await refusal(door, old, NOW + 60)).code == "api_key_expired"
    await door.identify(new, HERE, NOW + 60)


@pytest.mark.parametrize(("peer", "allowed"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), (HERE, False), ("", False)])
async def test_a_key_for_some_networks(door: Authenticator, peer: str, allowed: bool) -> None:
    """Issue: optional IP networks per key; elsewhere 403, also for a key that is remembered."""
    text, _ = await put(door, allowed=["10.0.0.0/8", "2001:db8::/32"])
    await door.identify(text, "2001:db8::1", NOW)
    if allowed:
        await door.identify(text, peer, NOW)
    else:
        refused = await refusal(door, text, peer=peer)
        assert (refused.status, refused.code) == (403, None)


@pytest.mark.shows("S8")
async def test_a_revoked_key_is_unknown_within_five_seconds(door: Authenticator) -> None:
    """S8: revocation everywhere within 5 s, however busy the key is elsewhere."""
    text, row = await put(door)
    await door.identify(text, HERE, NOW)
    assert await door.database.database.write(revoke(WHO, 1, row, NOW))  # type: ignore[attr-defined]
    for step in range(1, 50):
        await door.identify(text, HERE, NOW + step / 10)
    refused = await refusal(door, text, NOW + KNOWN_SECONDS)
    assert KNOWN_SECONDS <= 5
    assert (refused.status, refused.code) == (401, None)
    assert refused.message.startswith("Invalid API Key provided: sk_test_****")


@pytest.mark.shows("S8")
async def test_the_same_work_for_any_key(door: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    """S8: existing, unknown, malformed, revoked, expired, from elsewhere: one hash and one statement, each time."""
    hashes = list[str]()
    real = keys.digest
    monkeypatch.setattr(keys, "digest", lambda text: hashes.append(text) or real(text))
    good, _ = await put(door)
    gone, row = await put(door)
    await door.database.database.write(revoke(WHO, 1, row, NOW))  # type: ignore[attr-defined]
    late, _ = await put(door, expires=NOW + 1)
    away, _ = await put(door, allowed=["10.0.0.0/8"])
    for text in (good, gone, late, away, Secret("sk_test_" + "a" * 32), Secret("nonsense"), Secret("ключ")):
        for again in range(2 if text != good else 1):  # a rejection is never remembered
            hashes.clear()
            door.database.statements.clear()  # type: ignore[attr-defined]
            if text == good:
                await door.identify(text, HERE, NOW + 9)
            else:
                await refusal(door, text, NOW + 9 + again)
            assert hashes == [text]
            assert door.database.statements == [BY_HASH]  # type: ignore[attr-defined]


async def test_an_accepted_key_is_remembered(door: Authenticator) -> None:
    text, _ = await put(door)
    for step in range(5):
        await door.identify(text, HERE, NOW + step)
    assert door.database.statements == [BY_HASH]  # type: ignore[attr-defined]
    await door.identify(text, HERE, NOW + 5)
    assert len(door.database.statements) == 2  # type: ignore[attr-defined]


async def test_what_is_remembered_has_a_limit(door: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KNOWN_MOST", 2)
    for _ in range(5):
        await door.identify((await put(door))[0], HERE, NOW)
    assert len(door.known) <= 2


async def test_the_last_use_is_written_beside_the_requests(door: Authenticator) -> None:
    """Never on a request's way, at most once a minute a key."""
    text, row = await put(door)

    async def uses(at: float) -> list[str]:
        door.database.statements.clear()  # type: ignore[attr-defined]
        await door.identify(text, HERE, at)
        assert USED not in door.database.statements  # type: ignore[attr-defined]
        door.database.statements.clear()  # type: ignore[attr-defined]
        await door.flush(at)
        return door.database.statements  # type: ignore[attr-defined,no-any-return]

    assert [len(await uses(NOW + at)) for at in (0, 1, 59, 60, 61, 200)] == [1, 0, 0, 1, 0, 1]
    found = await door.database.database.fetchrow("select last_used, version from api_keys where id = $1", row.id)  # type: ignore[attr-defined]
    assert tuple(found) == (NOW + 200, 1)
    assert USE_SECONDS == 60
