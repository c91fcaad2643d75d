"""New keys for the vault while processes die: every card opens with exactly one key, at every moment (F50)."""

import signal
from functools import partial
from typing import Any

import pytest

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault import rotation
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.envelope import Sealed, place
from tests.harness import Shop
from tests.harness.processes import Process, until
from tests.kills.breakable import Breakable
from tests.load.swarm import Client, Said, at_once, statuses

CARDS = 2 * rotation.BATCH + 10
NUMBERS = ("4242424242424242", "5555555555554444")
CARD = {"type": "card", "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
BEGUN = "select count(*) from vault_keys where purpose = 'card'"
SWAPPED = """select count(*) from vault_cards c join vault_keys k on k.id = c.key
    where c.scope = $1 and k.generation > 1"""
EVERY = "select id, version, key, sealed, fingerprint from vault_cards where scope = $1"


def rotate(gateway: Breakable, name: str) -> Process:
    return Process(name, ["-m", "sluice.cli.main", "vault", "rotate"], gateway.folder / f"{name}.log", gateway.env)


async def keep(client: Client, number: str) -> Said:
    return await client("POST", "/v1/payment_methods", CARD | {"card[number]": number})


@pytest.mark.slow
@pytest.mark.shows("F50")
def test_every_card_opens(breakable: Breakable):
    """Killed as it begins, in the midst, at its end, and two at once: each card opens with its one key."""
    breakable.restart("api")
    shop = Shop(breakable)
    numbers = [NUMBERS[n % 2] for n in range(CARDS)]
    kept = breakable.run(at_once(breakable.url, shop.secret, [partial(keep, number=number) for number in numbers]))
    assert statuses(kept) == {200: CARDS}

    def counted(sql: str, *args: Any) -> int:
        return int(breakable.fetch(sql, *args)[0][0])

    moments = (
        (1, lambda: counted(BEGUN) > 1),
        (1, lambda: counted(SWAPPED, shop.scope) > 0),
        (2, lambda: True),
        (1, lambda: counted(SWAPPED, shop.scope) == CARDS),
    )
    for turn, (at_a_time, come) in enumerate(moments):
        rotating = [rotate(breakable, f"rotate{turn}-{n}") for n in range(at_a_time)]
        until(lambda rotating=rotating: all("This takes" in each.tail() for each in rotating), breakable)
        until(come, breakable)
        for each in rotating:
            each.stop(signal.SIGKILL)
        every_card_opens(breakable, shop, numbers)
    assert counted(BEGUN) == 2  # the one that was begun was gone on with
    assert shop.pays(card=kept[0].json["id"]).status == "succeeded"


def every_card_opens(gateway: Breakable, shop: Shop, numbers: list[str]) -> None:
    """With the key that its row names, and no other would do."""

    async def opened() -> list[str]:
        ring = Keyring(gateway.database, FileProvider(gateway.folder / "vault.key"))
        await ring.load()
        rows = [StoredCard(*row) for row in await gateway.database.fetch(EVERY, shop.scope)]
        texts = [await ring.unseal(place("vault_cards", shop.scope, row.id), Sealed(row.key, row.sealed)) for row in rows]
        return sorted(text.split()[0] for text in texts)

    assert gateway.run(opened()) == sorted(numbers)
