"""The install serves its docs; whoever follows a `doc_url` or a link arrives, and what is drawn from the code is up to date."""

import re

import pytest
from starlette.requests import Request
from starlette.responses import Response

from sluice.api import docs
from sluice.api.docs import anchor, page, show
from sluice.cli.docs.__main__ import PAGES, stored
from sluice.core.settings import NAMES, SECRETS
from tests.docs.codes import answered, declined
from tests.docs.sources import DEVELOPERS, FOLDER, ROOT, SERVED_PAGES, anchors, links

KEY = re.compile(r"\b[sr]k_(?:test|live)_[A-Za-z0-9]{10,}")
TEXTS = (".py", ".md", ".toml", ".txt", ".json", ".sql", ".css", ".svg", ".yml", ".yaml", "")


async def get(file: str | None = None) -> Response:
    scope = {"type": "http", "method": "GET", "path": "/docs", "query_string": b"", "headers": [], "server": ("localhost", 80)}
    return await show(Request(scope | {"scheme": "http", "path_params": {} if file is None else {"file": file}}))


@pytest.mark.shows("O10")
def test_every_error_code_has_an_anchor():
    """B-2.3: a `doc_url` ends on the install, at its code."""
    assert {anchor(code) for code in answered()} <= anchors("errors")


def test_every_decline_code_has_an_anchor():
    """B-2.26: and so has each word for a card's decline."""
    assert {anchor(code) for code in declined()} <= anchors("errors")


def test_the_errors_page_names_only_what_can_be_answered():
    titles = {"errors", "codes", "decline-codes"}
    assert anchors("errors") - titles <= {anchor(code) for code in answered() | declined()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_drawn_from_the_code_is_what_the_code_says_now(name: str):
    assert PAGES[name]() == stored(FOLDER / name), "run ./dev docs"


@pytest.mark.shows("O16")
@pytest.mark.parametrize("file", [*DEVELOPERS, *SERVED_PAGES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(file):
    for target in links(file.read_text("utf-8")):
        if re.match(r"https?://", target):
            continue
        path, _, part = target.partition("#")
        end = (file.parent / path).resolve() if path else file
        assert end.exists(), target
        if part:
            assert part in anchors(end.stem), target


@pytest.mark.shows("O16")
async def test_every_page_is_served_and_its_links_lead_to_served_pages():
    for file in SERVED_PAGES:
        answer = await get(file.stem)
        assert answer.status_code == 200
        for target in re.findall(r'(?:href|src)="/docs/([^"#]*)', bytes(answer.body).decode()):
            assert (await get(target)).status_code == 200, (file.name, target)
        assert (await get(file.name)).body == file.read_bytes()


def test_the_index_leads_to_every_page():
    assert {file.name for file in SERVED_PAGES} == {"index.md", *links((FOLDER / "index.md").read_text("utf-8"))}


@pytest.mark.parametrize("file", ["nothing", "../core/clock.py", "..", "operations.svg", ".md", "style", "errors.py"])
async def test_what_is_no_page_is_not_served(file: str):
    assert (await get(file)).status_code == 404


@pytest.mark.shows("S21")
async def test_a_page_runs_no_script():
    answer = await get("errors")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert b"<script" not in answer.body
    assert b"style=" not in answer.body


@pytest.mark.shows("S27")
def test_html_in_a_page_is_shown_not_run():
    assert "<script>" not in page("x", "# <script>alert(1)</script>\n\n<script>alert(1)</script>\n")


def test_every_setting_is_explained():
    """O19: the list in the docs is the list in the code."""
    told = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", (FOLDER / "operations.md").read_text("utf-8").partition("## Settings")[2]))
    assert set(NAMES) | set(SECRETS) == {name for name in told if name.startswith("SLUICE_")} | (told & set(SECRETS))


@pytest.mark.shows("O15")
def test_nothing_looks_like_a_key():
    found = [
        file
        for file in ROOT.rglob("*")
        if file.suffix in TEXTS and not set(file.relative_to(ROOT).parts[:-1]) & {".git", ".venv", ".data", "node_modules"}
        and not any(part.startswith(".") and part != ".ci" for part in file.relative_to(ROOT).parts)
        and file.is_file() and KEY.search(file.read_text("utf-8", errors="ignore"))
    ]  # fmt: skip
    assert not found


def test_the_pattern_finds_a_key():
    assert KEY.search("-u sk_test_" + "4" * 10)
    assert not KEY.search("sk_test_…")


def test_docs_lie_in_the_package():
    assert (FOLDER / "index.md").is_file()
    assert docs.stored("index.md")
