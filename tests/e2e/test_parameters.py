"""Whatever is accepted changes what a client can read: a row for each served parameter of each operation (DESIGN 1)."""

import importlib
import pkgutil

import pytest

from sluice.api.operations import TABLE
from tests.e2e import parameters
from tests.e2e.parameters.table import Served, shows_a_difference
from tests.harness import Shop

MODULES = [
    importlib.import_module(f"{parameters.__name__}.{found.name}") for found in pkgutil.iter_modules(parameters.__path__)
]
# Nothing can be seen of them: the list is always empty.
UNSEEN = {"GetAccounts": {"limit", "created"}}
ROWS: dict[str, Served] = {id: row for module in MODULES for id, row in getattr(module, "ROWS", {}).items()}


@pytest.mark.parametrize(("operation", "parameter"), [(id, name) for id, row in ROWS.items() for name in row.cases])
def test_it_makes_a_difference(shop: Shop, operation: str, parameter: str):
    """DESIGN 1: what we serve is what is read; here, what a client sees of it."""
    shows_a_difference(shop, ROWS[operation], parameter)


@pytest.mark.parametrize("operation", [op.id for op in TABLE])
def test_every_served_parameter_has_its_row(operation: str):
    """No parameter is served that no row names, and no row names one that is not served."""
    served = next(op.serves for op in TABLE if op.id == operation)
    named = ROWS[operation].cases.keys() if operation in ROWS else set()
    assert set(named) | UNSEEN.get(operation, set()) == served
