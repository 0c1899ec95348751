import asyncio
from collections.abc import Iterable

from tandem.app.wire import Joining


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
    joining.write(b"head ")
    joining.write(b"body")
    assert transport.sent == [b"head body"]
    await asyncio.sleep(0)
    assert transport.sent == [b"head body"], "nothing leaves twice"


async def test_a_head_whose_body_comes_later_does_not_wait_for_it() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(b"head")
    assert transport.sent == []
    await asyncio.sleep(0)
    assert transport.sent == [b"head"]


async def test_what_is_held_leaves_before_anything_else_happens_to_the_line() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(b"last words")
    assert joining.is_closing() is False
    assert transport.sent == [b"last words"]
    joining.write(b"and more")
    joining.close()
    assert (transport.sent, transport.is_closed) == ([b"last words", b"and more"], True)


async def test_nothing_is_written_to_a_line_that_is_gone() -> None:
    transport = Transport()
    joining = Joining(transport, asyncio.get_running_loop())
    joining.write(b"too late")
    transport.close()
    await asyncio.sleep(0)
    assert transport.sent == []
