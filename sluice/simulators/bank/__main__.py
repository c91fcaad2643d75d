"""`python -m sluice.simulators.bank --port N --book DIR`: says `listening on HOST:PORT` once it does; SIGTERM ends it."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sluice.simulators.bank import serve


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bank", description="The sandbox's bank.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--book", type=Path, required=True, help="folder of its journal")
    parser.add_argument("--refund-seconds", type=float, default=5.0, help="until a slow refund arrives or comes back")
    parser.add_argument("--late-seconds", type=float, default=25.0, help="by which a late answer is late")
    return parser.parse_args()


async def main(given: argparse.Namespace) -> None:
    def ready(port: int) -> None:
        sys.stdout.write(f"listening on {given.host}:{port}\n")
        sys.stdout.flush()

    serving = asyncio.ensure_future(
        serve(given.host, given.port, given.book, ready, refund_seconds=given.refund_seconds, late_seconds=given.late_seconds)
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    asyncio.run(main(options()))
