"""Generated requests over our own OpenAPI: no 5xx, no answer that it does not describe (S16). `--whole`: many more."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.shapes.contract import operation
from tests.e2e.world import BY_ID, Ids, by_id, things
from tests.harness import Gateway, Shop

EXAMPLES, MANY = 8, 500
SQL = (
    "' or 1=1--",
    "'; drop table charges;--",
    '" union select 1--',
    "$1",
    "%s",
    "\\",
    "pi_1' and pg_sleep(9)--",
    "/*",
    "0x27",
)
CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def shop(gateway: Gateway) -> Shop:
    return Shop(gateway)


@pytest.fixture(scope="module")
def ids(shop: Shop) -> Ids:
    found = things(shop)
    return found | {"payment_intent": found["intent"]}


@pytest.fixture(scope="module")
def api(gateway: Gateway) -> Any:
    return schemathesis.openapi.from_url(f"{gateway.url}/openapi.json")


def real(case: Case, ids: Ids) -> None:
    """Ids that name something, wherever ids are given: what is judged against rows is reached too."""
    kind = BY_ID.get(case.operation.path.split("/")[2], "")
    case.path_parameters = {name: ids[kind if name == "id" else name] for name in case.path_parameters or {}}
    for given_ in (case.query, case.body):
        if isinstance(given_, dict):
            given_.update({name: ids[name] for name in given_.keys() & ids.keys()})


def bend(case: Case, word: str) -> None:
    """What SQL would trip over, in every text of the request and in each id of its path (S18)."""
    case.path_parameters = dict.fromkeys(case.path_parameters or {}, word)
    case.query = bent(case.query, word)
    case.body = bent(case.body, word) if isinstance(case.body, dict) else case.body


def bent(node: Any, word: str) -> Any:
    if isinstance(node, dict):
        return {key: bent(value, word) for key, value in node.items()}
    if isinstance(node, list):
        return [bent(value, word) for value in node]
    return word if isinstance(node, str) else node


@pytest.mark.shows("S16", "S18")
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("op", TABLE, ids=by_id)
def test_an_operation(shop: Shop, ids: Ids, api: Any, whole: bool, op: Op, mode: GenerationMode):
    """Law 11: valid and invalid by the description, with ids that name nothing and ids that do, and with SQL for every text."""
    found = operation(op.id)
    strategy = api[found.path][found.method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=MANY if whole else EXAMPLES, deadline=None, database=None, derandomize=not whole,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy, known=st.booleans(), word=st.none() | st.sampled_from(SQL))
    def asks(case: Case, known: bool, word: str | None) -> None:
        if word:
            bend(case, word)
        elif known:
            real(case, ids)
        answer = case.call(base_url=shop.gateway.url, headers={"Authorization": f"Bearer {shop.secret}"})
        case.validate_response(answer, checks=CHECKS)

    asks()
