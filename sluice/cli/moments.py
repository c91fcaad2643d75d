"""A moment as a person writes it, the same for every command."""

import re
from datetime import UTC, datetime

from sluice.cli.crash import CannotGoOn

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
FORMS = "30m, 2h, 1d, 2026-11-24T12:00, or a Unix second"


def moment(text: str) -> int:
    """The second since 1970 that is meant: so long ago, ISO 8601 (UTC where no zone is named), or the second itself."""
    from sluice.core.clock import clock

    if ago := re.fullmatch(r"(\d{1,9})([smhd])", text, re.ASCII):
        return clock.seconds() - int(ago[1]) * UNITS[ago[2]]
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise CannotGoOn(f"{text} is no time: give {FORMS}") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
