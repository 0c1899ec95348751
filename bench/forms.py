"""A form under fire: a thousand solved posts in a minute, from everywhere and from one address.

What A-LED-11 asks at its size: whoever is too many is told so (429), nobody else notices, and what
was taken is kept. Addresses are loopback ones, so that each is somebody to the limits.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from bench.table import Row, at_least, at_most
from bench.world import SECRET, World
from tandem.crm.sales.domain.forms import FormDraft, FormField
from tandem.crm.sales.domain.proofs import solve
from tandem.crm.sales.service import forms
from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query

POSTS = 1_000
MINUTE = 60.0
ALONE = 60
"""Posts of one address, twice as many as it may."""
ALONE_MOST = 33
"""Thirty, and what is allowed anew in five seconds."""
KEPT = Query("select count(*) from sales.form_submission where org_id = :org_id")


class Answer(msgspec.Struct, frozen=True):
    status: int
    seconds: float


def measure(world: World, *, posts: int = POSTS) -> list[Row]:
    secrets.hold(secrets.Keyring.read("", fallback=SECRET))
    return asyncio.run(_measure(world, posts))


async def _measure(world: World, posts: int) -> list[Row]:
    database = await Database.connect(world.app_dsn, size_min=1, size_max=2)
    open_to_all, other = [await _form(database, world, name) for name in ("Fair", "Other")]
    begun = time.monotonic()
    bodies = [await _body(world.port, open_to_all, place) for place in range(posts)]
    solving = (time.monotonic() - begun) / posts
    alone = [await _body(world.port, other, place) for place in range(ALONE)]
    span = MINUTE * posts / POSTS
    many = await _send(world.port, open_to_all, bodies, over=span, alone=False)
    one = await _send(world.port, other, alone, over=5.0, alone=True)
    async with database.transaction(Actor.system(world.company.org_id)) as tx:
        kept = int(await tx.value(KEPT))
    await database.close()
    solved = Row("a light puzzle, asked for and solved", f"{solving * 1000:.0f} ms")
    return [solved, *_rows(many, one, kept)]


def _rows(many: Sequence[Answer], one: Sequence[Answer], kept: int) -> list[Row]:
    said, alone = Counter(each.status for each in many), Counter(each.status for each in one)
    slow = sorted(each.seconds for each in many)[int(len(many) * 0.99)]
    others = len(many) - said[202] - said[429]
    return [
        Row(f"{len(many):,} posts at {POSTS:,} a minute, as many addresses", f"{said[202]} taken"),
        Row("  told to come later (429)", str(said[429])),
        at_most("  anything else", others, 0, unit="", budget="none"),
        at_most("  p99", slow, 0.5, unit=" s", budget="< 0.5 s"),
        Row(f"{ALONE} posts of one address in five seconds", f"{alone[202]} taken"),
        at_most("  taken of one address", alone[202], ALONE_MOST, unit="", budget="≤ 33"),
        at_least(
            "  kept, of all that were taken",
            kept / max(said[202] + alone[202], 1),
            1,
            unit="",
            budget="all",
        ),
    ]


async def _form(database: Database, world: World, name: str) -> str:
    draft = FormDraft(
        name=name,
        title="Talk to us",
        fields=[FormField(key="email", is_required=True), FormField(key="name")],
        effort="light",
    )
    async with database.transaction(Actor.system(world.company.org_id)) as tx:
        return (await forms.add_form(tx, draft, now=datetime.now(UTC))).slug


async def _body(port: int, slug: str, place: int) -> bytes:
    path = f"/v1/public/forms/{slug}/challenge"
    status, raw = await _ask(port, "GET", path, b"", _address(place))
    assert status == 200, raw
    puzzle = msgspec.json.decode(raw)
    proof = {
        "challenge": puzzle["challenge"],
        "numbers": solve(puzzle["challenge"], puzzle["bits"]),
    }
    values = {"email": f"visitor{place}@example.test", "name": f"Visitor {place}"}
    return msgspec.json.encode({"values": values, "proof": proof})


async def _send(
    port: int, slug: str, bodies: Sequence[bytes], *, over: float, alone: bool
) -> list[Answer]:
    """Evenly over so many seconds, each when it is due, whatever became of those before."""
    begun = time.monotonic()

    async def one(place: int, body: bytes) -> Answer:
        await asyncio.sleep(max(0.0, begun + place * over / len(bodies) - time.monotonic()))
        address = "127.9.9.9" if alone else _address(place)
        start = time.monotonic()
        path = f"/v1/public/forms/{slug}/submissions"
        status, _ = await _ask(port, "POST", path, body, address)
        return Answer(status, time.monotonic() - start)

    return await asyncio.gather(*(one(place, body) for place, body in enumerate(bodies)))


def _address(place: int) -> str:
    return f"127.{place // 250 + 1}.{place % 250 + 1}.1"


async def _ask(port: int, method: str, path: str, body: bytes, address: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    raw = await reader.read()
    writer.close()
    top, _, rest = raw.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), rest
