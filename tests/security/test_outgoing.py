"""Where deliveries go, whatever a name or a URL says: the address that is connected to counts, at each try (S20)."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from sluice.books.vault.envelope import Sealed
from sluice.books.webhooks.deliveries import Delivery
from sluice.books.webhooks.names import Resolver
from sluice.books.webhooks.sender import Sender
from sluice.core.secrets import Secret

NEVER = (
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1",
    "198.18.0.1", "fe80::1", "fe80::1%1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "::127.0.0.1", "::", "ff02::1",
)  # fmt: skip
NEAR = ("127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "fd12::1")
SPELLINGS = (
    "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/",
    "http://0x7f.1:{port}/", "http://127.0.0.1.:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://shop.example@127.0.0.1:{port}/",
    "http://user:word@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@shop.example/", "http://[::1]:{port}/",
    "http://１２７.０.０.１:{port}/", "http://127。0。0。1:{port}/", "http://0:{port}/", "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[fe80::1%25eth0]:{port}/", "http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::7f00:1]:{port}/",
)  # fmt: skip


class Names(Resolver):
    """A name server that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        super().__init__()
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        kinds = ((10 if ":" in each else 2, each) for each in found)
        return [ResolveResult(hostname=host, host=each, port=port, family=kind, proto=6, flags=4) for kind, each in kinds]


class Vault:
    async def open_webhook(self, *_: Any) -> Secret:
        return Secret("whsec_" + "x" * 32)


class Listening:
    """A server on loopback that nobody must reach; `asked` counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.Response()


@pytest.fixture
async def listening() -> AsyncIterator[tuple[Listening, int]]:
    here = Listening()
    runner = web.ServerRunner(web.Server(here.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield here, runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    settings: Any = SimpleNamespace(allow_networks=(), public_url="http://localhost")
    vault: Any = Vault()
    made = Sender(vault, settings)
    yield made
    await made.close()


def delivery(url: str, livemode: bool) -> Delivery:
    return Delivery(1, livemode, "we_1", False, url, Sealed("vk_1", b""), "tk_1", 0, None, 1, 1, b"{}")


@pytest.mark.shows("S20")
@pytest.mark.parametrize("livemode", [False, True])
@pytest.mark.parametrize("address", NEVER)
async def test_a_name_that_lies(sender: Sender, address: str, livemode: bool):
    """S20: link-local, metadata, mapped, NAT64, 6to4 and the like: refused in both modes, whoever the name says it is."""
    sender.names = Names([address])
    ended = await sender.send(delivery("http://shop.example/hook", livemode))
    assert (ended.error, ended.status) == ("address_refused", None)


@pytest.mark.shows("S20")
@pytest.mark.parametrize("address", NEAR)
async def test_live_mode_stays_outside(sender: Sender, address: str):
    """S20: this machine and its network, in live mode."""
    sender.names = Names([address])
    assert (await sender.send(delivery("https://shop.example/hook", True))).error == "address_refused"


@pytest.mark.shows("S20")
async def test_a_name_that_changes_its_mind(sender: Sender, listening: tuple[Listening, int]):
    """S20: rebinding: good at the first try, this machine at the second; each connection looks at its own address."""
    here, port = listening
    sender.settings.allow_networks = (ip_network("127.0.0.1/32"),)  # type: ignore[misc]
    sender.names = Names(["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"])
    sent = []
    for _ in range(3):
        sent.append(await sender.send(delivery(f"http://shop.example:{port}/", True)))
        await sender.sessions.pop(True).close()  # a later try, whose name is looked up anew
    assert [each.error for each in sent] == [None, "address_refused", "address_refused"]
    assert (here.asked, sender.names.asked) == (1, 3)


@pytest.mark.shows("S20")
async def test_one_bad_address_among_good_ones(sender: Sender, listening: tuple[Listening, int]):
    """S20: of several addresses the one that is connected to is judged, not the first."""
    here, port = listening
    sender.names = Names(["169.254.169.254", "127.0.0.1"])
    ended = await sender.send(delivery(f"http://shop.example:{port}/", True))
    assert (ended.error, here.asked) == ("address_refused", 0)


@pytest.mark.shows("S20")
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_other_spellings_of_this_machine(sender: Sender, listening: tuple[Listening, int], spelling: str):
    """S20: short, decimal, octal, hex, mapped, fullwidth, behind a user: in live mode none of them gets here."""
    here, port = listening
    ended = await sender.send(delivery(spelling.format(port=port), True))
    assert ended.status is None
    assert ended.error in ("address_refused", "name_not_found", "url", "connection"), ended
    assert here.asked == 0
