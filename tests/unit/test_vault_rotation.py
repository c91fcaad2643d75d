"""F50: whatever stops a rotation and whatever goes on beside it, every card opens with exactly one key."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault import rotation
from sluice.books.vault.cards import StoredCard, Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.books.vault.envelope import place
from sluice.books.vault.rotation import Progress, rotate
from sluice.core.secrets import Secret
from sluice.rails.types import Card
from sluice.store.database import Database
from sluice.store.facts import Fact

pytest_plugins = ["tests.unit.vault_database"]

ACCOUNTS = {1: "acct_1", 2: "acct_1", 3: "acct_2"}
KEYS = "select generation, retired from vault_keys where purpose = 'card' order by generation"
OTHER = Card(Secret("5555555555554444"), 9, 2049)


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """A database whose user dies before or after its n-th effect."""

    def __init__(self, database: Database, dies: int, after: bool) -> None:
        self.database, self.dies, self.after, self.effects = database, dies, after, 0

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any) -> Any:
            self.effects += 1
            if self.effects == self.dies and not self.after:
                raise Killed
            done = await getattr(self.database, name)(*args)
            if self.effects == self.dies:
                raise Killed
            return done

        return call


class House:
    """Nine cards in three scopes, and what must come out of each."""

    def __init__(self, database: Database, provider: FileProvider) -> None:
        self.database, self.provider = database, provider
        self.cards: dict[tuple[int, str], Card] = {}

    async def ring(self, database: Any = None) -> Keyring:
        """A process's ring, fresh."""
        ring = Keyring(database or self.database, self.provider)
        await ring.load()
        return ring

    def vault(self, ring: Keyring) -> Vault:
        return Vault(ring, Cvcs(self.database, self.provider))

    async def keep(self, ring: Keyring, scope: int, card: Card) -> StoredCard:
        row, _ = self.vault(ring).seal(scope, ACCOUNTS[scope], card)
        assert await self.database.write(Fact("card.keep", scope, row.id, new=[row]))
        self.cards[scope, row.id] = card
        return replace(row, version=1)

    async def generations(self) -> set[int]:
        """Opens every card by the one key that its row names; answers the generations met."""
        ring, met = await self.ring(), set()
        for (scope, id), card in self.cards.items():
            row = await self.database.one(StoredCard, scope, id)
            assert row is not None
            assert await self.vault(ring).open(scope, row) == card
            met.add(ring.keys[row.key].generation)
        return met

    async def settled(self) -> bool:
        """All lie under the newest key, the only one that has not retired."""
        keys = await self.database.fetch(KEYS)
        live = [key["generation"] for key in keys if key["retired"] is None]
        return live == [keys[-1]["generation"]] and await self.generations() == set(live)


