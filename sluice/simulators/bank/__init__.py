"""The sandbox's bank: a process of its own, with its own book, codec and table of cards."""

from sluice.simulators.bank.server import serve
from sluice.simulators.bank.teller import LATE_HORIZON

__all__ = ["LATE_HORIZON", "serve"]
