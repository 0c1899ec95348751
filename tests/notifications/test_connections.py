"""A connection to a mail server carries one letter after the other and puts none in doubt."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.flows.send_messages.lanes import Budget, run_lane
from tests.notifications.givens import Post
from tests.notifications.test_lanes import by_mailer, outgoing, plan, states


class Server:
    """Takes `letters_max` on a connection, then hangs up: with 421, or without a word. Refuses
    whoever is called gone."""

    def __init__(self, letters_max: int, goodbye: bytes) -> None:
        self.letters_max = letters_max
        self.goodbye = goodbye
        self.connections = 0
        self.got: Counter[str] = Counter()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        letters, to = 0, ""
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"MAIL" and letters >= self.letters_max:
                writer.write(self.goodbye)
                break
            if verb == b"RCPT":
                to = line.decode().partition("<")[2].partition(">")[0]
                is_gone = to.startswith("gone")
                writer.write(b"550 5.1.1 unknown\r\n" if is_gone else b"250 good\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.got[to] += 1
                letters += 1
                writer.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 good\r\n")
        writer.close()


@pytest.fixture(params=[b"421 4.7.0 too many letters\r\n", b""], ids=["421", "no word"])
async def hanging_up(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    made = Server(7, request.param)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


async def test_connections_are_used_again_and_replaced_without_losing_or_doubling(
    post: Post, hanging_up: Server
) -> None:
    """Two connections for sixty letters, on a server that takes seven on each; a refused recipient
    neither ends a connection nor the letters behind it."""
    mailer = SmtpMailer(f"smtp://127.0.0.1:{hanging_up.port}", sender="x@tandem.test")
    wanted = [outgoing(number) for number in range(60)]
    gone = [outgoing(100 + n, recipient=f"gone{n}@example.test") for n in range(6)]
    await plan(post, *wanted, *gone)
    work = by_mailer(post, mailer)
    await run_lane(work, Lane.BULK, seconds=20, budget=Budget(connections=2, batch=100))
    counted = await states(post)
    assert counted["sent"] == 60
    assert sum(counted.values()) == 66
    assert hanging_up.got == {f"p{number}@example.test": 1 for number in range(60)}
    assert hanging_up.connections <= 12, "sixty letters by sevens, twice at once"
    mailer.close()
