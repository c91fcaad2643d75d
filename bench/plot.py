"""The ratios of a run as an SVG: a bar each, the spread of its rounds, a mark at its goal. No library, no outside font."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.figures import Figure

LEFT, WIDE, HIGH, TOP = 330, 520, 22, 40  # pixels
STYLE = """text { font: 12px sans-serif; fill: #222 } .bar { fill: #4a7dbd } .miss { fill: #c7792b } .span { stroke: #222 }
  .goal { stroke: #b3261e; stroke-width: 2 } .one { stroke: #999; stroke-dasharray: 3 3 }"""


def svg(figures: Sequence[Figure]) -> str:
    """Only figures that are ratios."""
    shown = [figure for figure in figures if figure.ratio is not None]
    most = max([1.0, *(max(figure.ratios) for figure in shown), *(figure.goal or 0 for figure in shown)]) * 1.05
    scale, height = WIDE / most, TOP + HIGH * len(shown) + 20
    bars = [bar(figure, TOP + HIGH * n, scale) for n, figure in enumerate(shown)]
    one = LEFT + scale
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDE + 60}" height="{height}" role="img">',
        f"<title>Sluice beside what it is compared with, which is 1</title><style>{STYLE}</style>",
        f'<text x="{LEFT}" y="22">ratio; the dashed line is what it is compared with, red its goal, black the rounds</text>',
        *bars,
        f'<line class="one" x1="{one:.1f}" x2="{one:.1f}" y1="{TOP - 6}" y2="{height - 14}"/>',
        "</svg>\n",
    ])  # fmt: skip


def bar(figure: Figure, y: int, scale: float) -> str:
    assert figure.ratio is not None
    middle, kind = y + HIGH // 2, "miss" if figure.met is False else "bar"
    parts = [
        f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end">{escape(figure.name)}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{figure.ratio * scale:.1f}" height="{HIGH - 6}"/>',
        line("span", LEFT + min(figure.ratios) * scale, LEFT + max(figure.ratios) * scale, middle, middle),
    ]
    if figure.goal is not None:
        at = LEFT + figure.goal * scale
        parts.append(line("goal", at, at, y + 1, y + HIGH - 1))
    return "\n".join(parts)


def line(kind: str, x1: float, x2: float, y1: int, y2: int) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1}" y2="{y2}"/>'
