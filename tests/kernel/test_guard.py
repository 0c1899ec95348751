"""A-AUT-16: an address that somebody gives never leads into our own network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from tandem.kernel.guard import AddressRefused, Guard, NoAnswer

PUBLIC = "93.184.215.14"
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _public(host: str, port: int) -> Sequence[str]:
    return [PUBLIC]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:53aa:64c:0:0:80ff:fffe]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://198.18.0.1/",
        "http://example.com/",
        "gopher://example.com/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:25/",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://exаmple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://exam ple.com/",
        "https://example.com/\r\nx: y",
        "https:///x",
        "//example.com/",
        "https://-example.com/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2001,
        "",
    ],
)
async def test_what_is_not_public_is_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(AddressRefused) as told:
        await Guard(resolve=_public).check(url)
    assert told.value.detail == (
        "Give a public https address, such as https://shop.example.com/hooks."
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks?a=b",
        "https://example.com./",
        "https://EXAMPLE.com:8443/",
        "https://xn--bcher-kva.example/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    ],
)
async def test_what_is_public_may_be_asked(url: str) -> None:
    target = await Guard(resolve=_public).check(url)
    assert target.address in {PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"}


@pytest.mark.parametrize(
    "addresses",
    [[], ["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"]],
)
async def test_a_name_is_as_private_as_its_most_private_address(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    with pytest.raises(AddressRefused):
        await Guard(resolve=resolve).check("https://localhost./")


async def test_a_name_that_changes_its_mind_is_asked_at_the_address_that_was_looked_at() -> None:
    """Rebinding: the first look is public, the next one would be ours."""
    asked: list[str] = []
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    guard = Guard(resolve=resolve)
    assert (await guard.check("https://rebind.example/")).address == PUBLIC
    with pytest.raises(NoAnswer) as told:
        await guard.send("POST", "https://rebind.example/")
    assert told.value.reason == "refused"
    assert len(asked) == 2


@asynccontextmanager
async def _server(speak: Speak) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await speak(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        running.close()


def _here(seconds: float = 10.0) -> Guard:
    return Guard(["127.0.0.0/8"], seconds=seconds)


async def test_a_network_that_the_owner_opened_may_be_asked() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        await writer.drain()

    async with _server(speak) as url:
        answer = await _here().send("GET", url)
        assert (answer.status, answer.body) == (200, b"hi")
        with pytest.raises(NoAnswer):
            await Guard().send("GET", url)


@pytest.mark.parametrize(
    "onwards", ["http://10.0.0.1/", "https://169.254.169.254/", "gopher://x/", "//localhost:22/"]
)
async def test_a_redirect_into_a_private_network_is_not_followed(onwards: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 302 Found\r\nlocation: {onwards}\r\ncontent-length: 0\r\n\r\n".encode()
        )
        await writer.drain()

    async with _server(speak) as url:
        with pytest.raises(NoAnswer) as told:
            await _here().send("GET", url, redirects=3)
        assert told.value.reason == "refused"
        assert (await _here().send("GET", url)).status == 302


async def test_redirects_in_a_circle_end() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    async with _server(speak) as url:
        with pytest.raises(NoAnswer) as told:
            await _here().send("GET", url, redirects=2)
    assert told.value.reason == "redirected_too_often"


async def test_a_body_without_end_is_cut_off() -> None:
    sent = 0

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 16_384)
            sent += 16_384
            await writer.drain()

    async with _server(speak) as url:
        with pytest.raises(NoAnswer) as told:
            await _here().send("GET", url)
    assert told.value.reason == "too_large"
    assert sent < 10_000_000


async def test_a_byte_at_a_time_is_too_slow() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with _server(speak) as url:
        with pytest.raises(NoAnswer) as told:
            await _here(seconds=0.5).send("GET", url)
    assert told.value.reason in {"too_slow", "unreachable"}


async def test_what_listens_and_what_does_not_are_told_alike_behind_the_wall() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0\r\n")
        await writer.drain()

    async with _server(speak) as url:
        told = set()
        for tried in (url, "http://127.0.0.1:1/", "https://10.0.0.1/", "http://localhost:22/"):
            with pytest.raises(NoAnswer) as reason:
                await Guard().send("GET", tried)
            told.add(str(reason.value))
    assert told == {"refused"}
