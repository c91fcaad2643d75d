"""The embedded server, by real processes: whatever dies, the data is found again, and by nobody else."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import asyncpg
import pytest

from sluice.core.settings import read_settings
from sluice.store.postgres import Postgres, database
from sluice.store.postmaster import Postmaster
from tests.postgres import new_database, shared_server

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must give the server another account")


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="sluice-pg-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path):
    """One cluster for the whole module; every test leaves it stopped."""
    server = Postgres(folder / "data")
    server.start()
    ask(server, "create table if not exists kept (n int unique)")
    yield server
    last = Postgres(folder / "data")
    server.let_go()
    last.start()
    last.stop()


def dsn_of(server: Postgres) -> str:
    return server.dsn(found(server))


def found(server: Postgres) -> Postmaster:
    postmaster = server.postmaster()
    assert postmaster
    return postmaster


def ask(server: Postgres, sql: str):
    async def once():
        connection = await asyncpg.connect(dsn_of(server))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.shows("F52")
@pytest.mark.parametrize("buried", [True, False], ids=["dead", "zombie"])
def test_a_killed_server_is_started_again_and_has_its_data(server: Postgres, buried: bool):
    """F52: committed data is found after SIGKILL; a zombie, which still holds its number, is not taken for a server."""
    ask(server, "insert into kept values (1) on conflict do nothing")
    os.kill(found(server).pid, signal.SIGKILL)
    child = server.process  # as long as nobody asks for it, it is a zombie
    if buried:
        child.wait()
    server.let_go()

    again = Postgres(server.data)
    again.start()
    assert ask(again, "select count(*) from kept where n = 1") == 1
    again.stop()


@pytest.mark.shows("F52")
def test_a_strangers_number_in_a_stale_pid_file_stops_nobody(server: Postgres):
    """F52: after a reboot the number may be another program's, which is left alone."""
    folder, lines = found(server).cluster, (found(server).cluster / "postmaster.pid").read_text().splitlines()
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    (folder / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    try:
        server.start()
        assert found(server).pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.shows("F52")
@pytest.mark.parametrize("content", ["", "1\n"], ids=["empty", "half written"])
def test_a_pid_file_that_was_being_written_stops_nobody(server: Postgres, content: str):
    folder = found(server).cluster
    server.stop()
    (folder / "postmaster.pid").write_text(content)
    server.start()
    assert ask(server, "select 1") == 1


STARTER = "import sys, time\nfrom pathlib import Path\nfrom sluice.store.postgres import Postgres\n"
STARTER += "Postgres(Path(sys.argv[1])).start()\nprint('up', flush=True)\ntime.sleep(60)\n"


@pytest.mark.shows("F52")
def test_the_server_of_a_killed_owner_is_taken_over(server: Postgres):
    """F52: `up` dies by SIGKILL, its PostgreSQL goes on; the next owner attaches to it, and can stop it."""
    server.stop()
    owner = subprocess.Popen([sys.executable, "-c", STARTER, str(server.data)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert owner.stdout.readline() == b"up\n"
    left = found(server).pid
    owner.kill()
    owner.wait()

    next_owner = Postgres(server.data)
    next_owner.start()
    assert next_owner.owner
    assert found(next_owner).pid == left
    next_owner.stop()
    assert server.postmaster() is None


@pytest.mark.shows("F52")
def test_of_two_starts_at_once_one_owns_and_the_other_attaches(server: Postgres):
    """F52: and the guest's leaving stops nothing."""
    server.stop()
    both = [Postgres(server.data), Postgres(server.data)]
    threads = [threading.Thread(target=one.start) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner, guest = sorted(both, key=lambda one: not one.owner)
    assert (owner.owner, guest.owner) == (True, False)
    guest.stop()
    assert ask(owner, "select 1") == 1
    owner.stop()


@pytest.mark.shows("F52")
def test_a_guest_whose_owner_fails_becomes_the_owner(server: Postgres):
    """Nobody waits for a process that is gone."""
    server.stop()
    assert server.take_lock()
    guest = Postgres(server.data)
    thread = threading.Thread(target=guest.start)
    thread.start()
    time.sleep(0.05)
    server.let_go()
    thread.join()
    assert guest.owner
    guest.stop()


@pytest.mark.shows("S24")
def test_nobody_else_gets_in(server: Postgres):
    """S24: folders 0700, password 0600, no trust authentication, no network."""
    home = found(server).cluster
    assert [mode(home), mode(home.parent), mode(Path(found(server).sockets)), mode(server.password_file)] == [0o700] * 3 + [
        0o600
    ]
    rules = [line for line in (home / "pg_hba.conf").read_text().splitlines() if line and not line.startswith("#")]
    assert {line.split()[-1] for line in rules} == {"scram-sha-256"}
    assert ask(server, "show listen_addresses") == ""

    async def wrong_password():
        await asyncpg.connect(dsn_of(server), password="guess")

    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(wrong_password())


@as_root
@pytest.mark.shows("S24")
def test_no_parent_is_opened_for_nobody(tmp_path: Path):
    """S24: as root, under a folder that is closed to others, the cluster lies elsewhere, and the data folder says where."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [mode(path) for path in (closed, *closed.parents)]
    hidden = Postgres(closed / "data")
    try:
        hidden.start()
        assert ask(hidden, "select current_user") == "postgres"
        assert [mode(path) for path in (closed, *closed.parents)] == before
        cluster = found(hidden).cluster
        assert not cluster.is_relative_to(closed)
        assert (closed / "data" / "postgres.place").read_text().strip() == str(cluster.parent)
        assert cluster.stat().st_uid not in (0, os.getuid())
    finally:
        hidden.stop()
        shutil.rmtree(Path((closed / "data" / "postgres.place").read_text().strip()))


def test_a_killed_initdb_is_done_again_and_a_long_path_has_a_short_socket(folder: Path):
    """A half-made cluster is never used; a socket's path holds 107 bytes."""
    long = Postgres(folder / ("long" * 30))
    (folder / ("long" * 30)).mkdir(mode=0o711)
    (long.data / "postgres").mkdir(mode=0o700)
    owner = found_owner()
    os.chown(long.data / "postgres", *owner)
    (long.data / "postgres" / "cluster.new").mkdir()
    (long.data / "postgres" / "cluster.new" / "half").write_text("made")
    long.start()
    sockets = Path(found(long).sockets)
    assert not sockets.is_relative_to(long.data)
    assert mode(sockets) == 0o700
    assert ask(long, "select 1") == 1
    long.stop()
    sockets.rmdir()


def found_owner() -> tuple[int, int]:
    import pwd

    who = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return who.pw_uid, who.pw_gid


@pytest.mark.shows("S5")
def test_its_log_holds_no_row_values(server: Postgres):
    """S5: the refused row's key would stand in DETAIL, the statement in STATEMENT."""
    ask(server, "insert into kept values (727272) on conflict do nothing")
    with pytest.raises(asyncpg.UniqueViolationError):
        ask(server, "insert into kept values (727272)")
    assert "kept_n_key" in server.log.read_text()
    assert "727272" not in server.log.read_text()


def test_what_is_committed_is_on_disk(server: Postgres):
    """The embedded server is for real money too: no durability is traded for speed."""
    assert [ask(server, f"show {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3


def test_an_external_database_is_used_as_it_is(tmp_path: Path):
    """DATABASE_URL: no server is started, not even a data folder made."""
    with database(read_settings(data=tmp_path / "none", database_url="postgresql://elsewhere/x")) as dsn:
        assert dsn == "postgresql://elsewhere/x"
    assert not (tmp_path / "none").exists()


async def test_tests_share_a_server_and_have_databases_of_their_own():
    """The suite's own helper: the last user stops the server and leaves nothing."""
    name = f"self-{os.getpid()}"
    with shared_server(name) as first:
        with shared_server(name) as second:
            assert first == second
        async with new_database(first) as one, new_database(first) as other:
            for dsn in (one, other):
                connection = await asyncpg.connect(dsn)
                await connection.execute("create table mine (n int)")
                await connection.close()
    assert not Path(tempfile.gettempdir(), f"sluice-tests-{name}").exists()
