"""A line of the log says what it is about: the request that the shop knows, and what a worker works on."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sluice.core.log import about, also, set_up_log
from tests.harness import Shop
from tests.harness.processes import until
from tests.watching.drills import without
from tests.watching.watched import Watched


def lines(gateway: Watched, role: str) -> list[dict[str, Any]]:
    """The log's lines that are JSON; the API's lines for people stand among them."""
    found = gateway.processes[role].log.read_text(errors="replace").splitlines()
    return [json.loads(line) for line in found if line.startswith("{")]


def test_a_failing_request_is_found_by_the_id_that_the_shop_has(watched: Watched, shop: Shop):
    """The log's line of a 500 bears the answer's Request-Id, the operation and the scope."""
    with without("customers")(watched, shop):
        answer = shop.raw("GET", "/v1/customers")
    assert answer.status == 500
    (line,) = [each for each in lines(watched, "api") if each.get("request") == answer.headers["request-id"]]
    assert (line["event"], line["level"]) == ("defect", "error")
    assert (line["operation"], line["scope"]) == ("GetCustomers", shop.scope)
    assert "UndefinedTableError" in line["exception"]


def test_a_worker_says_what_it_works_on(watched: Watched, shop: Shop):
    """A loop that fails is named in its line."""
    failures = {("resending", "a loop failed")}
    with without("resends")(watched, shop):
        until(lambda: failures & {(each.get("loop"), each["event"]) for each in lines(watched, "worker")}, watched)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    set_up_log(stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_what_becomes_known_is_said_from_then_on(out: io.StringIO):
    """`about` begins anew, so that nothing of the work before is left; other libraries' lines say it too."""
    log = structlog.get_logger()
    about(request="req_1", operation="Old")
    about(request="req_2")
    log.warning("first")
    also(scope=7)
    logging.getLogger("theirs").warning("second")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["request"], "operation" in first, "scope" in first) == ("req_2", False, False)
    assert (second["request"], second["scope"], second["event"]) == ("req_2", 7, "second")
