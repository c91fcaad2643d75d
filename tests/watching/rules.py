"""The rules that we ship, as a test reads them."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

DOCS = Path(__file__).parents[2] / "sluice" / "docs"


class Rule(NamedTuple):
    name: str
    expression: str
    severity: str
    notes: dict[str, str]


def rules() -> dict[str, Rule]:
    read: Any = yaml.safe_load((DOCS / "alerts.yml").read_text("utf-8"))
    every = [rule for group in read["groups"] for rule in group["rules"]]
    return {each["alert"]: Rule(each["alert"], each["expr"], each["labels"]["severity"], each["annotations"]) for each in every}


RULES = rules()
