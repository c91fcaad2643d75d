"""The first evening, as whoever starts it: `up`, the printed lines pasted, a webhook, everything killed, the proof."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import stripe

from tests.harness import Receiver

SLUICE = [sys.executable, "-m", "sluice.cli.main"]
NEVER = {"enabled": True, "allow_redirects": "never"}


class Up:
    """`sluice up` over one data folder, in a session of its own."""

    def __init__(self, data: Path) -> None:
        self.data, self.ready, self.out = data, data.with_suffix(".json"), data.with_suffix(".out")
        self.lives = 0

    def start(self) -> dict[str, str]:
        self.ready.unlink(missing_ok=True)
        self.lives += 1
        with self.out.open("wb") as out:
            command = [*SLUICE, "up", "--data", str(self.data), "--port", "0", "--ready", str(self.ready)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        for _ in range(1200):
            if self.ready.exists():
                return json.loads(self.ready.read_text())
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        raise AssertionError(self.said())

    def said(self) -> str:
        return self.out.read_text()

    def kill_everything(self) -> None:
        """SIGKILL for `up` and all that it started, the database's processes too."""
        family = [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path / "evening")
    yield made
    made.stop()


def printed(text: str, start: str) -> str:
    """The command that begins with `start`, its continued lines too."""
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(start))
    last = next(n for n in range(first, len(lines)) if not lines[n].endswith("\\"))
    return "\n".join(lines[first : last + 1])


@pytest.mark.shows("O1", "O2", "F52")
def test_the_first_evening(up: Up):
    """O1, O2: what is printed works as pasted; F52: killed whole and started again, all is there, and the books hold."""
    shop = up.start()
    greeting = up.said()
    assert len(greeting.splitlines()) <= 20
    paid = subprocess.run(["bash", "-c", printed(greeting, "curl")], capture_output=True, text=True, check=True)
    assert json.loads(paid.stdout)["status"] == "succeeded"
    lines = printed(greeting, "import stripe") + "\n" + printed(greeting, "print(stripe")
    python = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert python.stdout == "succeeded\n"

    client = stripe.StripeClient(shop["secret_key"], base_addresses={"api": shop["url"]}, max_network_retries=0)
    with Receiver() as receiver:
        endpoint = client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["payment_intent.succeeded"]})
        keys = pay_until_killed(up, client)
        again = up.start()
        assert again["secret_key"] == shop["secret_key"]
        client = stripe.StripeClient(again["secret_key"], base_addresses={"api": again["url"]}, max_network_retries=5)
        truths = [pay(client, key) for key in keys]
        intents = {id for id in truths if id}
        assert len(intents) == len(truths) - truths.count(None) >= len(keys) - 1  # a kill may cost the one in flight
        told = heard(receiver, intents, str(endpoint.secret))
    assert told == intents
    proof = subprocess.run([*SLUICE, "ledger", "verify", "--data", str(up.data)], capture_output=True, text=True)
    assert proof.returncode == 0, proof.stdout + proof.stderr


def pay(client: stripe.StripeClient, key: str) -> str | None:
    """The intent that was paid; None when what a kill had interrupted was taken back, and the key's truth is that."""
    wish = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    options: stripe.RequestOptions = {"idempotency_key": key}
    try:
        made = client.v1.payment_intents.create(wish | {"automatic_payment_methods": NEVER}, options)  # type: ignore[arg-type]
    except stripe.CardError as taken_back:
        if taken_back.code != "processing_error":
            raise
        return None
    return made.id


def pay_until_killed(up: Up, client: stripe.StripeClient) -> list[str]:
    """Payments one after the other, and everything killed in their midst; the keys of all that were tried."""
    keys: list[str] = []

    def loop() -> None:
        for n in range(500):
            keys.append(f"evening-{n}")
            try:
                pay(client, keys[-1])
            except stripe.StripeError:
                return

    thread = threading.Thread(target=loop)
    thread.start()
    while len(keys) < 12:
        time.sleep(0.01)
    up.kill_everything()
    thread.join(60)
    return keys


def heard(receiver: Receiver, intents: set[str], secret: str) -> set[str]:
    """The intents that the webhooks told of; each with a good signature."""
    for _ in range(300):
        events = [
            stripe.Webhook.construct_event(got.body, got.headers["stripe-signature"], secret) for got in receiver.deliveries
        ]
        told = {event.data.object["id"] for event in events}
        if intents <= told:
            break
        time.sleep(0.1)
    return told
