"""An API with a smaller limit than it has by itself, so that a test reaches it with little."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness import Gateway

START = "import runpy; {0}; runpy.run_module('sluice.cli.main', run_name='__main__', alter_sys=True)"
FEW_IN_FLIGHT = 64
BULKHEAD = f"from sluice.core import limits; limits.IN_FLIGHT = {FEW_IN_FLIGHT}"
NO_CALLS = "from sluice.core import limits; limits.CALLS = 0"
FEW_FILES = 300
FILES = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW_FILES}, {FEW_FILES}))"


@contextmanager
def altered(gateway: Gateway, line: str) -> Iterator[None]:
    """Its API begins with that line of Python; afterwards it is as it was."""
    gateway.processes["api"].stop()
    number = gateway.listener.fileno()
    gateway.spawn("api", ["-c", START.format(line), "api"], {"SLUICE_LISTENER": str(number)}, (number,))
    gateway.wait()
    try:
        yield
    finally:
        gateway.processes["api"].stop()
        gateway.start_api()
        gateway.wait()
