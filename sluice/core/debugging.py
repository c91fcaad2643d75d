"""Switches for tests that live money must never meet (S30): the doctor names them, the API takes no live write beside one."""

from collections.abc import Mapping

ACCEPTED = "SLUICE_DEBUG_IN_LIVE"  # "accepted": for tests of this program itself, which need both
SWITCHES = {
    "SLUICE_FAULTS": "makes faults happen on order",
    "SLUICE_CLOCK_AHEAD": "moves the clock",
    "SLUICE_STRICT": "answers 500 after a payment was made",
}
OFF = ("", "0", "0.0")


def switches(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each switch that is on; none where they were accepted by name."""
    if environ.get(ACCEPTED) == "accepted":
        return []
    found = [f"{name} is set: it {does}, for tests." for name, does in SWITCHES.items() if environ.get(name, "") not in OFF]
    if environ.get("SLUICE_LOG") == "debug":
        found.append("SLUICE_LOG is debug: it tells every detail, for tests.")
    return found
