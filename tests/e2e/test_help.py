"""Every command's help has an example, and the example runs as it stands; shells complete our words; one man page names all."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
from stripe import StripeClient
from typer.main import get_command
from typer.testing import CliRunner

from sluice.books.vault import rotation
from sluice.cli.completion import SHELLS, VARIABLE
from sluice.cli.docs import man
from sluice.cli.main import app
from sluice.core.secrets import Secret
from sluice.core.settings import NAMES, read_settings
from sluice.store.migrate import migrate
from sluice.store.postgres import database
from tests.harness.processes import ROOT, Process, free_port, until

COMMANDS = dict(man.every(get_command(app)))
STAYS = ("sluice up", "sluice api", "sluice worker", "sluice sandbox", "sluice listen", "sluice events listen")
ALONE = ("sluice merchants add", "sluice rollback", "sluice recover")  # with no other merchant, program or bank in the way
BEFORE = {"sluice restore": "sluice backup", "sluice import lines": "sluice export"}  # what makes the file that is named
BACKUPS = "/mnt/backups"  # a place of the operator's; here one of the test's
ID = re.compile(r"\b[a-z]+_…|\bkey\.txt")
PORT = re.compile(r"(--port |127\.0\.0\.1:)[1-9]\d+")


class Up(NamedTuple):
    """`sluice up` with its data folder, and the ids that examples name."""

    folder: Path
    ids: dict[str, str]

    @property
    def env(self) -> dict[str, str]:
        return {"SLUICE_DATA": str(self.folder / "data"), "COLUMNS": "200"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = Path(tmp_path_factory.mktemp("help"))
    ready, env = folder / "ready.json", {"SLUICE_DATA": str(folder / "data")}
    process = Process("up", ["-m", "sluice.cli.main", "up", "--port", "0", "--ready", str(ready)], folder / "up.log", env)
    try:
        until(lambda: ready.exists() or process.child.poll() is not None, seconds=120)
        shop = json.loads(ready.read_text())
        client = StripeClient(shop["secret_key"], base_addresses={"api": shop["url"]})
        endpoint = client.v1.webhook_endpoints.create({"url": "http://localhost:4242/webhook", "enabled_events": ["*"]}).id
        up = Up(folder, {"we_…": endpoint})
        up.ids["key_…"] = json.loads(run(up, "sluice keys list --json"))[0]["id"]
        bank = json.loads((folder / "data" / "bank.json").read_text())["address"]
        up.ids["ra_…"] = run(up, f'sluice rails add "A bank" --bank {bank}').strip()
        (folder / "key.txt").write_text(shop["secret_key"])
        up.ids["key.txt"] = f"{folder / 'key.txt'} --from {shop['url']}"  # from itself, for want of another
        up.ids["dis_…"] = discrepancy(up)
        yield up
    finally:
        process.stop()


def discrepancy(up: Up) -> str:
    """One that a person is to close."""

    async def add(dsn: str) -> None:
        owner = await asyncpg.connect(dsn)
        await owner.execute("insert into discrepancies values (1, 'dis_1', 1, 1, 'wrong_answer', 'ask_1', '{}', null)")
        await owner.close()

    with database(read_settings(data=up.folder / "data"), print) as dsn:
        asyncio.run(add(dsn))
    return "dis_1"


def run(up: Up, line: str, **env: str) -> str:
    done = CliRunner().invoke(app, shlex.split(line)[1:], env=up.env | env)
    assert done.exit_code == 0, f"{line}: {done.output}\n{done.exception}"
    return done.stdout


def example(name: str, up: Up) -> str:
    """As it stands in the help, with the ids of this installation and a port that is free."""
    text = man.said(COMMANDS[name]).partition("Example: ")[2].partition(" > ")[0]
    text = PORT.sub(lambda found: f"{found[1]}{free_port()}", text)
    return ID.sub(lambda found: up.ids[found[0]], text).replace(BACKUPS, str(up.folder / "backups"))


@pytest.mark.shows("O18")
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in (*STAYS, *ALONE)])
def test_the_example_runs(running: Up, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Exit 0, on a running installation."""
    monkeypatch.setattr(rotation, "PATIENCE", 0.0)
    monkeypatch.chdir(tmp_path)
    line = example(name, running)
    assert line.startswith("sluice ")
    if name in BEFORE:
        run(running, example(BEFORE[name], running))
    run(running, line)


