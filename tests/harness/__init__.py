"""What end-to-end tests are made of: a running gateway, a shop that calls it, the bank's own book, a receiver of webhooks."""

from tests.harness.bank import Bank
from tests.harness.processes import Gateway
from tests.harness.receiver import Receiver
from tests.harness.refusals import declined, refused
from tests.harness.shop import Shop
from tests.harness.wire import Answer

__all__ = ["Answer", "Bank", "Gateway", "Receiver", "Shop", "declined", "refused"]
