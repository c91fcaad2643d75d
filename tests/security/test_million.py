"""A million requests by chance: each is answered, none with our defect (S16)."""

import json
import os
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from tests.security.hollow import Hollow
from tests.security.requests_at_random import request

SAMPLE, WHOLE = 20_000, 1_000_000
SEED = int(os.environ.get("SLUICE_TEST_SEED", "1"))


@pytest.mark.shows("S16")
def test_whatever_comes_is_answered(whole: bool, record_property: Callable[[str, object], None]):
    """S16: generated from the contract and spoilt; every answer is JSON with a status below 500."""
    hollow, chance, statuses = Hollow(), Random(SEED), Counter[int]()
    for n in range(WHOLE if whole else SAMPLE):
        asked = request(chance)
        status, body = hollow.ask(*asked)
        assert status < 500, (SEED, n, asked, body)
        if asked.method != "HEAD":
            assert ("error" in json.loads(body)) == (status >= 400), (SEED, n, asked)
        statuses[status] += 1
    record_property("answers by status", dict(statuses))
    assert statuses[200] > statuses.total() / 20, "most of them should be well formed"
    assert {400, 402, 404} <= statuses.keys()