@pytest.mark.shows("O18")
@pytest.mark.parametrize("name", ALONE)
async def test_the_example_runs_on_another_database(running: Up, empty_database: Secret, name: str, tmp_path: Path):
    """What would change the installation for the others has one of its own."""
    await migrate(str(empty_database))
    bank = json.loads((running.folder / "data" / "bank.json").read_text())["address"]
    env = {"DATABASE_URL": str(empty_database), "SLUICE_DATA": str(tmp_path), "SLUICE_BANK": bank}
    line = example(name, running)
    assert await asyncio.to_thread(run, running, line, **env)


@pytest.mark.shows("O18")
@pytest.mark.parametrize("name", STAYS)
def test_the_example_of_what_stays_runs(running: Up, name: str, tmp_path: Path):
    """It works until it is told to end, and ends well."""
    words = shlex.split(example(name, running))[1:]
    data = tmp_path / "data" if name in ("sluice up", "sluice sandbox") else running.folder / "data"
    env = {"SLUICE_DATA": str(data), "SLUICE_INNER_PORT": "0"}
    process = Process("example", ["-m", "sluice.cli.main", *words], tmp_path / "log", env)
    try:
        there = (process.log, data / "bank.json")  # it says something, or notes where it is
        until(lambda: any(map(says, there)) or process.child.poll() is not None, seconds=60)
        assert process.child.poll() is None, process.tail()
    finally:
        process.stop(signal.SIGTERM)
    assert process.child.returncode in (0, -signal.SIGTERM), process.tail()


def says(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


@pytest.mark.shows("O18")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_told_how_to_complete(shell: str):
    """The script asks the program, which answers with what may come next."""
    script = CliRunner().invoke(app, ["completion", shell]).stdout
    assert VARIABLE in script
    asked = {
        "bash": {"COMP_WORDS": "sluice led", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "sluice led"},
        "fish": {"_TYPER_COMPLETE_ARGS": "sluice led", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    env = {**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: f"complete_{shell}", **asked}
    program = "from sluice.cli.main import app; app(prog_name='sluice')"
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert "ledger" in done.stdout, done.stderr


def test_bash_completes():
    """The script is sourced by a real bash, which then knows the word."""
    script = CliRunner().invoke(app, ["completion", "bash"]).stdout
    program = f"""sluice() {{ {sys.executable} -c "from sluice.cli.main import app; app(prog_name='sluice')" "$@"; }}
{script}
export -f sluice; COMP_WORDS=(sluice doc); COMP_CWORD=1; _sluice_completion sluice; echo "${{COMPREPLY[@]}}" """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    wrapped = program.replace("env COMP_WORDS=", "COMP_WORDS=")  # env(1) knows no function
    done = subprocess.run(["bash", "-c", wrapped], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["doctor"], done.stderr


@pytest.mark.shows("O18")
def test_the_man_page_names_what_the_code_has():
    """Each command, option and variable, and no other."""
    page = man.page().replace("\\-", "-")
    assert re.findall(r"^\.B (sluice .+)$", page, re.MULTILINE) == list(COMMANDS)
    for command in COMMANDS.values():
        for option in man.options(command):
            assert option.partition(":")[0] in page
    listed = set(re.findall(r"\b(?:SLUICE_[A-Z_]+|DATABASE_URL)\b", page.partition(".SH ENVIRONMENT")[2]))
    assert listed - {"DATABASE_URL_FILE"} == {*NAMES, "DATABASE_URL"}
