"""The docs that an install serves, so that each `doc_url` ends there (O10): Markdown that ships with the program.

`/docs` is the index, `/docs/NAME` a page, `/docs/NAME.md` its Markdown; no script, nothing from outside.
"""

import html
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

FOLDER = files("sluice") / "docs"
INDEX = "index"
HEADERS = {
    "cache-control": "max-age=300",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
KINDS = {
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".yml": "application/yaml",
    ".json": "application/json",
}
FILLED = (".yml", ".json")  # what is taken to other programs: its links lead to this installation
DEFAULT = b"http://127.0.0.1:8420"
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><header><a href="/docs">Sluice docs</a> <a href="/docs/{name}.md">Markdown</a></header>
<main>
{body}</main></body></html>
"""


def docs_routes(url: str) -> list[BaseRoute]:
    async def filled(request: Request) -> Response:
        answer = await show(request)
        if not request.path_params["file"].endswith(FILLED):
            return answer
        body = bytes(answer.body).replace(DEFAULT, url.encode())
        return Response(body, answer.status_code, headers=HEADERS, media_type=answer.media_type)

    return [Route("/docs", show), Route("/docs/{file}", filled)]


async def show(request: Request) -> Response:
    file = request.path_params.get("file", INDEX)
    kind = KINDS.get(file[file.rfind(".") :] if "." in file else "")
    if kind and (found := stored(file)):
        return Response(found.read_bytes(), media_type=kind, headers=HEADERS)
    if found := stored(f"{file}.md"):
        return Response(page(file, found.read_text("utf-8")), media_type="text/html", headers=HEADERS)
    return PlainTextResponse(f"There is no such page. See {request.base_url}docs\n", 404, headers=HEADERS)


def stored(file: str) -> Traversable | None:
    """The file in our folder, and in no other."""
    return next((each for each in FOLDER.iterdir() if each.name == file), None)


@cache
def page(name: str, text: str) -> str:
    """A page's HTML. Headings have the anchors of `anchor`; a link to `other.md#part` ends at `/docs/other#part`."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[n + 1].content))
        for child in token.children or ():
            relink(child)
    title = next((tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"), name)
    body = parser.renderer.render(tokens, parser.options, {})
    return FRAME.format(title=html.escape(title), name=html.escape(name), body=body)


def relink(token: Token) -> None:
    for attribute in ("href", "src"):
        target = str(token.attrGet(attribute) or "")
        if re.match(r"[\w-]+\.(md|svg|yml|json)", target):
            token.attrSet(attribute, "/docs/" + re.sub(r"\.md\b", "", target))


def anchor(heading: str) -> str:
    """`card_declined` -> `card-declined`, as a `doc_url` names it (B-2.3)."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
