"""Looks for what must not be there, in whatever form it may lie: in clear, in groups, encoded, packed (S1).

Of a card number the first twelve digits are looked for: with them alone its owner is found.
"""

import base64
import re
import zlib
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

MARK = 12  # digits of a number that a form is made of
PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")  # how gzip and zlib begin
UNPACKED_MOST = 1 << 20  # bytes taken out of one packed stream
DEPTH = 3  # packed in packed
DECODED = 8_192  # bytes of text that are unpacked from base64 at most
BASE64 = re.compile(rb"H4sI[A-Za-z0-9+/=\n]{24,}|eJ[A-Za-z0-9+/=\n]{24,}|eA[EF][A-Za-z0-9+/=\n]{24,}")  # of what is packed


class Found(NamedTuple):
    """What was found, in which form, and where."""

    name: str
    form: str
    place: str


class Needle:
    """A secret of digits (a card number) or of any text; `forms` are the bytes that betray it."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    @cached_property
    def forms(self) -> dict[str, list[bytes]]:
        mark = self.text[:MARK] if self.text.isdigit() else self.text
        plain = mark.encode()
        forms = {
            "clear": [plain],
            "reversed": [self.text[::-1][-len(mark) :].encode()],
            "hex": [plain.hex().encode(), plain.hex().upper().encode()],
            "utf-16": [mark.encode("utf-16-le"), mark.encode("utf-16-be")],
            "base64": list(aligned(plain)),
        }
        return forms | (of_digits(self.text, mark) if self.text.isdigit() else {})


def of_digits(number: str, mark: str) -> dict[str, list[bytes]]:
    """How digits are grouped by people, and packed by machines."""
    sizes = ((4, 4, 4), (4, 6, 2))
    groups = [[mark[:a], mark[a : a + b], mark[a + b :]] for a, b, _ in sizes]
    grouped = [sep.join(each).encode() for each in groups for sep in (" ", "-", "+", "%20", "\u00a0", ".", "_", "/")]
    fours = [int(mark[n : n + 4]) for n in range(0, MARK, 4)]
    return {
        "grouped": grouped,
        "grouped, in base64": [each for text in grouped[:2] for each in aligned(text)],
        "bcd": [bytes.fromhex(mark), *shifted(mark)],
        "integer": [int(number).to_bytes(8, order) for order in ("big", "little")],  # type: ignore[arg-type]
        "numeric": [b"".join(four.to_bytes(2, order) for four in fours) for order in ("big", "little")],  # type: ignore[arg-type]
        "digits apart": [b"\0".join(bytes([digit]) for digit in mark.encode())],
    }


def shifted(mark: str) -> Iterator[bytes]:
    """An odd number of digits is filled up on the left, so that pairs begin one digit later."""
    yield bytes.fromhex(mark[1:-1])


def aligned(plain: bytes) -> Iterator[bytes]:
    """What every base64 text holds that `plain` was put into, by where it began."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain)
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        yield coded[first:last]


def scan(data: bytes, needles: list[Needle], place: str, depth: int = 0) -> Iterator[Found]:
    """Everything that is found in `data`, and in what is packed in it."""
    for needle in needles:
        for form, patterns in needle.forms.items():
            if any(pattern in data for pattern in patterns):
                yield Found(needle.name, form, place)
    if depth < DEPTH:
        for how, inner in unpacked(data):
            yield from scan(inner, needles, f"{place} > {how}", depth + 1)


def unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What lies packed in there, wherever it begins: zlib, gzip, and either of them in base64."""
    whole = memoryview(data)
    for found in PACKED.finditer(data):
        packer = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            inner = packer.decompress(whole[found.start() : found.start() + UNPACKED_MOST], UNPACKED_MOST)
        except zlib.error:
            continue
        if inner:
            yield "packed", inner
    for found in BASE64.finditer(data):
        text = found[0].replace(b"\n", b"").rstrip(b"=")[:DECODED]
        yield "base64", base64.b64decode(text[: len(text) // 4 * 4])


def scan_files(folder: Path, needles: list[Needle], without: frozenset[Path] = frozenset()) -> Iterator[Found]:
    """Every file below `folder`, but for the folders `without`; one that went away meanwhile is not there."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file.parent not in without:
            try:
                data = file.read_bytes()
            except FileNotFoundError:
                continue
            yield from scan(data, needles, str(file.relative_to(folder)))


def told(found: list[Found]) -> str:
    """For a person: each thing once, with the forms and places that it was found in."""
    key = lambda each: each.name  # noqa: E731
    return "\n".join(
        f"{name}: " + ", ".join(sorted({f"{each.form} in {each.place}" for each in some}))
        for name, some in groupby(sorted(found, key=key), key)
    )
