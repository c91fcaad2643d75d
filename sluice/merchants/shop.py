"""The test shop of an installation: made once, found again. Its keys lie in the data folder, 0600; no live key ever does."""

import msgspec
from msgspec import Struct

from sluice.books.audit.entries import Who
from sluice.core.clock import clock
from sluice.core.files import replace_privately
from sluice.core.ids import chance
from sluice.core.settings import Settings
from sluice.merchants import keys
from sluice.merchants.accounts import add, scope_of
from sluice.store.database import Database, connect

FILE = "test-shop.json"
UP = Who("process", "up")
NAME = "Test shop"
OLDEST = "select id from merchants where name = $1 order by created, id limit 1"
KNOWN = "select exists (select from merchants where id = $1)"


class Shop(Struct, frozen=True):
    """What a developer needs to try things. `webhook_secret` is what `events listen` signs with."""

    account: str
    publishable_key: str
    secret_key: str
    webhook_secret: str

    def __repr__(self) -> str:
        return f"Shop({self.account!r}, …)"


async def test_shop(settings: Settings) -> Shop:
    """The shop of this data folder and database. A restored database has one, which gets new keys where the folder has none."""
    assert settings.database_url
    database = await connect(settings.database_url, lanes=1, readers=1)
    try:
        kept = read(settings)
        if kept and await there(database, kept):
            return kept
        shop = await make(database)
    finally:
        await database.close()
    replace_privately(settings.data / FILE, msgspec.json.encode(shop))
    return shop


def read(settings: Settings) -> Shop | None:
    file = settings.data / FILE
    return msgspec.json.decode(file.read_bytes(), type=Shop) if file.exists() else None


async def there(database: Database, shop: Shop) -> bool:
    record = await database.fetchrow(KNOWN, shop.account)
    return record is not None and bool(record[0])


async def make(database: Database) -> Shop:
    record = await database.fetchrow(OLDEST, NAME)
    account = str(record["id"]) if record else await add(database, NAME)
    scope = await scope_of(database, account, livemode=False)
    texts = {}
    for kind in ("pk", "sk"):
        text, row = keys.make(kind, False, clock.seconds(), name=NAME)
        await database.write(keys.created(UP, scope, row))
        texts[kind] = str(text)
    return Shop(account, texts["pk"], texts["sk"], f"whsec_{chance(32)}")
