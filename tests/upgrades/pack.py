"""Packs the last release from history: `python -m tests.upgrades.pack`. A clone may have no history, so the archive is kept.

0.1.0 is the commit below with the patch beside this file: the rule of versions, and leaving alone what a newer program asked.
"""

import gzip
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
VERSION, COMMIT = "0.1.0", "11767491d87ffbaff04ce6bf6c07b1d63843aec1"
ARCHIVE, PATCH = HERE / f"sluice-{VERSION}.tar.gz", HERE / f"sluice-{VERSION}.patch"


def pack() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = subprocess.run(["git", "archive", COMMIT, "sluice"], cwd=HERE.parents[1], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
            archive.extractall(folder, filter="data")
        subprocess.run(["git", "apply", PATCH], cwd=folder, check=True)
        ARCHIVE.write_bytes(gzip.compress(tarred(Path(folder)), mtime=0))


def tarred(folder: Path) -> bytes:
    """The same bytes for the same files: no owner, no time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                member = tarfile.TarInfo(path.relative_to(folder).as_posix())
                member.size = path.stat().st_size
                archive.addfile(member, io.BytesIO(path.read_bytes()))
    return written.getvalue()


if __name__ == "__main__":
    pack()
