"""Forms of facts as a person reads them: each statement once, names for its numbers, under the facts that are written so."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sluice.store.facts import Fact, Form, compose, statement

GOLDEN = Path(__file__).parents[1] / "tidy" / "forms.sql"


class Recorder:
    """Stands in for `compose`, and remembers what was composed."""

    def __init__(self) -> None:
        self.met: dict[Form, set[str]] = defaultdict(set)

    def __call__(self, fact: Fact) -> tuple[Form, list[Any]]:
        form, values = compose(fact)
        self.met[form].add(fact.name)
        return form, values

    def printed(self, wanted: Callable[[str], bool] = lambda name: True) -> str:
        texts: dict[str, set[str]] = defaultdict(set)
        for form, names in self.met.items():
            texts[statement(form, plain=True)] |= {name for name in names if wanted(name)}
        parts = sorted((", ".join(sorted(names)), text) for text, names in texts.items() if names)
        return "\n\n".join(f"-- {names}\n{text};" for names, text in parts) + "\n"
