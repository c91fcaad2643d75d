"""`sluice doctor`: what is wrong with this installation, and what to do about it. It looks, and changes nothing (O3)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from sluice.cli.connected import AsJson
from sluice.cli.options import Data, DatabaseUrl, Port, settings
from sluice.cli.probes import Fault
from sluice.core.settings import Settings, SettingsFault, strangers

Live = Annotated[bool, typer.Option("--live", help="Also what stands between this installation and live mode.")]


def doctor(
    as_json: AsJson = False, live: Live = False, data: Data = None, port: Port = None, database_url: DatabaseUrl = None
) -> None:
    """Names each fault and its cure; exit 1 if there is one.   Example: sluice doctor --json"""
    faults = asyncio.run(examine(data=data, port=port, database_url=database_url, live=live))
    if as_json:
        print(json.dumps({"well": not faults, "faults": [fault._asdict() for fault in faults]}, indent=2))
    else:
        print("\n".join(f"{fault.name}: {fault.cause}\n    cure: {fault.cure}" for fault in faults) or "All is well.")
    if faults:
        raise typer.Exit(1)


async def examine(data: Data, port: Port, database_url: DatabaseUrl, live: bool = False) -> list[Fault]:
    """Every fault of this installation; wrong settings hide the rest, which cannot be looked at without them."""
    from sluice.cli.probes import live as for_live
    from sluice.cli.probes import machine

    faults = [*machine.python(), *(Fault("environment", f"{one}.", "Correct or unset the variable.") for one in strangers())]
    try:
        read = settings(data, port=port, database_url=database_url)
    except SettingsFault as fault:
        return faults + [Fault("environment", one, "Correct or unset the variable.") for one in fault.sentences]
    for probe in (
        machine.folder,
        machine.key_file,
        machine.disk,
        machine.bank,
        machine.port,
        *(for_live.PROBES if live else ()),
    ):
        faults += probe(read)
    told = {fault.name for fault in faults}
    return faults + [fault async for fault in of_the_database(read, live) if fault.name not in told]


async def of_the_database(read: Settings, live: bool) -> AsyncIterator[Fault]:
    """Its own faults first; what lies in its tables only when they are this program's."""
    from sluice.cli.probes import database, work
    from sluice.cli.probes import live as for_live

    connection = await database.connected(read)
    if isinstance(connection, Fault):
        yield connection
        return
    try:
        found = False
        async for fault in database.server(connection):
            yield fault
        async for fault in database.migrations(read):
            found = True
            yield fault
        if not found:
            probes = [
                database.vault(read, connection),
                work.restored(connection),
                work.worker(connection),
                work.banks(connection),
                work.overdue(connection),
            ]
            for probe in [*probes, *([database.standby(connection), for_live.rail(connection)] if live else [])]:
                async for fault in probe:
                    yield fault
    finally:
        await connection.close()
