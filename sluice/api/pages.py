"""What needs no key: who answers, is it well, the API's description, the docs, and the challenge page (B-1.32)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sluice import __version__
from sluice.api.challenge import challenge_routes
from sluice.api.docs import docs_routes
from sluice.api.door import Door
from sluice.api.operations import SERVED
from sluice.books.events import API_VERSION
from sluice.core.card_texts import hide
from sluice.payments.desk import Desk
from sluice.shapes.openapi import document

WELL = "select 1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def pages(desk: Desk, door: Door) -> list[BaseRoute]:
    url = desk.public_url

    async def root(_: Request) -> Response:
        return JSONResponse(
            {
                "name": "Sluice",
                "version": __version__,
                "api_version": API_VERSION,
                "docs": f"{url}/docs",
                "openapi": f"{url}/openapi.json",
            }
        )

    async def healthcheck(_: Request) -> Response:
        await desk.database.fetchrow(WELL)
        return PlainTextResponse("ok\n")

    async def openapi(_: Request) -> Response:
        return JSONResponse(document({id: op.serves for id, op in SERVED.items()}, __version__, url))

    async def nowhere(request: Request) -> Response:
        there = hide(f"/{request.path_params['path']}")
        message = f"There is nothing at {there}. The API is under {url}/v1, its docs at {url}/docs."
        return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, 404)

    return [
        Route("/", root),
        Route("/healthcheck", healthcheck),
        Route("/openapi.json", openapi),
        *docs_routes(url),
        *challenge_routes(desk, door),
        Route("/{path:path}", nowhere, methods=METHODS),
    ]
