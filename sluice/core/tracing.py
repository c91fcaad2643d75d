"""Traces by OpenTelemetry, on by OTEL_EXPORTER_OTLP_ENDPOINT alone. Off, a span costs one comparison.

Names are OpenTelemetry's own where it has some. An attribute holds what we made ourselves (an operation, an id of ours, a
rail's word), never what came from outside: no card number, no secret, no path as it was sent. Errors show their type only.
"""

import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog

from sluice.core import faults

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PATIENCE = 3.0  # seconds for what was not sent yet, at the end
DURATION = "http.server.request.duration"

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()
tracer: Any = None
durations: Any = None
providers: list[Any] = []
NOTHING: AbstractContextManager[Any] = nullcontext()


def begin(role: str) -> None:
    """Switches traces on, if the environment asks for them; the process goes on if it cannot."""
    if not any(os.environ.get(name) for name in ENDPOINTS) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are asked for, and OpenTelemetry is not installed: install the extra, sluice[otel]")
        return
    use(role, BatchSpanProcessor(OTLPSpanExporter()), PeriodicExportingMetricReader(OTLPMetricExporter()))


def use(role: str, processor: Any, reader: Any) -> None:
    """Sends spans to the processor and the durations of requests to the reader."""
    global tracer, durations
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    named = "OTEL_SERVICE_NAME" in os.environ or "service.name" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {"service.name": f"sluice-{role}"})
    spans = TracerProvider(resource=resource, shutdown_on_exit=False)  # that waits for a collector as long as it takes
    meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    spans.add_span_processor(processor)
    tracer = spans.get_tracer("sluice")
    durations = meters.get_meter("sluice").create_histogram(DURATION, "s", "Duration of HTTP server requests.")
    providers[:] = [spans, meters]
    faults.hook = traced(faults.hook)
    log.info("traces are sent", to=next(filter(None, map(os.environ.get, ENDPOINTS)), "a processor of our own"))


def end() -> None:
    """Sends what is left; a collector that does not take it within PATIENCE is left. Blocks: call it in a thread."""
    flushing = [threading.Thread(target=provider.force_flush, daemon=True) for provider in providers]
    for each in flushing:
        each.start()
    for each in flushing:
        each.join(PATIENCE / len(flushing))


def span(name: str, **attributes: str | int) -> AbstractContextManager[Any]:
    """A part of what is under way; `attributes` under our own prefix."""
    if tracer is None:
        return NOTHING
    return started(name, {f"sluice.{key}": value for key, value in attributes.items()})


@contextmanager
def started(name: str, attributes: Mapping[str, Any], **how: Any) -> Iterator[Any]:
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False, **how
    ) as made:
        try:
            yield made
        except BaseException as error:
            failed(made, type(error).__name__)
            raise


def step(name: str) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Makes each call of a function a span of that name."""

    def marked(do: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(do)
        def call(*given: P.args, **named: P.kwargs) -> Coroutine[Any, Any, T]:
            return do(*given, **named) if tracer is None else within(name, do(*given, **named))

        return call

    return marked


async def within(name: str, work: Coroutine[Any, Any, T]) -> T:
    with started(name, {}):
        return await work


def failed(made: Any, kind: str) -> None:
    from opentelemetry.trace import StatusCode

    made.set_status(StatusCode.ERROR)
    made.set_attribute("error.type", kind)


def request(method: str, headers: Mapping[bytes, bytes]) -> AbstractContextManager[Any]:
    """A request's span, below the caller's own where a `traceparent` names one (W3C Trace Context)."""
    if tracer is None:
        return NOTHING
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {
        name: headers[name.encode()].decode("latin-1") for name in ("traceparent", "tracestate") if name.encode() in headers
    }
    above = TraceContextTextMapPropagator().extract(given)
    return started(method, {"http.request.method": method}, context=above, kind=SpanKind.SERVER)


def answered(made: Any, seconds: float, method: str, route: str, status: int, id: str) -> None:
    """What came of a request. `route` is the operation's path, as the contract writes it; "" for none."""
    if made is None:
        return
    said = {"http.request.method": method, "http.response.status_code": status} | ({"http.route": route} if route else {})
    made.set_attributes(said | {"sluice.request": id})
    made.update_name(f"{method} {route}".strip())
    if status >= 500:
        failed(made, str(status))
        said["error.type"] = str(status)
    durations.record(seconds, said)


def outgoing() -> dict[str, str]:
    """The headers by which whoever we call can go on with this trace."""
    headers: dict[str, str] = {}
    if tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(headers)
    return headers


def traced(inner: faults.Hook | None) -> faults.Hook:
    """A span around each effect but a group's transaction: that is of many requests, and each has a span for its own fact."""

    async def effect(name: str, do: Callable[[], Awaitable[object]]) -> object:
        if name.startswith("store."):
            return await (inner(name, do) if inner else do())
        with span(name):
            return await (inner(name, do) if inner else do())

    return effect
