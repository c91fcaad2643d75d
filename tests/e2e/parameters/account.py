"""Parameters of the list of connected accounts, which is empty before marketplaces come."""

from tests.e2e.parameters.table import Case, Served, asks

ROWS = {
    "GetAccounts": Served(
        asks("/v1/accounts"),
        {name: Case("error.param", "acct_nothing", name) for name in ("starting_after", "ending_before")},
    ),
}
