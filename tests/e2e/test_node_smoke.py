"""The official Node SDK pays, captures, refunds, lists and checks a signature. Skipped only where there is no Node."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import Shop
from tests.harness.cache import made_once

HERE = Path(__file__).with_name("node")
FILES = ("package.json", "package-lock.json", "smoke.mjs")
PATIENCE = 180  # seconds for a first installation

node, npm = shutil.which("node"), shutil.which("npm")
pytestmark = pytest.mark.skipif(not (node and npm), reason="there is no node and npm on this machine")


@pytest.fixture(scope="module")
def installed() -> Path:
    """The script beside its packages, at their locked versions."""

    def install(folder: Path) -> None:
        for name in FILES:
            shutil.copy(HERE / name, folder)
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    return made_once("node", b"".join((HERE / name).read_bytes() for name in FILES), install)


def run(command: list, folder: Path, **env: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_node_sdk(shop: Shop, installed: Path):
    """B-1.13, B-1.40, B-1.46, B-5.81: what the SDK makes of our answers, headers, errors and signatures."""
    said = json.loads(run([node, "smoke.mjs"], installed, SLUICE_URL=shop.gateway.url, SLUICE_KEY=shop.secret))
    assert said["statuses"] == ["requires_payment_method", "requires_capture", "succeeded", "succeeded"]
    assert said["requestId"].startswith("req_")
    assert (said["brand"], said["received"], said["sameCustomer"]) == ("visa", 1500, True)
    assert said["declined"] == ["StripeCardError", 402, "card_declined", "generic_decline"]
    assert said["intents"] == said["made"]
    assert said["event"] == "charge.succeeded"
    assert shop.v1.payment_intents.retrieve(said["made"][1]).metadata.to_dict() == {"order": "7"}
