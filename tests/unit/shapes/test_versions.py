"""The table of version changes (B-1.12): whole, in order, and nothing to the newest version."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import Refused
from sluice.shapes.contract import schema_names
from sluice.shapes.versions import CHANGES, CURRENT, NAMES, NEWEST, OLDEST, Version, day, forward, read, version
from sluice.shapes.versions.rendering import back, filled

OLD = version(OLDEST)
KINDS = sorted({kind for change in CHANGES for kind in (*change.objects, *change.lists)})
AMOUNTS = st.none() | st.integers(0, 10**12)
LISTS = st.none() | st.fixed_dictionaries({}, optional={"data": st.just([]), "has_more": st.booleans()})
THREE_D_SECURE = st.none() | st.fixed_dictionaries({}, optional={"result": st.sampled_from([None, "authenticated", "failed"])})
CARD = st.none() | st.fixed_dictionaries({}, optional={"three_d_secure": THREE_D_SECURE})
PARTS = st.fixed_dictionaries(  # what changes look at: there, null, or not there
    {},
    optional=dict.fromkeys(("amount", "amount_captured", "amount_refunded"), AMOUNTS)
    | dict.fromkeys(("refunds", "charges", "sources", "subscriptions", "tax_ids"), LISTS)
    | {"payment_method_details": st.none() | st.fixed_dictionaries({}, optional={"card": CARD})}
    | {"customer": st.none() | st.just("cus_1"), "deleted": st.just(True), "id": st.just("id_1")},
)
OBJECTS = st.builds(lambda kind, parts: parts | {"object": kind}, st.sampled_from([*KINDS, "refund", "list"]), PARTS)


def test_the_table_is_in_order():
    """Newest to oldest, every change at a version that there is, none before the oldest one served."""
    untils = [change.until for change in CHANGES]
    assert untils == sorted(untils, reverse=True)
    assert list(NAMES) == sorted(NAMES, reverse=True)
    assert set(untils) <= set(NAMES) - {OLDEST}


def test_every_change_is_of_something_that_is_there():
    """Objects of the contract; and every sentence ends."""
    assert set(KINDS) <= set(schema_names())
    assert all(change.says.endswith((".", ".)")) for change in CHANGES)
    assert all(change.objects or change.lists or change.parameters for change in CHANGES)


@pytest.mark.parametrize("name", NAMES)
def test_a_version_has_the_changes_after_it(name: str):
    """And no other: what it made itself holds in it."""
    assert [change.until for change in version(name).changes] == [
        change.until for change in CHANGES if day(change.until) > day(name)
    ]


@given(st.dates(min_value=date(2020, 3, 2)))
def test_any_day_has_the_version_of_its_day(day_: date):
    """B-1.12: the newest that was there; a later day has the newest there is."""
    found = read(day_.isoformat())
    assert found.name[:10] <= day_.isoformat()
    assert all(name[:10] > day_.isoformat() for name in NAMES[: NAMES.index(found.name)])


@pytest.mark.parametrize("text", ["2020-03-01", "2019-12-03", "2011-01-01", "2020-02-30", "now", "", "2025-03-31.Basil", "1e3"])
def test_what_is_no_version_is_refused(text: str):
    """B-1.11, B-1.12: by its name, and an older one with the oldest that is served."""
    with pytest.raises(Refused) as refused:
        read(text, "api_version")
    assert (refused.value.status, refused.value.param) == (400, "api_version")
    assert (OLDEST in refused.value.message) == (text in ("2020-03-01", "2019-12-03", "2011-01-01"))


@given(OBJECTS)
def test_the_newest_is_answered_as_it_is(answer: dict[str, Any]):
    """Not a copy: nothing is done at all."""
    assert back(answer, CURRENT) is answer
    assert forward(answer, "PostPaymentIntents", CURRENT) is answer


@given(st.sampled_from(NAMES), OBJECTS)
def test_every_change_takes_whatever_comes(name: str, answer: dict[str, Any]):
    """Total: a deleted object, one cut for a browser, half a one; and what is given is never touched."""
    before = repr(answer)
    made = back(answer, version(name))
    assert repr(answer) == before
    assert made["object"] == answer["object"]
    assert answer.keys() <= made.keys()  # a change of ours only adds, or says it otherwise


@given(PARTS)
def test_what_a_shop_calls_an_object_is_none(parts: dict[str, Any]):
    """Metadata that look like a charge stay what the shop wrote."""
    metadata = parts | {"object": "charge", "amount": 5, "amount_captured": 3, "amount_refunded": 0}
    assert back({"object": "refund", "metadata": metadata}, OLD)["metadata"] == metadata


async def test_every_level_of_lists_is_asked_for_once():
    """However many objects there are; what was expanded is left, and what is deleted has none."""
    asked: list[list[tuple[str, str]]] = []

    async def fetch(holders: list[Any]) -> list[Any]:
        asked.append([(holder["id"], name) for holder, name in holders])
        return [inside(holder, name) for holder, name in holders]

    def inside(holder: dict[str, Any], name: str) -> Any:
        charge = {"object": "charge", "id": f"ch_{holder['id']}"}
        return {"object": "list", "data": [charge]} if name == "charges" else None

    gone = {"object": "customer", "id": "cus", "deleted": True}
    expanded = {"object": "charge", "id": "ch", "refunds": {"object": "list", "data": []}}
    data = [{"object": "payment_intent", "id": each} for each in ("a", "b")]
    made = await filled({"object": "list", "data": [*data, gone, expanded]}, OLD, fetch)
    assert asked == [[("a", "charges"), ("b", "charges")], [("ch_a", "refunds"), ("ch_b", "refunds")]]
    assert made["data"][0]["charges"]["data"][0]["refunds"] == {
        "object": "list", "data": [], "has_more": False, "url": "/v1/charges/ch_a/refunds",
    }  # fmt: skip
    assert made["data"][2:] == [gone, expanded]
    assert "charges" not in data[0]


@pytest.mark.parametrize(
    ("result", "authenticated", "succeeded"),
    [("authenticated", True, True), ("attempt_acknowledged", False, True), ("failed", False, False)],
)
def test_three_d_secure_in_two_booleans(result: str, authenticated: bool, succeeded: bool):
    """Before 2020-08-27, beside what there is now."""
    made = back(tried({"result": result}), OLD)["payment_method_details"]["card"]["three_d_secure"]
    assert made == {"result": result, "authenticated": authenticated, "succeeded": succeeded}


def test_no_three_d_secure():
    """Before 2020-08-27 too it is null then; and from then on there are no booleans."""
    assert back(tried(None), OLD)["payment_method_details"] == tried(None)["payment_method_details"]
    since = version("2020-08-27")
    assert (
        back(tried({"result": "failed"}), since)["payment_method_details"]
        == tried({"result": "failed"})["payment_method_details"]
    )


def tried(three_d_secure: Any) -> dict[str, Any]:
    return {"object": "charge", "payment_method_details": {"card": {"three_d_secure": three_d_secure}}}


@pytest.mark.parametrize(
    ("sent", "given_", "meant"),
    [
        ("2024-04-10", {}, {}),
        ("2023-08-16", {}, {"capture_method": "automatic"}),
        ("2022-11-15", {}, {"capture_method": "automatic", "payment_method_types": ["card"]}),
        ("2022-11-15", {"capture_method": "manual", "payment_method_types": {"0": "card"}}, None),
        ("2022-11-15", {"capture_method": "manual", "automatic_payment_methods": {"enabled": "true"}}, None),
    ],
)
def test_what_a_call_meant_by_saying_nothing(sent: str, given_: dict[str, Any], meant: dict[str, Any] | None):
    """Defaults of their time; what is said is left as it is."""
    assert forward(given_, "PostPaymentIntents", version(sent)) == (given_ if meant is None else meant)
    assert forward(given_, "PostRefunds", version(sent)) is given_


def test_versions_without_changes_share_the_newest_ones_cost():
    """Basil and later have nothing to be taken back."""
    assert version("2025-03-31.basil") == Version("2025-03-31.basil") == CURRENT._replace(name="2025-03-31.basil")
    assert CURRENT.name == NEWEST
