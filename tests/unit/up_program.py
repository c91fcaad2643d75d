"""`sluice up` with small programs in the places of the real ones: `up_program.py DATA PORT READY [API]`."""

import sys
from pathlib import Path
from typing import NamedTuple

from sluice.cli.crash import tell
from sluice.cli.stack import Parts
from sluice.cli.up import live
from sluice.core.settings import Settings, read_settings

BEGIN = """
import asyncio, os, sys
from sluice.cli import lifeline
from sluice.core.listener import listen
from sluice.core.settings import read_settings
lifeline.hold_on()
settings = read_settings()
(settings.data / "{name}.pid").write_text(str(os.getpid()))
"""
IDLE = BEGIN + "import time; time.sleep(600)"
BANK = BEGIN + "host, port = settings.bank.split(':')\nlistener = listen(host, int(port))\nwhile True: listener.accept()"
API = (
    BEGIN
    + """
async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + str(os.getpid()).encode())
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, sock=listen(settings.host, settings.port, settings.listener))
    print("request lines come through", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
)
FAILS = BEGIN + "sys.exit('the vault key is missing')"
APIS = {"answers": API, "fails": FAILS, "hangs": IDLE}


class Shop(NamedTuple):
    publishable_key: str = "pk_of_the_shop"
    secret_key: str = "sk_of_the_shop"
    webhook_secret: str = "whsec_of_the_shop"
    account: str = "acct_1"


async def shop(settings: Settings) -> Shop:
    return Shop()


async def nothing_to_migrate(dsn: str) -> None:
    if not dsn.startswith("postgresql://"):
        raise ValueError(dsn)


def parts() -> Parts:
    programs = {"sandbox": BANK, "api": APIS[sys.argv[4]], "worker": IDLE}
    commands = {name: [sys.executable, "-c", code.replace("{name}", name)] for name, code in programs.items()}
    return Parts(commands, nothing_to_migrate, shop)


if __name__ == "__main__":
    try:
        live(read_settings(data=Path(sys.argv[1]), port=int(sys.argv[2])), parts, Path(sys.argv[3]))
    except Exception as error:
        tell(error, debug=False)
        sys.exit(1)
