"""A state diagram as SVG: the states in a column, each move an arc, forward on the right, back on the left."""

from collections.abc import Iterable

STEP, WIDE, HIGH, LEFT = 64, 220, 34, 210
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}"'
    ' font-family="system-ui, sans-serif" font-size="15">\n'
    '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#1f5fbf"/></marker></defs>\n'
    '<rect width="{width}" height="{height}" fill="#fff"/>\n'
)
BOX = '<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="8" fill="#f3f5f7" stroke="#1d2733"/>\n'
NAME = '<text x="{x}" y="{y}" text-anchor="middle" fill="#1d2733">{name}</text>\n'
ARC = (
    '<path d="M{x} {y1}C{bend} {y1} {bend} {y2} {x} {y2}" fill="none" stroke="#1f5fbf" stroke-width="1.5"'
    ' marker-end="url(#end)"/>\n'
)


def diagram(label: str, states: list[str], moves: Iterable[tuple[str, str]]) -> str:
    at = {name: 12 + n * STEP for n, name in enumerate(states)}
    text = HEAD.format(width=2 * LEFT + WIDE, height=len(states) * STEP, label=label)
    for name, y in at.items():
        text += BOX.format(x=LEFT, y=y, wide=WIDE, high=HIGH)
        text += NAME.format(x=LEFT + WIDE // 2, y=y + HIGH // 2 + 5, name=name)
    return text + "".join(arc(at[was], at[to]) for was, to in sorted(set(moves))) + "</svg>\n"


def arc(start: int, end: int) -> str:
    """The longer the way, the wider the bend, so that no two lie upon each other."""
    forward, reach = end > start, 30 + abs(end - start) * 2 // 5
    side = LEFT + WIDE if forward else LEFT
    leaves, arrives = (start + HIGH - 10, end + 10) if forward else (start + 10, end + HIGH - 10)
    return ARC.format(x=side, bend=side + (reach if forward else -reach), y1=leaves, y2=arrives)
