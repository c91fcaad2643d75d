"""`sluice up`, by real processes over a real PostgreSQL; API, worker and bank are small stand-ins (`up_program.py`)."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sluice.store.postmaster import Postmaster

PROGRAM = Path(__file__).with_name("up_program.py")
ROOT = PROGRAM.parents[2]


class Up:
    """One `sluice up`."""

    def __init__(self, data: Path, port: int = 0, api: str = "answers") -> None:
        self.data, self.ready = data, data.parent / f"ready-{time.monotonic_ns()}"
        for old in data.glob("*.pid"):
            old.unlink()
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(data), str(port), str(self.ready), api],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def facts(self) -> dict:
        until(lambda: self.ready.exists() or self.process.poll() is not None)
        return json.loads(self.ready.read_text())

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def child(self, name: str) -> int:
        file = self.data / f"{name}.pid"
        until(lambda: file.exists() and file.read_text())
        return int(file.read_text())

    def answer(self) -> int:
        """The number of the API's process, as it says it."""
        with urllib.request.urlopen(self.facts()["url"], timeout=30) as answer:
            return int(answer.read())


def until(true) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="module")
def data():
    folder = Path(tempfile.mkdtemp(prefix="sluice-up-"))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def start(data: Path):
    """Starts one over the module's data folder; none is left behind."""
    begun: list[Up] = []

    def begin(**how) -> Up:
        begun.append(Up(data, **how))
        return begun[-1]

    yield begin
    for up in begun:
        if up.process.poll() is None:
            up.end()
    with suppress(FileNotFoundError):
        shutil.rmtree(data / "logs")


@pytest.mark.shows("O2")
def test_it_starts_says_what_to_do_and_stops_in_order(start, data: Path):
    """O2: at most 20 lines, plain without a terminal; a ready file; SIGTERM ends every process, the database last."""
    up = start()
    facts = up.facts()
    assert up.answer() == up.child("api")
    assert stat.S_IMODE(up.ready.stat().st_mode) == 0o600
    postmaster = Postmaster.of(data / "postgres" / "cluster")
    children = [up.child(name) for name in ("sandbox", "api", "worker")]

    code, out, err = up.end()
    assert code == 0
    said = (out + err).replace("request lines come through\n", "").replace("stopped\n", "")
    assert len(said.strip().splitlines()) <= 20
    assert "\x1b" not in said
    assert "request lines come through" in out
    keys = ("pk_of_the_shop", "sk_of_the_shop:", "whsec_of_the_shop")
    assert set(facts["inner"]) == {"api", "worker"}
    words = (facts["url"], *facts["inner"].values(), *keys, "curl ", "pm_card_visa", str(data), "Ctrl-C")
    assert [word for word in words if word not in out] == []
    assert all(map(gone, [*children, postmaster.pid]))


def test_ctrl_c_is_an_order_to_stop_not_a_crash(start):
    up = start()
    up.facts()
    code, _, err = up.end(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in err
    assert err.endswith("stopped\n")


def test_a_second_one_over_the_same_data_is_refused(start, data: Path):
    """Two would give two answers to one question; the first is not disturbed."""
    first = start()
    first.facts()
    second = start()
    _, err = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert err.strip().splitlines() == [
        f"sluice: Sluice already runs over {data} (process {first.process.pid}): stop it, or choose another --data"
    ]
    assert first.answer()


@pytest.mark.shows("O3")
def test_a_port_in_use_is_named_with_the_remedy(start):
    """O3: one sentence; nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start(port=port)
        out, err = up.process.communicate(timeout=30)
    assert (up.process.returncode, out) == (1, "")
    assert err == f"sluice: port {port} is in use by another program: stop it, or take a free port with `--port 0`\n"


@pytest.mark.shows("F52")
def test_killed_and_started_at_once_it_comes_up_again_on_the_same_port(start, data: Path):
    """F52: children die with it, its PostgreSQL is attached to."""
    up = start()
    port = up.facts()["port"]
    children = [up.child(name) for name in ("sandbox", "api", "worker")]
    left = Postmaster.of(data / "postgres" / "cluster")
    up.process.kill()

    again = start(port=port)
    assert again.facts()["port"] == port
    assert Postmaster.of(data / "postgres" / "cluster").pid == left.pid
    until(lambda: all(map(gone, children)))
    assert again.answer() == again.child("api")


def test_a_child_that_dies_comes_again_and_callers_wait_for_it(start):
    """The socket is `up`'s: a call that comes between two lives of the API is answered by the second."""
    up = start()
    first = up.answer()
    os.kill(first, signal.SIGKILL)
    until(lambda: gone(first))
    second = up.answer()
    assert second != first
    _, _, err = up.end()
    assert "the api was killed (SIGKILL)" in err
    assert "starting it again" in err


def test_a_child_that_cannot_start_is_named_with_its_last_words(start, data: Path):
    """Everything is stopped, exit 1."""
    up = start(api="fails")
    _, err = up.process.communicate(timeout=30)
    assert up.process.returncode == 1
    assert f"sluice: the api ended with code 1: the vault key is missing (log: {data}/logs/api.log)" in err
    assert not up.ready.exists()
    assert Postmaster.of(data / "postgres" / "cluster") is None


def test_it_can_be_stopped_before_it_is_ready(start):
    up = start(api="hangs")
    up.child("api")
    code, _, err = up.end()
    assert code == 0
    assert err.endswith("stopped\n")
