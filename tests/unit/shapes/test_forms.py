"""Forms and JSON into trees: good input means what every other decoder means by it, bad input is refused by name."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import qs_codec
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import Refused
from sluice.core.limits import PARAMETER_DEPTH, PARAMETERS
from sluice.shapes.forms import Repeated, decode, from_json

NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
TREES = st.dictionaries(
    NAMES,
    st.recursive(VALUES, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=4), max_leaves=12),
    max_size=6,
)


def pairs(node: Any, name: str = "") -> list[tuple[str, str]]:
    """A tree as a form's pairs, in brackets."""
    if isinstance(node, str):
        return [(name, node)]
    return [pair for key, value in node.items() for pair in pairs(value, f"{name}[{key}]" if name else key)]


@pytest.mark.parametrize(
    ("raw", "tree"),
    [
        (b"", {}),
        (b"a=1&b[c]=2&b[d][e]=3", {"a": "1", "b": {"c": "2", "d": {"e": "3"}}}),
        (b"a%5Bb%5D=1&c=x%20y+z", {"a": {"b": "1"}, "c": "x y z"}),
        (b"items[1]=b&items[0]=a", {"items": {"1": "b", "0": "a"}}),
        (b"metadata[0]=x", {"metadata": {"0": "x"}}),
        (b"a[]=x&a[]=y", {"a": ["x", "y"]}),
        (b"a=x&a=y", {"a": ["x", "y"]}),
        (b"i[][p]=1&i[][q]=2&i[][p]=3", {"i": [{"p": "1", "q": "2"}, {"p": "3"}]}),
        (b"i[][t][]=1&i[][t][]=2", {"i": [{"t": ["1", "2"]}]}),
        (b"a&b=&&c=x=y", {"a": "", "b": "", "c": "x=y"}),
        (b"a[b=1&[c]=2&d]=3&e[[f]]=4", {"a[b": "1", "[c]": "2", "d]": "3", "e[[f]]": "4"}),
    ],
)
def test_forms(raw: bytes, tree: dict[str, Any]) -> None:
    """B-1.17. A name whose brackets do not nest is one long name, which no operation knows."""
    assert decode(raw).root == tree


def test_a_repeated_key_is_not_a_list_by_brackets() -> None:
    """S16: so that a scalar given twice can be refused and a list be taken."""
    assert type(decode(b"a=x&a=y").root["a"]) is Repeated
    assert type(decode(b"a[]=x&a[]=y").root["a"]) is list


@given(TREES)
def test_nesting_is_read_as_another_decoder_reads_it(tree: dict[str, Any]) -> None:
    """B-1.17: qs-codec is the oracle on what it does not bend (no numeric keys, no contradictions)."""
    raw = urlencode(pairs(tree))
    options = qs_codec.DecodeOptions(depth=PARAMETER_DEPTH, parameter_limit=PARAMETERS)
    assert decode(raw.encode()).root == tree == qs_codec.decode(raw, options)


@given(TREES)
def test_brackets_may_be_encoded_or_not(tree: dict[str, Any]) -> None:
    """B-1.17."""
    plain = "&".join(f"{name}={quote(value)}" for name, value in pairs(tree))
    assert decode(plain.encode()) == decode(urlencode(pairs(tree)).encode())


@given(st.lists(VALUES, max_size=20))
def test_lists_by_brackets_agree(values: list[str]) -> None:
    """B-1.17."""
    raw = urlencode([("a[]", value) for value in values])
    options = qs_codec.DecodeOptions(list_limit=50)
    assert decode(raw.encode()).root == ({"a": values} if values else {}) == qs_codec.decode(raw, options)


@pytest.mark.shows("S16")
@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b"a=1&a[b]=2", "a[b]"),
        (b"a[b]=2&a=1", "a"),
        (b"a[]=1&a[0]=2", "a[0]"),
        (b"a[0]=1&a[]=2", "a[]"),
        (b"a=1&a[]=2", "a[]"),
        (b"a=1&a=2&a[]=3", "a[]"),
        (b"a[]=1&a[][b]=2", "a[][b]"),
        (b"a[][b]=1&a[][b][c]=2", "a[][b][c]"),
        (b"a[][b][c]=1&a[][b]=2", "a[][b]"),
        (b"a[b]=%00", "a[b]"),
        (b"a[b]=%ff", "a[b]"),
        (b"a[b]=\0", "a[b]"),
        (b"a%00=1", "a%00"),
        (b"x=\xff", None),
        (b"%ff=1", "%ff"),
    ],
)
def test_nothing_has_two_meanings_and_all_is_text(raw: bytes, param: str | None) -> None:
    """B-1.28, S16: 400, and the parameter is named."""
    with pytest.raises(Refused) as refused:
        decode(raw)
    assert (refused.value.status, refused.value.param) == (400, param)


@pytest.mark.shows("S16")
@pytest.mark.parametrize(
    "raw",
    [
        b"a" + b"[b]" * 5000 + b"=1",
        b"a" + b"[b]" * PARAMETER_DEPTH + b"=1",
        b"a" * 513 + b"=1",
        b"&".join(b"a[]=1" for _ in range(PARAMETERS + 1)),
    ],
    ids=["brackets", "depth", "key", "count"],
)
def test_a_form_has_limits(raw: bytes) -> None:
    """Law 10."""
    with pytest.raises(Refused):
        decode(raw)


@pytest.mark.shows("S16")
@given(st.binary(max_size=200) | st.text("ab[]&=%0+\0", max_size=60).map(str.encode))
def test_hostile_forms_are_read_or_refused(raw: bytes) -> None:
    """S16: never anything but a tree or a refusal."""
    with suppress(Refused):
        decode(raw)


@pytest.mark.shows("S16")
@pytest.mark.parametrize(
    "raw",
    [
        b"[1]",
        b"1",
        b"{",
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b"\xff",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1e99999999999999999999}',
        b"[" * 100_000,
        b'{"a":' * 11 + b"1" + b"}" * 11,
        b'{"' + b"a" * 513 + b'":1}',
        b'{"a":[' + b"1," * PARAMETERS + b"1]}",
    ],
)
def test_hostile_json_is_refused(raw: bytes) -> None:
    """B-1.25, S16: the same limits as a form has, and no key twice."""
    with pytest.raises(Refused) as refused:
        from_json(raw)
    assert refused.value.status == 400


@pytest.mark.shows("S16")
@given(st.binary(max_size=100) | st.text('{}[]":,\\ud80ae1.null', max_size=60).map(str.encode))
def test_any_json_is_read_or_refused(raw: bytes) -> None:
    with suppress(Refused):
        from_json(raw)


def test_null_equals_the_empty_string() -> None:
    """B-1.25."""
    assert from_json(b'{"a":null,"b":[null],"c":{"d":null}}') == ({"a": "", "b": [""], "c": {"d": ""}}, True)
    assert from_json(b"") == ({}, True)
