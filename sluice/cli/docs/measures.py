"""The page of metrics, drawn from their definitions."""

from sluice.cli.docs.tables import NOTICE, codes, table
from sluice.core.metrics import DESCRIBED, DOOR, EVERYWHERE, WORK, Described

HEAD = """
# Metrics

What a process shows at `/metrics` on its inner port: see [monitoring](monitoring.md). Units are seconds, facts, calls. A label
takes its value from a list that the program knows, never from outside, so the number of series is bounded. The names with
`process_` are those of every Prometheus client.
"""
PARTS = {"Each process": EVERYWHERE, "The API": DOOR, "A worker": WORK}


def page() -> str:
    text = NOTICE + HEAD
    for title, where in PARTS.items():
        shown = [row(each) for each in DESCRIBED if each.where is where]
        text += f"\n## {title}\n\n" + table(("Name", "Kind", "Labels", "What it says"), shown)
    return text


def row(metric: Described) -> tuple[str, str, str, str]:
    return f"`{metric.name}`", metric.kind, codes(metric.labels), metric.says
