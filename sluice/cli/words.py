"""Every word that we print, with what it means: read from the pages that say it, so that it is said once."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sluice.api.docs import FOLDER, anchor

KINDS = {"F": "fault", "S": "security requirement", "O": "promise to operators", "D": "promise to owners"}
SECTION = re.compile(r"^### (\S+)\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (`[A-Za-z].*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Word(NamedTuple):
    """`see` is where the installation's docs say more."""

    word: str
    kind: str
    text: str
    see: str


def words() -> list[Word]:
    """Errors, declines, events, alerts, discrepancies, settings, metrics, and the numbers of faults and promises."""
    return [*errors(), *events(), *sections("alert", "alerts"), *discrepancies(), *settings(), *metrics(), *numbers()]


def read(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text("utf-8")


def plain(markdown: str) -> str:
    """Without links, which lead nowhere on a terminal."""
    return LINK.sub(r"\1", markdown).strip()


def sections(kind: str, page: str, text: str | None = None) -> Iterator[Word]:
    for name, said in SECTION.findall(text or read(page)):
        yield Word(name, kind, plain(said), f"/docs/{page}#{anchor(name)}")


def errors() -> Iterator[Word]:
    codes, _, declines = read("errors").partition("\n## Decline codes\n")
    yield from sections("error code", "errors", codes)
    yield from sections("decline code", "errors", declines)


def events() -> Iterator[Word]:
    """Those that we make, and those that an endpoint may only name."""
    from sluice.shapes.contract import event_types

    made = list(sections("event type", "events"))
    yield from made
    for name in sorted(event_types() - {each.word for each in made}):
        yield Word(name, "event type", "The contract has it; this version makes none.", "/docs/events")


def discrepancies() -> Iterator[Word]:
    for name, said, cure in ROW.findall(read("alerts").partition("## Kinds of discrepancies")[2]):
        yield Word(name.strip("`"), "discrepancy", f"{plain(said)}\nCure: {plain(cure)}", "/docs/alerts#kinds-of-discrepancies")


def settings() -> Iterator[Word]:
    for names, default, said in ROW.findall(read("operations").partition("## Settings")[2]):
        for name in re.findall(r"`([A-Z_]+)`", names):
            yield Word(name, "setting", f"{plain(said)}\nDefault: {default}", "/docs/operations#settings")


def metrics() -> Iterator[Word]:
    from sluice.core.metrics import DESCRIBED

    for each in DESCRIBED:
        labels = f" Labels: {', '.join(each.labels)}." if each.labels else ""
        yield Word(each.name, f"metric, a {each.kind}", f"{each.says}{labels}", "/docs/metrics")


def numbers() -> Iterator[Word]:
    from sluice.cli.docs.numbers import MEANINGS

    for number, said in MEANINGS.items():
        yield Word(number, KINDS[number[0]], said, "/docs/faults")
