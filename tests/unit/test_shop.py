"""The test shop: found again by its file, and by its name where a database came back without its folder."""

from dataclasses import replace
from pathlib import Path

from sluice.core.settings import read_settings
from sluice.merchants.shop import FILE
from sluice.merchants.shop import test_shop as shop_of

pytest_plugins = ["tests.unit.vault_database"]


async def test_a_restored_database_has_its_shop(db_dsn: str, tmp_path: Path) -> None:
    """The same account after a restore into another folder, with new keys: the old ones' text is nowhere."""
    settings = read_settings(data=tmp_path, database_url=db_dsn)
    first = await shop_of(settings)
    assert await shop_of(settings) == first
    (tmp_path / "elsewhere").mkdir()
    again = await shop_of(replace(settings, data=tmp_path / "elsewhere"))
    assert again.account == first.account
    assert again.secret_key != first.secret_key
    assert (tmp_path / "elsewhere" / FILE).exists()
