"""No outside call inside a database transaction (Law 4). The store sets the mark; whoever calls outside looks at it first."""

from contextvars import ContextVar

in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


class InsideTransaction(RuntimeError):
    """Our defect: an outside call was about to be made while a database transaction is open."""


def refuse_inside_transaction(what: str) -> None:
    """Raises `InsideTransaction` if a transaction is open in this context; `what` names the call."""
    if in_transaction.get():
        raise InsideTransaction(what)
