"""The docs that an install serves, so that each `doc_url` ends there (O10)."""

from starlette.routing import BaseRoute


def docs_routes(url: str) -> list[BaseRoute]:
    return []
