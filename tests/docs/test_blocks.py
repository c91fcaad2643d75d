"""Each code block of README and docs runs, against a real gateway, and does what stands beside it (O15)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sluice.core.secrets import Secret
from tests.docs.sources import ROOT, Block, blocks
from tests.harness import Gateway, Shop

COMMANDS = {"bash": ("bash", "-euo", "pipefail", "-c"), "python": (sys.executable, "-c"), "js": ("node", "-e")}


@pytest.fixture(scope="module")
def docs_gateway(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("docs"))) as running:
        yield running


@pytest.fixture(scope="module")
def docs_shop(docs_gateway: Gateway) -> Shop:
    return Shop(docs_gateway)


def name(block: Block) -> str:
    return f"{block.file.relative_to(ROOT).as_posix()}:{block.number}:{block.language}"


def runs(language: str) -> bool:
    """Python and the shell always do; Node where it is, with its SDK (NODE_PATH)."""
    if language != "js":
        return True
    node = shutil.which("node")
    return (
        bool(node) and subprocess.run([str(node), "-e", 'require("stripe")'], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.shows("O15")
@pytest.mark.parametrize("block", list(blocks()), ids=name)
def test_a_block_runs(block: Block, docs_gateway: Gateway, docs_shop: Shop):
    if not runs(block.language):
        pytest.skip("needs node and its stripe package")
    env = os.environ | {"URL": docs_gateway.url, "KEY": docs_shop.secret}
    done = subprocess.run(
        [*COMMANDS[block.language], block.code], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if block.error:
        assert f'"code":"{block.error}"' in done.stdout
    else:
        assert '"error":{' not in done.stdout, done.stdout


@pytest.mark.shows("O10")
def test_a_doc_url_ends_at_its_code(docs_gateway: Gateway, docs_shop: Shop):
    """B-2.3"""
    error = docs_shop.raw("POST", "/v1/refunds", {"charge": "ch_none"}).error
    address, _, part = error["doc_url"].partition("#")
    assert part == error["code"].replace("_", "-")
    assert f'id="{part}"' in requests.get(address, timeout=10).text
