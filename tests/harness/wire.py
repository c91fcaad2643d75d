"""The one place where answers come in: whoever asks, by the SDK or by hand, each is checked against the contract."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import requests
import stripe

from sluice.books.events import API_VERSION
from tests.contract import Broken, Contract

CONTRACT = Contract()
REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{14}")
SECRET = ("sk_", "rk_")
TIMEOUT = 60.0


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The envelope's inside; fails on a success."""
        error: dict[str, Any] = self.json["error"]
        return error


def check(method: str, url: str, sent: Mapping[str, str], answer: Answer) -> None:
    """Shapes (docs/wire/README.md) and the headers that every response has (B-1.13). Raises `Broken`."""
    where = f"{method} {url} {answer.status}"
    head = {name.lower(): value for name, value in answer.headers.items()}
    if not REQUEST_ID.fullmatch(head.get("request-id", "")):
        raise Broken(f"{where}: Request-Id is {head.get('request-id')!r} (B-1.13)")
    expected = {"stripe-version": API_VERSION, "content-type": "application/json", "cache-control": "no-cache, no-store"}
    if wrong := {name: head.get(name) for name, value in expected.items() if head.get(name) != value}:
        raise Broken(f"{where}: headers {wrong} (B-1.13)")
    if "stripe-notice" in head:
        raise Broken(f"{where}: Stripe-Notice is printed as a warning by SDKs (B-1.14)")
    if method not in ("HEAD", "OPTIONS"):
        CONTRACT.check(method, urlsplit(url).path, answer.status, answer.body, secret_key=key_of(sent).startswith(SECRET))


def key_of(sent: Mapping[str, str]) -> str:
    """The API key in the request's headers, "" without one."""
    given = {name.lower(): value for name, value in sent.items()}.get("authorization", "")
    scheme, _, rest = given.partition(" ")
    return b64decode(rest).decode().partition(":")[0] if scheme == "Basic" else rest


class Checked(stripe.RequestsClient):
    """The official SDK's transport, with an eye on what comes back."""

    def request(self, method: str, url: str, headers: Any, *args: Any, **how: Any) -> Any:
        body, status, head = super().request(method, url, headers, *args, **how)
        check(method.upper(), url, headers or {}, Answer(status, head, body))
        return body, status, head


class Raw:
    """A client for what no SDK sends. `key` may be "" (none at all)."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key, self.session = url, key, requests.Session()

    def __call__(
        self, method: str, path: str, params: Any = None, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """`params` as pairs or a flat mapping of text: a POST's form, else the query. `body` goes as it is."""
        sent = ({"Authorization": f"Bearer {self.key}"} if self.key else {}) | dict(headers or {})
        url, query = f"{self.url}{path}", urlencode(params or {})
        if method == "POST" and body is None:
            body = query.encode()
            sent = {"Content-Type": "application/x-www-form-urlencoded"} | sent
        elif query:
            url += f"?{query}"
        said = self.session.request(method, url, data=body, headers=sent, timeout=TIMEOUT, allow_redirects=False)
        answer = Answer(said.status_code, said.headers, said.content)
        if path.startswith("/v1"):
            check(method, url, sent, answer)
        return answer
