"""An account of the same API that is not ours: lists of objects made from the contract, kinds that we never serve too."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sluice.shapes.contract import resolved, schema

KEY = "sk_live_of_the_other_account_0000"
OBJECTS = {
    "customers": "customer", "products": "product", "prices": "price", "charges": "charge", "refunds": "refund",
    "disputes": "dispute", "events": "event",
}  # fmt: skip
MANY = 230  # more than two pages


def example(shape: dict[str, Any], depth: int = 0) -> Any:
    """Something that the contract allows, with every field that it asks for."""
    shape = resolved(shape)
    if shape.get("nullable") or depth > 4:
        return None
    if "enum" in shape:
        return shape["enum"][0]
    if "anyOf" in shape:
        return example(shape["anyOf"][0], depth + 1)
    match shape.get("type"):
        case "object":
            fields = shape.get("properties", {})
            return {name: example(fields[name], depth + 1) for name in shape.get("required", []) if name in fields}
        case "array":
            return []
        case "integer" | "number":
            return 7
        case "boolean":
            return False
        case _:
            return "text ✓"


class Recorded:
    """`fails`: so many of the next answers are 500; `asked`: what was asked, in order."""

    def __init__(self) -> None:
        self.lists = {
            f"/v1/{path}": [
                example(schema(kind)) | {"id": f"{kind}_{n:04}", "object": kind, "created": 1_000 + n} for n in range(MANY)
            ]
            for path, kind in OBJECTS.items()
        }
        self.fails, self.asked = 0, list[str]()

    def answer(self, target: str, key: str) -> tuple[int, Any]:
        url = urlsplit(target)
        self.asked.append(target)
        if key != f"Bearer {KEY}":
            return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
        if self.fails:
            self.fails -= 1
            return 500, {"error": {"type": "api_error"}}
        if url.path == "/v1/account":
            return 200, {"id": "acct_recorded", "object": "account"}
        if url.path.endswith("/payment_methods"):
            customer = url.path.split("/")[3]
            method = {"id": f"pm_of_{customer}", "object": "payment_method", "customer": customer}
            return 200, {"object": "list", "data": [method], "has_more": False, "url": url.path}
        if url.path not in self.lists:
            return 404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}}
        asked, found = parse_qs(url.query), self.lists[url.path][::-1]
        after, limit = asked.get("starting_after", [""])[0], int(asked["limit"][0])
        first = next((n + 1 for n, one in enumerate(found) if one["id"] == after), 0)
        page = found[first : first + limit]
        return 200, {"object": "list", "data": page, "has_more": len(found) > first + limit, "url": url.path}


@contextmanager
def recorded() -> Iterator[tuple[Recorded, str]]:
    account = Recorded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = account.answer(self.path, self.headers.get("authorization", ""))
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield account, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
