"""The scanner finds what is planted, in each form that it knows: else the hunt would prove nothing."""

import base64
import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.scanner import Needle, scan, scan_files, told

NUMBER, AMEX = "4571234567890111", "374571234567894"
NEEDLES = [Needle("visa", NUMBER), Needle("amex", AMEX), Needle("master", "k3yk3yk3yk3yk3yk3y=")]
FOURS = " ".join(NUMBER[n : n + 4] for n in range(0, 16, 4))
PLANTED = {
    "clear": f"number={NUMBER}&exp".encode(),
    "in a traceback": f'  File "x"\nValueError: {NUMBER!r}'.encode(),
    "spaces": FOURS.encode(),
    "dashes": FOURS.replace(" ", "-").encode(),
    "in a form": FOURS.replace(" ", "+").encode(),
    "in a URL": FOURS.replace(" ", "%20").encode(),
    "amex in its groups": b"3745 712345 67894",
    "reversed": NUMBER[::-1].encode(),
    "hex": NUMBER.encode().hex().encode(),
    "upper hex": NUMBER.encode().hex().upper().encode(),
    "bytea": b"\\x00" + NUMBER.encode().hex().encode(),
    "base64": base64.b64encode(NUMBER.encode()),
    "base64, one later": base64.b64encode(b"x" + NUMBER.encode() + b" 12 2040"),
    "base64, two later": base64.b64encode(b"xy" + NUMBER.encode() + b" 12 2040"),
    "base64 of groups": base64.b64encode(b'{"number": "' + FOURS.encode() + b'"}'),
    "bcd": bytes.fromhex(NUMBER),
    "bcd of an odd number": bytes.fromhex("0" + AMEX),
    "utf-16, little": NUMBER.encode("utf-16-le"),
    "utf-16, big": NUMBER.encode("utf-16-be"),
    "a big integer": int(NUMBER).to_bytes(8, "big"),
    "an integer of this machine": int(NUMBER).to_bytes(8, "little"),
    "numeric on disk": b"".join(int(NUMBER[n : n + 4]).to_bytes(2, "little") for n in range(0, 16, 4)),
    "zlib": zlib.compress(b"a" * 300 + NUMBER.encode()),
    "zlib, tightly": zlib.compress(NUMBER.encode() * 40, 9),
    "gzip": gzip.compress(f'{{"card": {{"number": "{NUMBER}"}}}}'.encode()),
    "gzip in base64": base64.b64encode(gzip.compress(b"x" * 40 + NUMBER.encode())),
    "packed twice": gzip.compress(b"head" + zlib.compress(b"y" * 40 + NUMBER.encode())),
    "other secrets": b"SECRET=k3yk3yk3yk3yk3yk3y=",
}


@pytest.mark.parametrize("form", PLANTED)
def test_what_is_planted_is_found(form: str):
    """S1: in the midst of other bytes, in each form."""
    assert list(scan(b"\0\xffbefore " + PLANTED[form] + b"\nafter\0", NEEDLES, "here"))


@pytest.mark.parametrize("form", PLANTED)
def test_a_planted_file_is_found(tmp_path: Path, form: str):
    """S1: files too, with their names, however deep."""
    (tmp_path / "base" / "5").mkdir(parents=True)
    (tmp_path / "base" / "5" / "16384").write_bytes(b"\0" * 8_192 + PLANTED[form] + b"\0" * 8_192)
    assert "base/5/16384" in told(list(scan_files(tmp_path, NEEDLES)))


@given(st.binary(max_size=300), st.integers(0, 300))
def test_wherever_base64_begins(noise: bytes, at: int):
    """S1: no alignment hides it."""
    text = base64.b64encode(noise[:at] + NUMBER.encode() + noise[at:])
    assert list(scan(text, NEEDLES[:1], "here"))


@given(st.binary(max_size=2_000))
def test_noise_is_no_number(noise: bytes):
    """S1: a find is a find."""
    assert not list(scan(noise + b"\x78\x9c" + noise, NEEDLES, "here"))


def test_what_may_be_shown_is_not_found():
    """S4: the first six and the last four."""
    assert not list(scan(f"{NUMBER[:6]}******{NUMBER[-4:]} visa 0111".encode(), NEEDLES, "here"))
