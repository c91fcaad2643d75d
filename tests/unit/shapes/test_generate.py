"""The generated types are those that the contract gives now."""

from sluice.shapes.generate import HERE, files
from sluice.shapes.objects import blank
from sluice.shapes.types.charge import Charge
from sluice.shapes.types.payment_intent import PostPaymentIntents


def test_what_is_committed_is_what_is_made_now() -> None:
    """DESIGN 1: generated, never edited. To mend: `python -m sluice.shapes.generate`."""
    committed = {path.name: path.read_text() for path in HERE.glob("*.py")}
    assert committed == files()


def test_types_agree_with_skeletons() -> None:
    """B-4.6: a nullable key is always there; `refunds` is not (B-3.23)."""
    assert blank("charge").keys() <= Charge.__required_keys__
    assert "refunds" not in Charge.__annotations__


def test_parameters_are_optional_but_for_the_required() -> None:
    """B-1.20."""
    assert PostPaymentIntents.__required_keys__ == {"amount", "currency"}
