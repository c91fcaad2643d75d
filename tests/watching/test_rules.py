"""The rules, their page, and the dashboard: one names what the other explains, and only what a process shows."""

import json
import re

import pytest

from sluice.api.docs import anchor
from sluice.core.metrics import DESCRIBED
from tests.docs.sources import anchors
from tests.watching.promql import Scrape, holds, series
from tests.watching.rules import DOCS, RULES

PAGE = (DOCS / "alerts.md").read_text("utf-8")
PARTS = ("**Money at risk?**", "**Look** 1. ", "2. ", "3. ", "**Cure**: ", "**Sleep on it** ")
NAME = re.compile(r"\b(?:sluice|process)_[a-z_]+\b")
SHOWN = {each.name for each in DESCRIBED} | {"process_resident_memory_bytes", "process_cpu_seconds_total"}
SHOWN |= {f"{each.name}_{part}" for each in DESCRIBED if each.kind == "histogram" for part in ("bucket", "sum", "count")}
BEFORE = 'a_total{k="x"} 1\na_total{k="y"} 10\nb{k="x"} 4\nb{k="y"} -6\n'
AFTER = 'a_total{k="x"} 3\na_total{k="y"} 2\na_total{k="z"} 9\nb{k="x"} 4\nb{k="y"} -6\n'


def section(name: str) -> str:
    return PAGE.partition(f"### {name}\n")[2].partition("\n#")[0]


@pytest.mark.shows("O20")
@pytest.mark.parametrize("name", RULES)
def test_an_alert_has_what_its_reader_needs(name: str):
    """Each alert has a summary, a description and a link to its own part of the install's page, which has five answers."""
    rule = RULES[name]
    assert set(rule.notes) == {"summary", "description", "runbook_url"}
    assert rule.notes["runbook_url"] == f"http://127.0.0.1:8420/docs/alerts#{anchor(name)}"
    assert anchor(name) in anchors("alerts")
    assert [part for part in PARTS if part not in section(name)] == []
    assert section(name).split("\n\n")[1].strip(), "what it means"
    assert name in PAGE.partition("## For the morning")[0 if rule.severity == "page" else 2]


def test_the_page_names_no_other_alert():
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == set(RULES)


@pytest.mark.parametrize("name", ["alerts.yml", "alerts.md", "dashboard.json", "monitoring.md"])
def test_only_metrics_that_are_shown_are_named(name: str):
    """A rule over a metric that nobody shows would never ring."""
    text = (DOCS / name).read_text("utf-8")
    assert set(NAME.findall(text)) <= SHOWN


def test_the_dashboard_can_be_read():
    panels = json.loads((DOCS / "dashboard.json").read_text("utf-8"))["panels"]
    assert len({each["id"] for each in panels}) == len(panels) > 10
    assert all(target["expr"] for each in panels for target in each["targets"])


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("b > 3", {"x": 4.0}),
        ('b{k="y"} < 0', {"y": -6.0}),
        ("abs(b) > 5", {"y": 6.0}),
        ("max(b) > 0", {"": 4.0}),
        ("sum by (k) (increase(a_total[5m])) > 1", {"x": 2.0, "y": 2.0}),  # y began anew; z was not there before
        ('sum(rate(a_total{k=~"x|z"}[5m])) > 0.1', {"": 0.2}),
        ("sum by (k) (rate(a_total[5m])) / sum by (k) (rate(a_total[5m])) > 0.5", {"x": 1.0, "y": 1.0}),
        ("time() - max(b) > 10", {"": 16.0}),
    ],
)
def test_the_evaluator(expression: str, found: dict[str, float]):
    """Each expression over two scrapes, 10 seconds apart."""
    scrapes = [Scrape(10, series(BEFORE)), Scrape(20, series(AFTER))]
    assert {
        "".join(value for _, value in labels): pytest.approx(value) for labels, value in holds(expression, scrapes).items()
    } == found
