"""S29: what we are made of is written down, hashed, licensed, free of keys, and looked up for known holes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from supply import advisories, licences, sbom, secrets
from supply.lock import DEV, ROOT, RUNTIME, packages

pytestmark = pytest.mark.shows("S29")


def test_every_locked_package_has_its_hashes() -> None:
    """Neither lock lets in a file that nobody has seen; what runs is locked the same for developers."""
    runtime, dev = packages(RUNTIME), packages(DEV)
    assert len(runtime) > 30
    assert [each.name for each in (*runtime, *dev) if not each.hashes] == []
    assert {each[:2] for each in runtime} <= {each[:2] for each in dev}


def test_the_bill_of_materials_is_valid_and_the_same_each_time(tmp_path: Path) -> None:
    """Every package of the runtime lock with its hashes; no time, no serial number, no index's address."""
    file = tmp_path / "sbom.json"
    assert sbom.main([str(file)]) == 0
    made = json.loads(file.read_text())
    told = {
        (each["name"].lower(), each["version"]): {found["content"] for found in each["hashes"]} for each in made["components"]
    }
    assert told == {(each.name, each.version): set(each.hashes) for each in packages(RUNTIME)}
    assert made["metadata"]["component"]["name"] == "sluice"
    assert not {"timestamp", "serialNumber", "tools"} & {*made, *made["metadata"]}
    assert "/simple" not in file.read_text()
    assert file.read_text() == json.dumps(made, indent=2, sort_keys=True) + "\n"


def test_nothing_that_runs_is_under_a_licence_that_binds_our_users() -> None:
    """Each package of the runtime lock that is installed here says a licence that may be shipped beside ours."""
    said = {each.name: licences.licence(each.name) for each in packages(RUNTIME)}
    assert len([name for name, found in said.items() if found is not None]) > 30
    assert {name: found for name, found in said.items() if found is not None and not licences.allowed(found)} == {}


@pytest.mark.parametrize(
    "said", ["GPL-3.0-only", "GNU Affero General Public License v3", "MIT AND AGPL-3.0-only", "LGPL-2.1", "", "Custom"]
)
def test_a_licence_that_is_not_in_the_list_is_refused(said: str) -> None:
    """What binds our users, and what nobody has looked at."""
    assert not licences.allowed(said)


def test_no_key_lies_in_the_tree_or_its_history() -> None:
    """Every line that is committed, would be, or ever was."""
    assert list(secrets.scan(secrets.tree())) == []
    assert list(secrets.scan(secrets.history())) == []


PLANTED = [
    *(f"{kind}_{mode}_" + "a1" * 5 for kind in ("sk", "rk", "pk", "ek") for mode in ("test", "live")),
    "whsec_" + "a1" * 5,
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a1" * 18,
    "xoxb-" + "1" * 12 + "-" + "1" * 12 + "-" + "a1" * 12,
    "pypi-AgEIcHlwaS5vcmc" + "a1" * 40,
]


@pytest.mark.parametrize("key", PLANTED, ids=lambda key: key[:8])
def test_a_planted_key_is_found_and_not_shown(key: str) -> None:
    """Our own shapes and those of others; the find says where it lies, not what it is."""
    [find, *_] = secrets.scan([("quiet", "nothing"), ("file", f'a = 1\ntoken = "{key}"\n')])
    assert find.place == "file:2"
    assert len(find.begins) <= 8


def test_the_scan_sees_a_file_before_it_is_committed() -> None:
    """This file is read, whether or not it is in the repository yet; a folder that is ignored is not."""
    names = {name for name, _ in secrets.tree()}
    assert Path(__file__).relative_to(ROOT).as_posix() in names
    assert not [name for name in names if name.startswith((".venv/", ".data/"))]


@contextmanager
def database(answer: Any) -> Iterator[str]:
    """An advisory database on loopback that says `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said = json.dumps(answer(asked["queries"]) if callable(answer) else answer).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def one_hole(queries: list[Any]) -> Any:
    return {"results": [{"vulns": [{"id": "GHSA-1"}]} if each["package"]["name"] == "aiohttp" else {} for each in queries]}


def test_a_known_hole_is_named_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The package, its version and the advisory; exit 1."""
    [package] = [each for each in packages(RUNTIME) if each.name == "aiohttp"]
    with database(one_hole) as url:
        assert advisories.main(["--from", url]) == 1
    assert f"advisories: aiohttp {package.version}: GHSA-1\n" in capsys.readouterr().out


def test_no_known_hole(capsys: pytest.CaptureFixture[str]) -> None:
    """Every package of both locks is asked about."""
    with database(lambda queries: {"results": [{} for _ in queries]}) as url:
        assert advisories.main(["--from", url]) == 0
    count = len({*packages(RUNTIME), *packages(DEV)})
    assert f"advisories: 0 of {count} locked packages have a known hole" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [None, [], {"results": []}, {"results": "x"}], ids=str)
def test_an_answer_that_is_none_is_not_taken_for_all_clear(answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """It says NOT SCANNED, in one line."""
    with database(answer) as url:
        assert advisories.main(["--from", url]) == 0
    assert capsys.readouterr().out.startswith("advisories: NOT SCANNED")


def test_a_database_that_is_away_is_said_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A network that is away is no hole; the line says what was not done, and where to do it."""
    assert advisories.main(["--from", "http://127.0.0.1:9"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("advisories: NOT SCANNED, http://127.0.0.1:9 cannot be reached")
    assert out.count("\n") == 1


def test_the_check_calls_the_scan() -> None:
    """.ci/run says at its beginning what the advisory scan found, or that it could not."""
    assert "./dev advisories" in (ROOT / ".ci" / "run").read_text()
