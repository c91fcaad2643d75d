"""`./dev docs`: writes the pages that are drawn from the code into sluice/docs.

`--check` writes nothing, and fails if one differs.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from sluice.cli.docs import cards, faults, man, measures, outcomes, served, states

FOLDER = Path(__file__).parents[2] / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "served.md": served.page,
    "test-cards.md": cards.page,
    "outcomes.md": outcomes.page,
    "states.md": states.page,
    "faults.md": faults.page,
    "metrics.md": measures.page,
    "sluice.1": man.page,
    "intent-states.svg": states.intent,
    "refund-states.svg": states.refund,
}


def main() -> None:
    stale = {name: text for name, make in PAGES.items() if (text := make()) != stored(FOLDER / name)}
    if "--check" in sys.argv:
        sys.exit(f"not as the code says: {', '.join(stale)}; run ./dev docs" if stale else 0)
    for name, text in stale.items():
        (FOLDER / name).write_text(text, "utf-8")
        print(f"wrote {FOLDER / name}")


def stored(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    main()
