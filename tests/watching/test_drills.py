"""Every alert that we ship rings when its fault is there, and not before; a gateway that is well rings none."""

import pytest

from tests.harness import Shop
from tests.harness.processes import until
from tests.watching.drills import DRILLS, pays
from tests.watching.promql import Vector
from tests.watching.rules import RULES
from tests.watching.watched import Watched


def test_every_alert_has_its_drill():
    assert set(DRILLS) == set(RULES)


@pytest.mark.shows("O20")
@pytest.mark.parametrize("alert", DRILLS)
def test_a_drill_raises_its_alert(alert: str, watched: Watched, shop: Shop):
    """The fault is provoked in a real gateway: its alert is silent before, and rings then."""
    drill = DRILLS[alert]
    assert pays(shop).status == 200
    until(lambda: not watched.finds(alert, [], drill.later and 1), watched)
    before = [watched.scrape()]
    with drill.fault(watched, shop):

        def rings() -> bool:
            drill.again(watched, shop)
            return bool(watched.finds(alert, before, drill.later))

        until(rings, watched)


@pytest.mark.shows("O20")
def test_a_gateway_that_is_well_rings_no_alert(watched: Watched, shop: Shop):
    """Payments are made, and every rule is silent."""
    ringing: dict[str, Vector] = {}

    def silent() -> bool:
        ringing.clear()
        ringing.update({alert: found for alert in RULES if (found := watched.finds(alert, []))})
        return not ringing

    try:
        until(silent, watched)
    except AssertionError as error:
        error.add_note(f"still ringing: {ringing}")
        raise
    before = [watched.scrape()]
    for _ in range(3):
        assert pays(shop).status == 200
    shop.quiet()
    assert {alert: found for alert in RULES if (found := watched.finds(alert, before))} == {}
