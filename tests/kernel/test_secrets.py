"""Secrets at rest: what is sealed opens for its owner only, and keys can change."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from tandem.app.sealed import ring_of, rotate, unreadable, waiting
from tandem.app.settings import Settings, SettingsWrong
from tandem.kernel.secrets import CannotOpen, Keyring, SecretsWrong, new_key

ORG = UUID("01990000-0000-7000-8000-000000000001")
OLD, NEW = new_key(), new_key()
FALLBACK = "a secret for tests only, forty characters"


def _ring(*keys: str) -> Keyring:
    return Keyring.read(",".join(keys), fallback=FALLBACK)


@pytest.mark.parametrize("plain", [b"", b"x", b"\x00" * 20, "ключ ₹".encode(), b"long" * 9000])
def test_what_was_sealed_opens_and_looks_like_nothing(plain: bytes) -> None:
    ring = _ring(OLD)
    sealed = ring.seal(plain, org_id=ORG, purpose="jira.token", subject="1")
    assert ring.unseal(sealed, org_id=ORG, purpose="jira.token", subject="1") == plain
    assert len(sealed) == 81 + len(plain)
    assert len(plain) < 4 or plain not in sealed
    assert sealed != ring.seal(plain, org_id=ORG, purpose="jira.token", subject="1")


@pytest.mark.parametrize(
    ("org_id", "purpose", "subject"),
    [(uuid4(), "a.b", "1"), (ORG, "a.c", "1"), (ORG, "a.b", "2"), (ORG, "a.b1", "")],
)
def test_a_sealed_value_opens_for_its_company_purpose_and_row_only(
    org_id: UUID, purpose: str, subject: str
) -> None:
    sealed = _ring(OLD).seal(b"secret", org_id=ORG, purpose="a.b", subject="1")
    with pytest.raises(CannotOpen) as told:
        _ring(OLD).unseal(sealed, org_id=org_id, purpose=purpose, subject=subject)
    assert "secret" not in str(told.value)


def test_a_value_changed_in_any_byte_does_not_open() -> None:
    sealed = _ring(OLD).seal(b"secret", org_id=ORG, purpose="a.b")
    for place in range(len(sealed)):
        bent = bytearray(sealed)
        bent[place] ^= 1
        with pytest.raises(CannotOpen):
            _ring(OLD).unseal(bytes(bent), org_id=ORG, purpose="a.b")
    for short in (b"", sealed[:4], sealed[:80]):
        with pytest.raises(CannotOpen):
            _ring(OLD).unseal(short, org_id=ORG, purpose="a.b")


def test_an_older_key_opens_and_moving_to_the_new_one_lets_it_go() -> None:
    sealed = _ring(OLD).seal(b"secret", org_id=ORG, purpose="a.b")
    assert _ring(NEW, OLD).unseal(sealed, org_id=ORG, purpose="a.b") == b"secret"
    with pytest.raises(CannotOpen):
        _ring(NEW).unseal(sealed, org_id=ORG, purpose="a.b")
    moved = _ring(NEW, OLD).reseal(sealed)
    assert _ring(NEW).unseal(moved, org_id=ORG, purpose="a.b") == b"secret"
    with pytest.raises(CannotOpen):
        _ring(OLD).unseal(moved, org_id=ORG, purpose="a.b")


def test_what_was_sealed_without_a_list_still_opens_once_there_is_one() -> None:
    sealed = _ring().seal(b"secret", org_id=ORG, purpose="a.b")
    assert _ring(NEW).unseal(sealed, org_id=ORG, purpose="a.b") == b"secret"


@pytest.mark.parametrize(
    "listed",
    ["short", "a" * 43 + "!", new_key() + "," + "a" * 20],
    ids=["short", "other-letters", "one-of-two"],
)
def test_a_key_that_is_none_is_refused_without_being_repeated(
    settings: Settings, listed: str
) -> None:
    with pytest.raises(SecretsWrong):
        Keyring.read(listed, fallback=FALLBACK)
    with pytest.raises(SettingsWrong) as told:
        ring_of(msgspec.structs.replace(settings, secret_keys=listed))
    assert listed not in str(told.value)


def test_rotation_finds_every_sealed_column_and_the_doctor_says_what_does_not_open(
    settings: Settings, owner_dsn: str
) -> None:
    before = msgspec.structs.replace(settings, secret_keys=OLD)
    both = msgspec.structs.replace(settings, secret_keys=f"{NEW},{OLD}")
    after = msgspec.structs.replace(settings, secret_keys=NEW)
    asyncio.run(_fill(owner_dsn, ring_of(before)))
    assert asyncio.run(waiting(both)) == 700
    assert asyncio.run(unreadable(both)) == []
    assert asyncio.run(unreadable(after)) == ["odd.thing.held: 700 of 701 open with no key"]
    assert asyncio.run(rotate(both)) == 700
    assert asyncio.run(rotate(both)) == 0
    assert asyncio.run(unreadable(after)) == []
    assert asyncio.run(_first(owner_dsn, ring_of(after))) == b"secret 0"


async def _fill(dsn: str, ring: Keyring) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "create schema odd; create table odd.thing (id int primary key, held kernel.sealed)"
    )
    rows = [
        (at, ring.seal(f"secret {at}".encode(), org_id=ORG, purpose="odd.thing", subject=str(at)))
        for at in range(700)
    ]
    fresh = _ring(NEW).seal(b"fresh", org_id=ORG, purpose="odd.thing", subject="700")
    await connection.executemany(
        "insert into odd.thing values ($1, $2)", [*rows, (700, fresh), (701, None)]
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("insert into odd.thing values (702, 'plain')")
    await connection.close()


async def _first(dsn: str, ring: Keyring) -> bytes:
    connection = await asyncpg.connect(dsn)
    held = await connection.fetchval("select held from odd.thing where id = 0")
    await connection.execute("drop schema odd cascade")
    await connection.close()
    return ring.unseal(held, org_id=ORG, purpose="odd.thing", subject="0")
