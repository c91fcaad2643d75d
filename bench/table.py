"""The table of a run, in Markdown: each figure as a ratio where there is something to compare it with, its range, its goal."""

from collections.abc import Iterable, Sequence
from statistics import median

from bench.figures import Figure

HEAD = ("", "ratio (rounds)", "goal", "", "p50, p99 ms", "median", "other", "CPU µs")
TITLES = {
    "a": "Payments, beside pgbench running the same statements",
    "b": "Reading",
    "c": "Webhooks",
    "d": "Starting, and at rest",
    "e": "Books",
}


def document(figures: Sequence[Figure], about: Iterable[str]) -> str:
    parts = ["# What was measured\n", *(f"- {line}" for line in about)]
    for group, title in TITLES.items():
        if lines := [line(figure) for figure in figures if figure.group == group]:
            parts += [f"\n## {title}\n", row(HEAD), row("---" for _ in HEAD), *lines]
    missed = [figure.name for figure in figures if figure.met is False]
    parts.append(f"\nMissed: {'; '.join(missed)}." if missed else "\nEvery goal was met.")
    return "\n".join(parts) + "\n"


def line(figure: Figure) -> str:
    ours, theirs = figure.ours, figure.theirs
    cells = [
        figure.name,
        f"**{figure.ratio:.2f}** ({min(figure.ratios):.2f}–{max(figure.ratios):.2f})" if figure.ratio is not None else "",
        goal(figure),
        {True: "met", False: "**missed**", None: ""}[figure.met],
        f"{median([s.p50 for s in ours]):.1f}, {median([s.p99 for s in ours]):.1f}" if ours[0].p99 else "",
        f"{number(figure.value)} {figure.unit}",
        f"{number(median([s.rate for s in theirs]))} {figure.unit}" if theirs else "",
        f"{median([s.cpu for s in ours]):.0f}" if ours[0].cpu else "",
    ]
    return row(cells)


def goal(figure: Figure) -> str:
    if figure.goal is not None:
        return f"≥ {figure.goal:g}"
    if figure.least is not None:
        return f"≥ {figure.least:,.0f} {figure.unit}"
    return "" if figure.most is None else f"≤ {figure.most:g} {figure.unit}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
