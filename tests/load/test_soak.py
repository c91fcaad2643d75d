"""`./dev soak`, a short one: everything at once for some seconds, in all weathers, and then all comes to rest."""

import os
import subprocess
import sys

import pytest

from tests.harness.processes import ROOT
from tests.load.measures import say

SECONDS, WHOLE_SECONDS = 20, 20 * 60


@pytest.mark.slow
def test_a_short_soak(whole: bool, capsys: pytest.CaptureFixture[str]):
    """Payments, holds, refunds, lists, dead receivers and a bank with moods: nothing is stuck and the books agree."""
    seconds = WHOLE_SECONDS if whole else SECONDS
    ran = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--seconds", str(seconds), "--pace", "5"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=seconds + 300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]
    say(capsys, ran.stdout.strip().splitlines()[-2])
