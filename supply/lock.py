"""The locks in requirements/: which packages at which versions, with the hashes of the files that may be installed."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
RUNTIME, DEV = ROOT / "requirements" / "runtime.txt", ROOT / "requirements" / "dev.txt"
PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)([^\\\n]*)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Package(NamedTuple):
    """`marker`: on which systems it is installed, "" on all."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def packages(lock: Path) -> list[Package]:
    text = lock.read_text("utf-8")
    heads = [*PACKAGE.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [
        Package(head[1].lower(), head[2], head[3].strip(" ;"), tuple(HASH.findall(text, head.end(), end)))
        for head, end in zip(heads, ends, strict=True)
    ]
