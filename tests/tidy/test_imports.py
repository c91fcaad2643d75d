"""The house's floors, as `pyproject.toml` draws them, and proof that each rule bites (DESIGN 1)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_every_import_points_down():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("core/clock.py", "import sluice.store.postgres"),
        ("store/postgres.py", "import sluice.payments"),
        ("books/__init__.py", "import sluice.payments"),
        ("payments/__init__.py", "import sluice.api"),
        ("worker/__init__.py", "import sluice.cli"),
        ("rails/types.py", "import sluice.store"),
        ("rails/types.py", "import sluice.books"),
        ("rails/types.py", "import asyncpg"),
        ("simulators/__init__.py", "import sluice.rails"),
        ("api/__init__.py", "import sluice.simulators"),
        ("core/money.py", "import tests.postgres"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, line: str):
    shutil.copytree(ROOT / "sluice", tmp_path / "sluice", ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "sluice" / file).open("a") as source:
        source.write(f"\n{line}\n")
    assert lint(tmp_path).returncode == 1
