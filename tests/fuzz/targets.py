"""The table of what is fuzzed: a function that must come back from any bytes, and seeds to begin from."""

from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz import headers, parameters, wires


class Target(NamedTuple):
    run: Callable[[bytes], None]
    seeds: list[bytes]


TARGETS = {
    "form": Target(parameters.form, parameters.FORMS),
    "json": Target(parameters.body, parameters.JSONS),
    "walk": Target(parameters.call, parameters.CALLS),
    "authorization": Target(headers.authorization, headers.KEYS),
    "proxies": Target(headers.proxies, [seed.replace(b",", b"|", 1) for seed in headers.PROXIES]),
    "line": Target(headers.line, headers.LINES),
    "signature": Target(headers.signature, headers.SIGNATURES),
    "bank": Target(wires.said, wires.SAID),
    "frame": Target(wires.frame, [seed.split(b"\n")[0] for seed in wires.SAID]),
    "asked": Target(wires.asked, wires.ASKED),
}
