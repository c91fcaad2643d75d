"""Traces: what a collector gets of a payment, by OTLP over HTTP, from real processes; and nothing when nobody asks."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice.core import faults, tracing
from sluice.core.secrets import Secret
from tests.harness import Receiver, Shop
from tests.harness.processes import ROOT, until
from tests.watching.drills import pays
from tests.watching.watched import Watched

TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CARD, CVC = "4242424242424242", "737"


class Collector:
    """An OTLP receiver on loopback."""

    def __init__(self) -> None:
        self.receiver = Receiver()

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        sent = [each.body for each in self.receiver.deliveries if each.path.endswith("/v1/traces")]
        return [
            span
            for body in sent
            for resource in ExportTraceServiceRequest.FromString(inflated(body)).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> set[str]:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        sent = [each.body for each in self.receiver.deliveries if each.path.endswith("/v1/metrics")]
        every = [ExportMetricsServiceRequest.FromString(inflated(body)) for body in sent]
        return {m.name for one in every for r in one.resource_metrics for s in r.scope_metrics for m in s.metrics}


def inflated(body: bytes) -> bytes:
    import gzip

    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    with made.receiver:
        yield made


@pytest.fixture(scope="module")
def traced(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Watched]:
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.receiver.url.removesuffix("/hooks"),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }
    with Watched(postgres_server, Path(tmp_path_factory.mktemp("traced")), **env) as running:
        yield running


def test_a_payment_is_one_trace_below_its_callers(traced: Watched, collector: Collector):
    """The request is a span below the caller's; the steps, the facts and the bank's message are spans below it."""
    shop = Shop(traced)
    card = {"payment_method_data[type]": "card", "payment_method_data[card][number]": CARD,
            "payment_method_data[card][exp_month]": "12", "payment_method_data[card][exp_year]": "2040",
            "payment_method_data[card][cvc]": CVC}  # fmt: skip
    params = {"amount": "2000", "currency": "usd", "confirm": "true", "return_url": "https://shop.example",
              "metadata[note]": "from-outside"}  # fmt: skip
    answer = shop.raw("POST", "/v1/payment_intents", params | card, headers={"traceparent": f"00-{TRACE}-{ABOVE}-01"})
    assert answer.json["status"] == "succeeded"

    def mine() -> list[Any]:
        return [span for span in collector.spans() if span.trace_id.hex() == TRACE]

    until(lambda: any(span.parent_span_id.hex() == ABOVE for span in mine()), traced)
    (request,) = [span for span in mine() if span.parent_span_id.hex() == ABOVE]
    assert request.name == "POST /v1/payment_intents"
    said = attributes(request)
    assert (said["http.request.method"], said["http.route"]) == ("POST", "/v1/payment_intents")
    assert (said["http.response.status_code"], said["sluice.request"]) == (200, answer.headers["request-id"])
    until(lambda: {"check", "send", "settle", "rail.authorize"} <= {span.name for span in mine()}, traced)
    facts = {span.name for span in mine() if span.name.startswith("store.")}
    assert any(name.endswith(".open") for name in facts), facts
    assert any(name.endswith(".settle") for name in facts), facts
    ids = {span.span_id for span in mine()}
    assert all(span.parent_span_id in ids for span in mine() if span is not request and span.parent_span_id.hex() != ABOVE)
    sent = b"".join(inflated(each.body) for each in collector.receiver.deliveries)
    assert not [word for word in (CARD, CVC, "from-outside", shop.secret) if word.encode() in sent]


def test_a_webhook_bears_the_trace_of_its_try(traced: Watched, collector: Collector):
    """`traceparent` on the delivery names the span that the collector got."""
    shop = Shop(traced)
    with Receiver() as receiver:
        shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["payment_intent.created"]})
        shop.intent()
        (delivery,) = receiver.wait_for(1)
    _, trace, span, _ = delivery.headers["traceparent"].split("-")
    until(lambda: (trace, span) in {(each.trace_id.hex(), each.span_id.hex()) for each in collector.spans()}, traced)


def test_a_failure_shows_its_type_and_no_more(traced: Watched, collector: Collector):
    """A 500 is marked as one; its message, which may hold anything, stays in the log."""
    shop = Shop(traced)
    traced.sql("alter table customers rename to customers_gone")
    answer = shop.raw("GET", "/v1/customers")
    traced.sql("alter table customers_gone rename to customers")
    assert answer.status == 500

    def failed() -> list[Any]:
        return [each for each in collector.spans() if attributes(each).get("sluice.request") == answer.headers["request-id"]]

    until(failed, traced)
    assert attributes(failed()[0])["error.type"] == "500"
    assert not [event for each in collector.spans() for event in each.events]


def test_durations_are_sent_under_their_semantic_name(traced: Watched, collector: Collector):
    """`http.server.request.duration`"""
    assert pays(Shop(traced)).status == 200
    until(lambda: tracing.DURATION in collector.metrics(), traced)


def test_nobody_asked(monkeypatch: pytest.MonkeyPatch):
    """Off: no tracer, no hook, a span that is nothing, no header."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    tracing.begin("api")
    assert (tracing.tracer, faults.hook, tracing.outgoing()) == (None, None, {})
    with tracing.span("store.load") as nothing:
        assert nothing is None


def test_without_the_package_a_line_names_the_extra_and_work_goes_on():
    """At start; nothing else happens."""
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from sluice.core.log import set_up_log; from sluice.core import tracing\n"
        "set_up_log(); tracing.begin('api'); print(tracing.tracer)"
    )
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "PATH": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "None\n"
    assert "sluice[otel]" in json.loads(done.stderr)["event"]


def test_an_exception_leaves_its_type_and_not_its_words(monkeypatch: pytest.MonkeyPatch):
    """What passes through a span may hold a card number in its message: only its class is kept."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    with pytest.raises(ValueError, match=CARD), tracing.span("store.load", scope=7):
        raise ValueError(CARD)
    (span,) = kept.get_finished_spans()
    assert dict(span.attributes or {}) == {"sluice.scope": 7, "error.type": "ValueError"}
    assert (span.events, span.status.description) == ((), None)


def test_a_hook_of_a_test_is_still_called_below_the_span():
    """The kill matrix and traces share one gate."""
    heard: list[str] = []

    async def listed(name: str, do: Any) -> Any:
        heard.append(name)
        return await do()

    async def effect() -> int:
        return 7

    assert asyncio.run(tracing.traced(listed)("rail.authorize", effect)) == 7
    assert asyncio.run(tracing.traced(None)("store.confirm.open", effect)) == 7
    assert heard == ["rail.authorize"]
