"""An answer leaves whole, and nothing that was written is lost."""

import asyncio
from unittest.mock import Mock, call

from sluice.api.packets import Gathering


async def test_what_is_written_together_leaves_together() -> None:
    """PERFORMANCE 9.2: head and body are one system call."""
    transport = Mock()
    gathering = Gathering(transport)
    for part in (b"head", b"body"):
        gathering.write(part)
    assert transport.write.mock_calls == []
    await asyncio.sleep(0)
    gathering.write(b"next")
    await asyncio.sleep(0)
    assert transport.write.mock_calls == [call(b"headbody"), call(b"next")]


async def test_what_was_written_leaves_before_the_close() -> None:
    """B-1.29: an answer to a request that cannot be read is followed by the end of the connection."""
    transport = Mock()
    gathering = Gathering(transport)
    gathering.write(b"400")
    gathering.close()
    await asyncio.sleep(0)
    assert transport.mock_calls == [call.write(b"400"), call.close()]


async def test_all_else_is_the_transports() -> None:
    transport = Mock()
    assert Gathering(transport).is_closing() is transport.is_closing.return_value
