"""As much of PromQL as our rules use, over scrapes that a test has made: for drills, where no Prometheus is at hand.

A vector is {labels: value}; a number is a scalar. A rate is the rise between the first and the last scrape, over the time
between them: no window, no extrapolation. As with Prometheus, what was not there at the first scrape has no rise.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Value = Vector | float
Series = dict[tuple[str, Labels], float]
TOKEN = re.compile(r'\s*(?:([\d.]+)(?![\d.smhd])|([a-zA-Z_:][\w:]*)|("[^"]*")|(=~|!=|==|>=|<=|[-+*/(){}\[\],=<>]|\d+[smhd]))')
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
}
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else float("nan"),
}
TOGETHER: dict[str, Callable[[list[float]], float]] = {"sum": sum, "min": min, "max": max}


class Scrape(NamedTuple):
    at: float
    series: Series


def series(text: str, **labels: str) -> Series:
    """A process's /metrics, each series with the labels that Prometheus would add."""
    return {
        (sample.name, frozenset({**sample.labels, **labels}.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def holds(expression: str, scrapes: list[Scrape], now: float | None = None) -> Vector:
    """What the rule finds, oldest scrape first; {}: nothing, the alert is silent."""
    reader = Reader(expression, scrapes, scrapes[-1].at if now is None else now)
    found = reader.comparison()
    assert not reader.tokens, f"{reader.tokens} was not read"
    assert isinstance(found, dict), "a rule compares series"
    return found


class Reader:
    """Reads an expression from the left, and says what it is at this moment."""

    def __init__(self, text: str, scrapes: list[Scrape], now: float) -> None:
        found = list(TOKEN.finditer(text.strip()))
        assert "".join(each[0] for each in found) == text.strip(), text
        self.tokens = [each[0].strip() for each in found][::-1]
        self.scrapes, self.now = scrapes, now

    def next(self, *wanted: str) -> str:
        """The next token, if it is one of these; "" if not. Any, when none is named."""
        return self.tokens.pop() if self.tokens and (not wanted or self.tokens[-1] in wanted) else ""

    def need(self, token: str) -> None:
        assert self.next(token), f"{token} is missing before {self.tokens[::-1]}"

    def comparison(self) -> Value:
        left = self.level("+-", lambda: self.level("*/", self.atom))
        while sign := self.next(*COMPARE):
            right = self.level("+-", lambda: self.level("*/", self.atom))
            assert isinstance(left, dict)
            assert isinstance(right, float)
            left = {labels: value for labels, value in left.items() if COMPARE[sign](value, right)}
        return left

    def level(self, signs: str, below: Callable[[], Value]) -> Value:
        left = below()
        while sign := self.next(*signs):
            left = combined(ARITHMETIC[sign], left, below())
        return left

    def atom(self) -> Value:
        token = self.next()
        if token[0].isdigit():
            return float(token)
        if token == "(":
            inner = self.comparison()
            self.need(")")
            return inner
        if token == "time":
            self.need("(")
            self.need(")")
            return self.now
        if token in TOGETHER:
            return self.together(TOGETHER[token])
        if token in ("rate", "increase"):
            self.need("(")
            rise = self.rise(self.next(), per_second=token == "rate")
            self.need(")")
            return rise
        if token == "abs":
            self.need("(")
            inner = self.comparison()
            self.need(")")
            assert isinstance(inner, dict)
            return {labels: abs(value) for labels, value in inner.items()}
        return self.selected(token, self.scrapes[-1].series, self.matchers())

    def together(self, of: Callable[[list[float]], float]) -> Vector:
        by: list[str] = []
        if self.next("by"):
            self.need("(")
            while not self.next(")"):
                by.append(self.next())
                self.next(",")
        self.need("(")
        inner = self.comparison()
        self.need(")")
        assert isinstance(inner, dict)
        groups: dict[Labels, list[float]] = {}
        for labels, value in inner.items():
            groups.setdefault(frozenset(each for each in labels if each[0] in by), []).append(value)
        return {labels: of(values) for labels, values in groups.items()}

    def matchers(self) -> list[tuple[str, str, str]]:
        found = []
        if self.next("{"):
            while not self.next("}"):
                found.append((self.next(), self.next("=", "=~", "!="), self.next().strip('"')))
                self.next(",")
        return found

    def selected(self, name: str, series: Series, matchers: list[tuple[str, str, str]]) -> Vector:
        return {labels: value for (each, labels), value in series.items() if each == name and fits(dict(labels), matchers)}

    def rise(self, name: str, *, per_second: bool) -> Vector:
        matchers = self.matchers()
        self.need("[")
        self.next()
        self.need("]")
        first, last = self.scrapes[0], self.scrapes[-1]
        before, now = (self.selected(name, each.series, matchers) for each in (first, last))
        passed = last.at - first.at
        if not passed:
            return {}
        rises = {labels: now[labels] - before[labels] if now[labels] >= before[labels] else now[labels]
                 for labels in now.keys() & before.keys()}  # fmt: skip
        return {labels: value / passed if per_second else value for labels, value in rises.items()}


def fits(labels: dict[str, str], matchers: list[tuple[str, str, str]]) -> bool:
    test: dict[str, Callable[[str, str], bool]] = {
        "=": lambda have, want: have == want,
        "!=": lambda have, want: have != want,
        "=~": lambda have, want: re.fullmatch(want, have) is not None,
    }
    return all(test[sign](labels.get(name, ""), want) for name, sign, want in matchers)


def combined(do: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, dict) and isinstance(right, dict):
        return {labels: do(left[labels], right[labels]) for labels in left.keys() & right.keys()}
    if isinstance(left, dict):
        assert isinstance(right, float)
        return {labels: do(value, right) for labels, value in left.items()}
    if isinstance(right, dict):
        return {labels: do(left, value) for labels, value in right.items()}
    return do(left, right)
