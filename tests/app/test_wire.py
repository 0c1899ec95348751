import asyncio
from collections.abc import Iterable

from tandem.app.wire import HEAD, Joining


class Transport:
    """Remembers each write as one system call."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.sent.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.write(b"".join(parts))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


async def test_head_and_body_leave_in_one_write() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(HEAD)
    joining.write(b"body")
    assert transport.sent == [HEAD + b"body"]
    await asyncio.sleep(0)
    assert transport.sent == [HEAD + b"body"], "nothing leaves twice"


async def test_a_head_whose_body_comes_later_does_not_wait_for_it() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(HEAD)
    assert transport.sent == []
    await asyncio.sleep(0)
    assert transport.sent == [HEAD]


async def test_what_follows_on_a_stream_is_held_for_nothing() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(HEAD)
    await asyncio.sleep(0)
    joining.write(b"one")
    joining.write(b"two")
    assert transport.sent == [HEAD, b"one", b"two"]


async def test_what_is_held_leaves_before_anything_else_happens_to_the_line() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(HEAD)
    assert joining.is_closing() is False
    assert transport.sent == [HEAD]
    joining.write(HEAD)
    joining.close()
    assert (transport.sent, transport.is_closed) == ([HEAD, HEAD], True)


async def test_nothing_is_written_to_a_line_that_is_gone() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(HEAD)
    transport.close()
    await asyncio.sleep(0)
    joining.write(b"much too late")
    assert transport.sent == []
