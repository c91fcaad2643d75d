"""The hunt for card numbers (S1 to S3, S5 to S7): driven through every door, then looked for wherever bytes remain."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.hunting import Quarry, quarry
from tests.security.marks import CHALLENGED, CVC, FREE, HIDDEN
from tests.security.scanner import Needle, scan, scan_files, told

NUMBERS = [Needle("a card number", HIDDEN), Needle("the number that asks", CHALLENGED)]
EVERY = [*NUMBERS, Needle("a card number in free text", FREE)]
CODE = re.compile(rb"""cvc["'\]]*(?:%5D)?["'\s:=,]{1,6}%b\b|\t%b(?:\t|$)|"%b\"""".replace(b"%b", CVC.encode()), re.MULTILINE)
WAITING = "select id, sealed from vault_cvcs"
MASTERS = re.compile(r"^\S+ (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def driven() -> Iterator[Quarry]:
    with quarry() as found:
        yield found


def clean(data: bytes, needles: list[Needle], place: str) -> None:
    found = list(scan(data, needles, place))
    assert not found, told(found)


@pytest.mark.shows("S1")
def test_the_hunt_had_something_to_find(driven: Quarry):
    """S1: cards were kept and charged, declines, 500s and free text happened: an empty gateway proves nothing."""
    statuses = {said.partition(b'"')[0] for said in driven.driver.heard}
    assert statuses
    assert driven.gateway.own("select count(*) from vault_cards")[0][0] > 20
    assert list(scan(driven.dump(), EVERY[2:], "dump"))
    assert "defect" in driven.gateway.tails() or any("defect" in log.read_text() for log in driven.logs())


@pytest.mark.shows("S1", "S2")
def test_no_number_in_a_dump(driven: Quarry):
    """S1: pg_dump of every table holds no card number but in its owner's free text."""
    clean(driven.dump(), NUMBERS, "dump")


@pytest.mark.shows("S1")
def test_no_number_in_the_data_files(driven: Quarry):
    """S1: nor do the raw data files and the write-ahead log."""
    found = list(scan_files(driven.cluster, NUMBERS, driven.others()))
    assert not found, told(found)


@pytest.mark.shows("S1", "S5", "S6", "S26")
def test_no_number_in_a_log(driven: Quarry):
    """S1, S6: nor any log, print or traceback, free text included."""
    for log in driven.logs():
        clean(log.read_bytes(), EVERY, log.name)


@pytest.mark.shows("S1", "S4")
def test_no_number_is_answered(driven: Quarry):
    """S1: nor any answer, error or header that a caller reads."""
    for said in driven.driver.heard:
        clean(said, NUMBERS, said[-400:].decode(errors="replace"))


@pytest.mark.shows("S1")
def test_no_number_is_told(driven: Quarry):
    """S1: nor any webhook."""
    assert driven.receiver.deliveries
    clean(driven.told(), NUMBERS, "webhooks")


@pytest.mark.shows("S1")
def test_no_number_beside_the_database(driven: Quarry):
    """S1: nor the gateway's own folder with its bank's journal, nor what the system shows of a process."""
    found = list(scan_files(driven.gateway.folder, EVERY))
    assert not found, told(found)
    for pid in driven.pids():
        for name in ("environ", "cmdline"):
            clean(Path(f"/proc/{pid}/{name}").read_bytes(), EVERY, f"/proc/PID/{name}")


@pytest.mark.shows("S3")
def test_a_code_is_nowhere(driven: Quarry):
    """S3: after the authorisation the code is in no table, log, answer or webhook; one that waits is in no log of writes."""
    places = [driven.dump(), driven.heard(), driven.told(), *(log.read_bytes() for log in driven.logs())]
    for data in places:
        assert not CODE.search(data), CODE.search(data)
    waiting = driven.gateway.own(WAITING)
    assert waiting, "methods that were made and never used"
    written = b"".join(file.read_bytes() for file in (driven.cluster / "pg_wal").iterdir() if file.is_file())
    assert not [row["id"] for row in waiting if row["sealed"] in written]


@pytest.mark.shows("S7")
def test_the_master_key_is_in_its_file_only(driven: Quarry):
    """S7: no dump, write-ahead log, log or environment holds it."""
    file = driven.gateway.folder / "vault.key"
    assert file.stat().st_mode & 0o777 == 0o600
    needles = [Needle("a master key", text) for text in MASTERS.findall(file.read_text())]
    raw = [base64.b64decode(needle.text) for needle in needles]
    assert raw
    places = {"dump": driven.dump()} | {log.name: log.read_bytes() for log in driven.logs()}
    places |= {"environment": b"".join(Path(f"/proc/{pid}/environ").read_bytes() for pid in driven.pids())}
    places |= {file.name: file.read_bytes() for file in (driven.cluster / "pg_wal").iterdir() if file.is_file()}
    for place, data in places.items():
        clean(data, needles, place)
        assert not [key for key in raw if key in data], place


@pytest.mark.shows("S7")
def test_no_process_leaves_a_core(driven: Quarry):
    """S7: API and worker may write no core file."""
    for name in ("api", "worker"):
        limits = Path(f"/proc/{driven.gateway.processes[name].child.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), name
