"""Opening the desk: database, key ring, vault and rails, as the settings say. For the API, the worker and the command line."""

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core.clock import clock
from sluice.core.settings import Settings
from sluice.merchants.rail_accounts import SANDBOX
from sluice.payments.desk import Desk
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Rail
from sluice.rules.plans import Terms
from sluice.store import installation
from sluice.store.database import connect
from sluice.store.migrate import check


async def open_desk(settings: Settings) -> Desk:
    """Refuses a database that this program was not made for. The caller closes it."""
    assert settings.database_url
    await check(settings.database_url)
    database = await connect(settings.database_url)
    provider = FileProvider(settings.vault_key_file)
    vault = Vault(Keyring(database, provider), Cvcs(database, provider))
    await vault.load(clock.seconds())
    own = await installation.read(database)
    desk = Desk(database, rails(settings), vault, own.epoch, settings.public_url, own.restored, own.mark)
    await desk.know_rails()
    return desk


def rails(settings: Settings) -> dict[str, Rail]:
    """The rail account that every shop has in test mode; the others stand in the database."""
    host, _, port = (settings.bank or "127.0.0.1:0").rpartition(":")
    return {SANDBOX: Sandbox(host, int(port))}


def terms(settings: Settings) -> Terms:
    """What a payment costs and when its money is available."""
    return Terms(settles_after=settings.settles_after)
