"""What a process counts and measures of itself, for Prometheus: `/metrics` on its inner port, and the page /docs/metrics.

A name is `sluice_<noun>_<unit>`, `_total` behind a counter; units are seconds, facts, calls. A label takes its value from a
list that the program knows: never an id, a merchant, an address or a text from outside. Counting costs a microsecond or two.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from sluice import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series to each, of when it began
EVERYWHERE, DOOR, WORK = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()  # all processes show the first
ProcessCollector(registry=EVERYWHERE)
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Described(NamedTuple):
    """A metric as its page has it; `where`: which processes show it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    says: str
    where: CollectorRegistry


DESCRIBED: list[Described] = []


def counter(where: CollectorRegistry, name: str, says: str, *labels: str) -> Counter:
    DESCRIBED.append(Described(f"{name}_total", "counter", labels, says, where))
    return Counter(name, says, labels, registry=where)


def gauge(where: CollectorRegistry, name: str, says: str, *labels: str) -> Gauge:
    DESCRIBED.append(Described(name, "gauge", labels, says, where))
    return Gauge(name, says, labels, registry=where)


def histogram(where: CollectorRegistry, name: str, says: str, *labels: str, buckets: tuple[float, ...] = FAST) -> Histogram:
    DESCRIBED.append(Described(name, "histogram", labels, says, where))
    return Histogram(name, says, labels, registry=where, buckets=buckets)


BUILD = gauge(EVERYWHERE, "sluice_build_info", "1; the label says which version runs.", "version")
BUILD.labels(__version__).set(1)

# the door
REQUESTS = counter(
    DOOR,
    "sluice_requests", "Requests answered. `operation` is as in /openapi.json, or `none`; `status` its class.",
    "operation", "status",
)  # fmt: skip
REQUEST_SECONDS = histogram(DOOR, "sluice_request_duration_seconds", "From a request's head to its answer.", "operation")
REFUSALS = counter(
    DOOR,
    "sluice_refusals",
    "Calls turned away though nothing was wrong with their parameters: no room, too often, no right, or a defect of ours.",
    "reason",
)

# rails and money
RAIL_CALLS = counter(
    EVERYWHERE, "sluice_rail_calls", "Messages to a rail, by its word: `unknown` means no answer.", "rail", "verb", "word"
)
RAIL_SECONDS = histogram(EVERYWHERE, "sluice_rail_call_duration_seconds", "From a message to a rail's word.", "rail", "verb")
RAIL_IN_FLIGHT = gauge(
    EVERYWHERE, "sluice_rail_payments_in_flight", "Instructions in this process that hold a place at the rail.", "rail"
)
SETTLED = counter(
    EVERYWHERE,
    "sluice_instructions_settled",
    "Words of rails that were written into the books. One that was `unknown` is settled again when the truth is found.",
    "rail", "verb", "word",
)  # fmt: skip
DECLINES = counter(EVERYWHERE, "sluice_declines", "Declined payments, by what the buyer can do about it.", "rail", "group")

# the store
COMMIT_FAILURES = counter(
    EVERYWHERE,
    "sluice_commit_failures",
    "Transactions that the database refused (`refused`), or whose fate nobody told (`lost`).",
    "result",
)
COMMIT_FACTS = histogram(EVERYWHERE, "sluice_commit_facts", "Facts that shared a transaction.", buckets=SIZES)
COMMIT_SECONDS = histogram(EVERYWHERE, "sluice_commit_duration_seconds", "A transaction, from its sending to its clean commit.")
COMMIT_WAIT = histogram(EVERYWHERE, "sluice_commit_wait_seconds", "What the oldest fact of a transaction had waited before it.")
QUEUE = gauge(EVERYWHERE, "sluice_commit_queue_facts", "Facts that wait for a transaction.")
CONNECTIONS = gauge(
    EVERYWHERE, "sluice_database_connections", "Connections of this process, by pool and state.", "pool", "state"
)
DATABASE_UP = gauge(
    EVERYWHERE, "sluice_database_up", "1 while the database can be reached, written to, and is of this version."
)

# the process
READY = gauge(EVERYWHERE, "sluice_ready", "1 while /readyz says yes.")
LAG = gauge(
    EVERYWHERE, "sluice_loop_lag_seconds", "The longest that the event loop kept a timer waiting, in the last 15 seconds."
)
CLOCK_OFFSET = gauge(EVERYWHERE, "sluice_clock_offset_seconds", "How far this machine's clock is ahead of the database's.")
BEAT_AGE = gauge(DOOR, "sluice_worker_beat_age_seconds", "Since any worker's last sign of life, seen by an API process.")

# the worker
TURNS = counter(WORK, "sluice_worker_turns", "Turns of a worker's loops: `idle`, `busy` or `failed`.", "loop", "result")
TAKEN = counter(
    WORK, "sluice_worker_items_taken", "What the loops took up: facts numbered, instructions recovered and so on.", "loop"
)
DELIVERIES = counter(WORK, "sluice_deliveries", "Tries to deliver an event, by what came of them.", "result")
DELIVERY_SECONDS = histogram(WORK, "sluice_delivery_duration_seconds", "A try to deliver an event.")

# the books, as a worker sees them every few seconds
DUE = gauge(WORK, "sluice_due_items", "What is due and not done yet, up to 10,000.", "work")
DUE_AGE = gauge(WORK, "sluice_due_oldest_seconds", "How long the oldest of it has been due.", "work")
OPEN = gauge(WORK, "sluice_instructions_open", "Instructions without a final word, up to 10,000.", "state")
OPEN_AGE = gauge(WORK, "sluice_instructions_oldest_seconds", "The age of the oldest of them.", "state")
DISCREPANCIES = gauge(WORK, "sluice_discrepancies_open", "What a person must look at.")
FAILING = gauge(WORK, "sluice_endpoints_failing", "Webhook endpoints whose owner was told that they fail.")
DISABLED = gauge(WORK, "sluice_endpoints_disabled", "Webhook endpoints that are disabled.")
WORKERS = gauge(WORK, "sluice_workers_alive", "Workers that gave a sign of life in the last 20 seconds.")
NUMBERED = gauge(WORK, "sluice_events_numbered", "Events that have their number, in all scopes.")
LOOKED = gauge(WORK, "sluice_books_looked_at_seconds", "When a worker last saw the books, in seconds since 1970.")


@cache
def born(metric: Any, values: tuple[str, ...], *labels: str) -> dict[str, Any]:
    """The metric by its last label, each from 0 on: a rise is seen only of what was there before."""
    return {value: metric.labels(*labels, value) for value in values}


@cache
def child(metric: Any, *labels: str) -> Any:
    """The metric under these labels, found once: finding it costs more than counting."""
    return metric.labels(*labels)


def kind(thing: object) -> str:
    """What class it is of, as a label: of a rail's accounts there may be any number, of kinds of rails there are few."""
    return snake(type(thing).__name__)


@cache
def snake(name: str) -> str:
    """`NotSent` -> `not_sent`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
