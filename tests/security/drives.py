"""Marked card numbers driven through every door, right and wrong: what the hunt then looks for."""

import base64
import gzip
import json
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from sluice.api.operations import TABLE
from tests.e2e.world import NOWHERE, method, path
from tests.harness import Answer, Gateway, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw
from tests.security.leaves import every
from tests.security.marks import CHALLENGED, CVC, FREE, HIDDEN, card, grouped, number, under

IDS = {
    "charge", "client_secret", "currency", "customer", "default_payment_method", "ending_before", "enabled_events", "event",
    "events", "expand", "payment_intent", "payment_method", "payment_method_types", "payout", "source", "starting_after",
    "token", "type", "types", "webhook_endpoint",
}  # fmt: skip
SUMS = {"balance", "next_invoice_sequence"}  # of a customer: any number, which is nobody's card
PAY = {"amount": "2000", "currency": "usd", "confirm": "true", "return_url": "https://shop.example/back"}
WEATHER = (
    "decline insufficient_funds", "decline nonsense", "silent", "down", "garbage", "cut-after-booking", "wrong_amount",
    "wrong_reference", "missing_echo", "twice",
)  # fmt: skip
HEADERS = (
    "User-Agent", "Stripe-Account", "Stripe-Version", "X-Forwarded-For", "Referer", "Origin", "Cookie", "Idempotency-Key",
    "X-Stripe-Client-User-Agent", "Stripe-Context", "X-Request-Id", "Content-Type", "Accept-Language", "Host", "Expect",
)  # fmt: skip
MADE = "select count(*) from instructions where scope = $1"
OPEN = "select count(*) from instructions where scope = $1 and state <> 'closed'"
BREAKS = "alter table payment_methods add constraint broken check (id = '') not valid"


