"""What every command takes, and the settings that come of it."""

from pathlib import Path
from typing import Annotated

import typer

from sluice.core.settings import Settings, read_settings

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder (SLUICE_DATA).")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", metavar="URL", help="A PostgreSQL of yours (DATABASE_URL): none is started."),
]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65_535, help="The API's port (SLUICE_PORT); 0: a free one.")]

# Where this process writes its log, as soon as it is known: a crash names the place.
place: list[Path] = []


def settings(data: Path | None = None, *, database_url: str | None = None, port: int | None = None) -> Settings:
    """Flags before environment. Raises `SettingsFault`."""
    read = read_settings(data=data, database_url=database_url, port=port)
    place[:] = [read.logs]
    return read