@pytest.fixture
async def house(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(rotation, "BATCH", 2)
    house = House(db, FileProvider(tmp_path / "master"))
    ring = await house.ring()
    for scope in ACCOUNTS:
        for n in range(3):
            await house.keep(ring, scope, Card(Secret(f"424242424{scope}{n:06}"), 1 + n, 2040))
    return house


async def run(ring: Keyring) -> Progress:
    last = Progress()
    async for progress in rotate(ring, patience=0):
        assert progress.resealed >= last.resealed
        last = progress
    return last


async def test_all_cards_move_to_a_new_key(house: House) -> None:
    ring = await house.ring()
    for generation in (2, 3):
        assert await run(ring) == Progress(9, 0, done=True)
        assert await house.settled()
        assert await house.generations() == {generation}


@pytest.mark.shows("F50")
@pytest.mark.parametrize("after", [False, True])
async def test_killed_anywhere(house: House, after: bool) -> None:
    """F50: dead before or after each effect: all cards open; the next run finishes what was begun."""
    for effect in range(1, 60):
        try:
            await run(await house.ring(Mortal(house.database, effect, after)))
        except Killed:
            assert len(await house.generations()) in (1, 2)
            await run(await house.ring())
            assert await house.settled()
        else:
            assert effect > 15
            return
    pytest.fail("the rotation has no end")


@pytest.mark.shows("F50")
async def test_a_killed_one_is_finished_not_begun_again(house: House) -> None:
    """However often it is killed in its midst, one rotation makes one new key."""
    for _ in range(3):
        with pytest.raises(Killed):
            await run(await house.ring(Mortal(house.database, 10, True)))
    await run(await house.ring())
    assert len(await house.database.fetch(KEYS)) == 2


@pytest.mark.shows("F50")
async def test_several_at_once(house: House) -> None:
    """F50: four at once each end, and agree."""
    ends = await asyncio.gather(*[run(await house.ring()) for _ in range(4)])
    assert all(end.done for end in ends)
    assert await house.settled()


@pytest.mark.shows("F50")
async def test_a_slow_one_does_not_undo_a_later_one(house: House) -> None:
    """It only replaces keys older than its own."""
    ring = await house.ring()
    slow = rotate(ring, patience=0)
    await anext(slow)
    await run(await house.ring())
    await run(await house.ring())
    await ring.load()
    async for _ in slow:
        pass
    assert await house.generations() == {3}


@pytest.mark.shows("F50")
@pytest.mark.parametrize("seconds", [0, 90])
async def test_beside_a_process_with_an_old_ring(house: House, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """F50: it seals under the old key before the first walk, or as late as it may; nothing is left there, all opens for it."""
    old, late = await house.ring(), list[StoredCard]()

    async def meanwhile(asked: float) -> None:
        if asked == seconds:
            late.append(await house.keep(old, 1, OTHER))

    monkeypatch.setattr(rotation.asyncio, "sleep", meanwhile)
    assert [progress async for progress in rotate(await house.ring(), patience=90)][-1].done
    monkeypatch.undo()
    assert old.keys[late[0].key].generation == 1
    assert await house.settled()
    row = await house.database.one(StoredCard, 1, late[0].id)
    assert row is not None
    assert await house.vault(old).open(1, row) == OTHER  # though its ring had not met the new key


async def test_a_card_written_meanwhile_keeps_what_was_written(house: House) -> None:
    """Compare-and-set: between the rotation's read and its swap a payment writes the row; the payment's word stands."""
    (scope, id), ring = next(iter(house.cards)), await house.ring()
    seen = await house.database.one(StoredCard, scope, id)
    assert seen is not None
    key, sealed = ring.seal("card", place(StoredCard.table, scope, id), f"{OTHER.number} {OTHER.exp_month} {OTHER.exp_year}")

    class Meanwhile(Mortal):
        async def execute(self, sql: str, *args: Any) -> str:
            if sql == rotation.SWAP_CARDS and not self.effects:
                self.effects = 1
                written = replace(seen, key=key, sealed=sealed)
                assert await house.database.write(Fact("card.update", scope, "f", saved=[written]))
            return await house.database.execute(sql, *args)

        async def fetch(self, sql: str, *args: Any) -> Any:
            return await house.database.fetch(sql, *args)

    assert (await run(await house.ring(Meanwhile(house.database, 0, False)))).done
    house.cards[scope, id] = OTHER
    assert await house.settled()


async def test_a_fact_judged_on_a_card_before_its_swap_is_not_written(house: House) -> None:
    """The swap raises the row's version, so a stale whole row never brings an old key back."""
    scope, id = next(iter(house.cards))
    row = await house.database.one(StoredCard, scope, id)
    await run(await house.ring())
    assert row is not None
    assert not await house.database.write(Fact("card.update", scope, "f", saved=[row]))


async def test_a_damaged_card_is_counted_and_stops_nothing(house: House) -> None:
    scope, id = next(iter(house.cards))
    await house.database.execute("update vault_cards set sealed = '\\x01' where scope = $1 and id = $2", scope, id)
    assert await run(await house.ring()) == Progress(8, 1, done=True)


async def test_what_is_only_compared_does_not_rotate(house: House) -> None:
    """A fingerprint is the same before and after, or a returning buyer's card would look new."""
    before = house.vault(await house.ring()).fingerprint("acct_1", OTHER.number)
    await run(await house.ring())
    assert house.vault(await house.ring()).fingerprint("acct_1", OTHER.number) == before
