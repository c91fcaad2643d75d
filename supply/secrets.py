"""`./dev secrets`: no key lies in the tree or in its history. Our own shapes, and what detect-secrets knows of others'."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

from supply.lock import ROOT

LEFT_OUT = (
    "BasicAuthDetector", "IPPublicDetector", "KeywordDetector",  # a DSN in a test, an address, a word
    "CloudantDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "SoftlayerDetector",  # slow; we talk to none
)  # fmt: skip
OURS = [re.compile(r"\b(?:sk|rk|pk|ek)_(?:test|live)_[A-Za-z0-9]{10,}"), re.compile(r"\bwhsec_[A-Za-z0-9]{10,}")]
OTHERS = [
    pattern for plugin in get_mapping_from_secret_type_to_class().values()
    if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in LEFT_OUT for pattern in plugin().denylist
]  # fmt: skip
PATTERNS = [*OURS, *OTHERS]
LOOKED_AT = {"bcb7df7": "the alphabet, as a key in a test of masking"}  # what a commit added and is none
LOCK = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Find(NamedTuple):
    """Where, and how it begins: a scan must not print what it finds."""

    place: str
    begins: str


def main(_: list[str]) -> int:
    here, before = set(scan(tree())), set(scan(history()))
    for find in sorted(here | before):
        print(f"{find.place}: {find.begins}…")
    print(f"{len(here)} in the tree, {len(before)} in the history")
    return 1 if here | before else 0


def scan(texts: Iterable[tuple[str, str]]) -> Iterator[Find]:
    """`texts`: pairs of a place and what stands there."""
    for place, text in texts:
        bare = LOCK.sub("", text)
        for found in (each for pattern in PATTERNS for each in pattern.finditer(bare)):
            line = bare.count("\n", 0, found.start()) + 1
            yield Find(f"{place}:{line}", found[0][:8])


def tree() -> Iterator[tuple[str, str]]:
    """Every text that is, or would be, committed, by its name."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for file in (ROOT / name for name in listed if name):
        if file.is_file() and b"\0" not in (raw := file.read_bytes())[:8_192]:
            yield file.relative_to(ROOT).as_posix(), raw.decode(errors="replace")


def history() -> Iterator[tuple[str, str]]:
    """What each commit added, by its number."""
    log = git("log", "--all", "-p", "-U0", "--no-color", "--no-ext-diff", "--format=%x00%h")
    for commit, _, text in (each.partition("\n") for each in log.split("\0")):
        if not commit.startswith(tuple(LOOKED_AT)):
            yield commit, "\n".join(line for line in text.split("\n") if line.startswith("+"))


def git(*arguments: str) -> str:
    """Nothing where there is no repository: a tree from an archive has no history."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    return done.stdout.decode(errors="replace")
