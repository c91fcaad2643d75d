"""Customer sessions: what the parts of a page may do for a customer."""

from sluice.api.operations.op import Op, op
from sluice.customers import customer_sessions

TABLE: tuple[Op, ...] = (op("PostCustomerSessions", "customer_session", customer_sessions.CREATE, "components customer"),)