class Driver:
    """`heard` is every answer, with its headers, as bytes."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.shop = gateway, Shop(gateway)
        self.raw = Raw(gateway.url, self.shop.secret)
        self.heard: list[bytes] = []

    def ask(self, verb: str, path: str, params: Any = None, **how: Any) -> Answer | None:
        """None: nobody answered."""
        try:
            answer = self.raw(verb, path, params, **how)
        except requests.RequestException:
            return None
        self.heard.append(repr(answer.headers).encode() + b"\n" + answer.body)
        return answer

    def post(self, path: str, params: Any, **how: Any) -> Answer | None:
        return self.ask("POST", path, params, **how)

    def pays(self, given: dict[str, str], **how: Any) -> Answer | None:
        data = under("payment_method_data[card]", given) | {"payment_method_data[type]": "card"}
        return self.post("/v1/payment_intents", PAY | data, **how)

    def everything(self) -> None:
        for drive in (
            self.in_weather, self.into_deaths, self.as_it_should_be, self.badly_written, self.garbled, self.in_headers,
            self.in_wires, self.in_every_parameter, self.in_free_text, self.challenged, self.into_defects,
        ):  # fmt: skip
            drive()
        until(lambda: not self.gateway.fetch(OPEN, self.shop.scope)[0][0], self.gateway)
        self.shop.quiet()

    def as_it_should_be(self) -> None:
        """Kept, attached, charged, held, captured, refunded, canceled, detached; by server and by browser."""
        customer = self.shop.v1.customers.create().id
        for key in (self.shop.secret, self.shop.publishable):
            self.raw.key = key
            made = self.post("/v1/payment_methods", {"type": "card"} | under("card", card()))
            assert made is not None
            assert made.status == 200
            self.raw.key = self.shop.secret
            method = made.json["id"]
            self.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
            self.post("/v1/payment_intents", PAY | {"customer": customer, "payment_method": method})
            self.post(f"/v1/payment_methods/{method}", {"card[exp_month]": "11", "card[exp_year]": "2041"})
            self.post(f"/v1/payment_methods/{method}/detach", {})
        paid, held = self.pays(card()), self.pays(card(), headers={"Idempotency-Key": "k1"})
        assert paid is not None
        assert held is not None
        assert paid.json["status"] == "succeeded"
        self.post("/v1/refunds", {"payment_intent": paid.json["id"], "amount": "500"})
        self.post("/v1/charges", {"amount": "2000", "currency": "usd"} | under("card", card()))
        self.by_tokens(customer)
        intent = self.shop.intent(capture_method="manual")
        self.raw.key = self.shop.publishable
        data = under("payment_method_data[card]", card()) | {"payment_method_data[type]": "card"}
        self.post(f"/v1/payment_intents/{intent.id}/confirm", data | {"client_secret": str(intent.client_secret)})
        self.raw.key = self.shop.secret
        self.post(f"/v1/payment_intents/{intent.id}/capture", {"amount_to_capture": "700"})
        for what in ("payment_intents", "charges", "payment_methods", "events", "refunds", "sluice/webhook_attempts"):
            self.ask("GET", f"/v1/{what}", {"limit": "100"})

    def by_tokens(self, customer: str) -> None:
        """Each way of giving a card first and using it afterwards, or never."""
        for where, use in (
            ("/v1/tokens", lambda id: self.post("/v1/charges", {"amount": "2000", "currency": "usd", "source": id})),
            ("/v1/tokens", lambda id: self.post(f"/v1/customers/{customer}/sources", {"source": id})),
            ("/v1/tokens", lambda id: self.ask("GET", f"/v1/tokens/{id}")),
            ("/v1/sources", lambda id: self.post(f"/v1/customers/{customer}/sources", {"source": id})),
        ):
            made = self.post(
                where, {"type": "card"} | under("card", card()) if where == "/v1/sources" else under("card", card())
            )
            assert made is not None
            assert made.status == 200
            use(made.json["id"])
        code = self.post("/v1/tokens", {"cvc_update[cvc]": CVC})
        assert code is not None
        used = {"payment_method_options[card][cvc_token]": code.json["id"], "customer": customer}
        kept = self.shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        self.post("/v1/payment_intents", PAY | used | {"payment_method": kept})
        data = under("payment_method_data[card]", card()) | {"payment_method_data[type]": "card"}
        confirmation = self.post("/v1/test_helpers/confirmation_tokens", data)
        assert confirmation is not None
        self.post("/v1/payment_intents", PAY | {"confirmation_token": confirmation.json["id"]})
        self.post(f"/v1/customers/{customer}/cards", under("card", card()))
        self.post("/v1/customers", {"source": number()})
        for what in ("sources", "cards"):
            self.ask("GET", f"/v1/customers/{customer}/{what}", {"limit": "100"})

    def badly_written(self) -> None:
        """Numbers, dates and codes that are refused; numbers in groups."""
        good = number()
        wrong: tuple[dict[str, str], ...] = (
            card(good[:-1] + str((int(good[-1]) + 1) % 10)), card(good[:13]), card(good + "00"), card(grouped(good, " ")),
            card(grouped(good, "-")), card(f" {good}"), card(f"{good}x"), card(exp_month="13"), card(exp_year="2001"),
            card(cvc="73"), card(cvc=f"{CVC}9"), card(cvc=number()), card(exp_month=number()), card(networks=number()),
        )  # fmt: skip
        for given in wrong:
            self.pays(given)
            self.post("/v1/payment_methods", {"type": "card"} | under("card", given))
            self.post("/v1/charges", {"amount": "2000", "currency": "usd"} | under("card", given))
        self.post("/v1/payment_methods", {"type": "card", "card": number()})
        self.post("/v1/payment_methods", {"type": number()} | under("card", card()))
        self.post("/v1/payment_methods", [("card[number]", number()), ("card[number]", number()), ("type", "card")])

    def garbled(self) -> None:
        """Bodies that are no form and no JSON, too long, packed, of another kind."""
        text = json.dumps({"type": "card", "card": card()})
        asked: tuple[tuple[str, bytes], ...] = (
            ("application/json", text[:-2].encode()), ("application/json", f"[{text}]".encode()),
            ("application/json", text.replace('"12"', "[[").encode()), ("application/json", text.encode("utf-16")),
            ("application/json", json.dumps({number(): number()}).encode()), ("application/json", f'"{number()}"'.encode()),
            ("application/json", f'{{"card": {{"number": {number()}}}}}'.encode()),
            ("application/json", b'{"card": {"number": "' + number().encode() + b'\xff"}}'),
            ("text/xml", f"<card>{number()}</card>".encode()), ("multipart/form-data; boundary=x", number().encode()),
            ("application/x-www-form-urlencoded", f"card[number]={number()}%ff".encode()),
            ("application/x-www-form-urlencoded", f"{number()}".encode()),
            ("application/x-www-form-urlencoded", f"card[number={number()}&{number()}[a]=1".encode()),
            ("application/x-www-form-urlencoded", f"card[number]={number()}%00".encode()),
            ("application/x-www-form-urlencoded", f"card[number]={number()}&x=".encode() + b"a" * (1 << 20)),
        )  # fmt: skip
        for kind, body in asked:
            for where in ("/v1/payment_methods", "/v1/payment_intents", "/v1/nothing"):
                self.ask("POST", where, headers={"Content-Type": kind}, body=body)
        packed = gzip.compress(urlencode({"type": "card"} | under("card", card())).encode())
        self.ask("POST", "/v1/payment_methods", headers={"Content-Encoding": "gzip"}, body=packed)

    def in_headers(self) -> None:
        """In each header, as a key, in the path and in the query."""
        for name in HEADERS:
            for text in (number(), grouped(number(), " ")):
                self.ask("GET", "/v1/balance", headers={name: text})
                self.ask("POST", "/v1/customers", {}, headers={name: text})
        for key in (number(), f"sk_test_{number()}", grouped(number(), "-")):
            self.raw.key = key
            self.ask("GET", "/v1/balance")
            basic = base64.b64encode(f"{key}:{number()}".encode()).decode()
            self.ask("GET", "/v1/balance", headers={"Authorization": f"Basic {basic}"})
        self.raw.key = self.shop.secret
        for where in (
            number(),
            f"customers/{number()}",
            f"payment_methods/{grouped(number(), '%20')}",
            f"charges?{number()}=1",
        ):
            for verb in ("GET", "POST", "DELETE", "PUT"):
                self.ask(verb, f"/v1/{where}")
        for where in ("", "docs/", "healthcheck?a=", "challenge/", "openapi.json?", "v2/"):
            with suppress(requests.RequestException):
                said = requests.get(f"{self.gateway.url}/{where}{number()}", timeout=30)
                self.heard.append(repr(said.headers).encode() + said.content)

    def in_wires(self) -> None:
        """Bytes that are no request."""
        for wire in (
            f"GET /{number()} HTTP/9.9\r\n\r\n", f"{number()} / HTTP/1.1\r\n\r\n", f"POST / HTTP/1.1\r\n{number()}\r\n\r\n",
            f"POST /v1/customers HTTP/1.1\r\nContent-Length: {number()}\r\n\r\n", f"{number()}\r\n\r\n",
            f"POST /v1/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{number()}\r\n",
        ):  # fmt: skip
            with socket.create_connection(("127.0.0.1", urlsplit(self.gateway.url).port or 0), timeout=10) as line:
                line.sendall(wire.encode())
                line.shutdown(socket.SHUT_WR)
                with suppress(OSError):
                    self.heard.append(b"".join(iter(lambda: line.recv(65_536), b"")))

    def in_every_parameter(self) -> None:
        """Each served parameter of each operation, in turn; where it is free text, the number that may be kept."""
        for op, leaf in every():
            if leaf.last in ("number", "cvc"):
                continue
            text = leaf.schema["type"] == "string" and "enum" not in leaf.schema and leaf.last not in IDS
            kept = text or leaf.last in SUMS
            beside = {"amount": "2000", "currency": "usd"} if op.id in ("PostPaymentIntents", "PostCharges") else {}
            self.ask(method(op), path(op, NOWHERE), beside | {leaf.name: number(FREE if kept else HIDDEN)})
        for op in TABLE:
            self.ask(method(op), path(op, NOWHERE), {f"metadata[{number()}][a]": "1", number(): number()})

    def in_free_text(self) -> None:
        """S6: what an owner writes about his own things is his; our logs are not for it."""
        given = {"description": number(FREE), "metadata[note]": f"card {grouped(number(FREE), ' ')}", "name": number(FREE)}
        self.post("/v1/customers", given)
        self.post("/v1/payment_intents", {"amount": "2000", "currency": "usd", "metadata[n]": number(FREE)})

    def in_weather(self) -> None:
        """Whatever the bank does."""
        for weather in WEATHER:
            self.gateway.bank.order("authorize", weather)
            self.pays(card())

    def challenged(self) -> None:
        for outcome in ("complete", "fail", number()):
            asked = self.pays(card(CHALLENGED))
            assert asked is not None
            url = asked.json["next_action"]["redirect_to_url"]["url"]
            said = requests.post(url, data={"outcome": outcome}, timeout=30, allow_redirects=False)
            self.heard.append(repr(said.headers).encode() + said.content)

    def into_defects(self) -> None:
        """Our database says what we did not foresee: a 500, a traceback in the log, a driver's error with a row's values."""
        with self.broken(BREAKS, "alter table payment_methods drop constraint broken"):
            given = {"type": "card", "metadata[note]": number(FREE)} | under("card", card())
            answer = self.post("/v1/payment_methods", given)
            assert answer is not None
            assert answer.status == 500
        with self.broken("alter table charges rename to gone", "alter table gone rename to charges"):
            self.pays(card())
            self.ask("GET", "/v1/charges", {"customer": number()})

    @contextmanager
    def broken(self, sql: str, back: str) -> Iterator[None]:
        self.gateway.own(sql)
        yield
        self.gateway.own(back)

    def into_deaths(self) -> None:
        """Each process in turn is killed while a payment is on its way."""
        for name in ("api", "bank", "worker"):
            self.gateway.bank.order("authorize", "held-up 0.4")
            before = self.gateway.fetch(MADE, self.shop.scope)[0][0]
            with ThreadPoolExecutor(1) as pool:
                paying = pool.submit(self.pays, card())
                until(lambda before=before: self.gateway.fetch(MADE, self.shop.scope)[0][0] > before, self.gateway)
                self.gateway.processes[name].stop(signal.SIGKILL)
                paying.result(60)
            self.gateway.processes[name].start()
            self.gateway.wait()
