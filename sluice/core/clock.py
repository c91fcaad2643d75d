"""The one clock: monotonic, offset taken from the database (Law 7). Laptops sleep, hosts drift; leases must not care."""

import os
import time

machine = time.monotonic  # asked here only, so that a simulation can put its own here


def monotonic() -> float:
    """Seconds on this machine's own clock, which nobody sets."""
    return machine()


class Clock:
    """Seconds since 1970 by the database's clock. `SLUICE_CLOCK_AHEAD` (seconds) moves a test's processes in time."""

    def __init__(self) -> None:
        self.ahead = float(os.environ.get("SLUICE_CLOCK_AHEAD", "0"))
        self.offset = 0.0  # how far this machine's own clock was ahead of the database's, when they last met
        self.base = time.time() - monotonic()

    def agree(self, database: float) -> None:
        """Takes the database's time, read just now, as the truth from here on."""
        self.offset = time.time() + self.ahead - database
        self.base = database - monotonic()

    def now(self) -> float:
        return self.base + monotonic() + self.ahead

    def seconds(self) -> int:
        return int(self.now())

    def micros(self) -> int:
        return int(self.now() * 1_000_000)


clock = Clock()


def year_and_month(at: int) -> tuple[int, int]:
    """The UTC year and month of a second since 1970."""
    moment = time.gmtime(at)
    return moment.tm_year, moment.tm_mon
