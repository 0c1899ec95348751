"""At the door: the code the buyer says, the proofs, and what is refused without them."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import Status
from tests.delivery.conftest import Hands
from tests.delivery.givens import (
    DOOR,
    PNG,
    Crew,
    a_delivery,
    brought_to,
    phone_of,
    statuses_of,
    topics_of,
    wrong,
)


async def code_of(database: Database, boss: Actor, delivery_id: UUID) -> str:
    async with database.transaction(boss) as tx:
        return await service.door_code(tx, delivery_id)


async def test_the_code_at_the_door_locks_after_five_wrong_tries_and_is_right_only_once(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD11: wrong five times, right after the lock, right before arrival, right twice."""
    async with database.transaction(boss) as tx:
        opened, other = await a_delivery(tx, now), await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.EN_ROUTE, now)
    code = await code_of(database, boss, opened.id)
    checks = f"/v1/driver/deliveries/{opened.id}/door-code-checks"
    async with phone_of(app, crew) as phone:
        early = await phone.post(checks, json={"code": code})
        assert (early.status_code, early.json()["code"]) == (409, "not_at_the_door")
        arrive = {"status": "arriving"}
        await phone.post(f"/v1/driver/deliveries/{opened.id}/statuses", json=arrive)
        left = []
        for _ in range(5):
            answer = await phone.post(checks, json={"code": wrong(code)})
            assert (answer.status_code, answer.json()["code"]) == (422, "wrong_door_code")
            left.append(answer.json()["tries_left"])
        assert left == [4, 3, 2, 1, 0]
        locked = await phone.post(checks, json={"code": code})
        assert (locked.status_code, locked.json()["code"]) == (409, "door_code_locked")

        await brought_to(database, boss.org_id, crew, other.id, Status.ARRIVED, now)
        second = await code_of(database, boss, other.id)
        checks = f"/v1/driver/deliveries/{other.id}/door-code-checks"
        first = await phone.post(checks, json={"code": second, "lat": DOOR[0], "lon": DOOR[1]})
        again = await phone.post(checks, json={"code": second})
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.json() == first.json()
        assert first.json()["is_at_door"] is True
    async with database.transaction(boss) as tx:
        assert len(await service.list_proofs(tx, other.id)) == 1
        assert await service.list_proofs(tx, opened.id) == []


async def test_a_wrong_try_with_an_idempotency_key_counts_once(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    code = await code_of(database, boss, opened.id)
    checks = f"/v1/driver/deliveries/{opened.id}/door-code-checks"
    async with phone_of(app, crew) as phone:
        body = {"code": wrong(code)}
        key = {"idempotency-key": "try-1"}
        first = await phone.post(checks, json=body, headers=key)
        again = await phone.post(checks, json=body, headers=key)
        fresh = await phone.post(checks, json=body)
    assert [answer.status_code for answer in (first, again, fresh)] == [422, 422, 422]
    assert [answer.json()["tries_left"] for answer in (first, again, fresh)] == [4, 4, 3]


async def test_no_answer_to_a_driver_or_to_staff_ever_holds_the_code(
    app: Litestar,
    client: httpx.AsyncClient,
    database: Database,
    boss: Actor,
    crew: Crew,
    now: datetime,
) -> None:
    """AD11: never present in the driver's API; dispatch and the public see none either."""
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    code = await code_of(database, boss, opened.id)
    answers: list[httpx.Response] = []
    async with phone_of(app, crew) as phone:
        answers += [await phone.get("/v1/driver/day")]
    for path in ("", "/statuses", "/proofs", "/track"):
        answers += [await client.get(f"/v1/deliveries/{opened.id}{path}")]
    answers += [await client.get("/v1/deliveries")]
    answers += [await client.post(f"/v1/deliveries/{opened.id}/tracking-link")]
    token = answers[-1].json()["public_token"]
    answers += [await client.get(f"/v1/public/track/{token}")]
    for answer in answers:
        assert answer.status_code in {200, 201}
        assert code not in answer.text.replace(str(opened.id), "")
        assert "secret" not in answer.text
    with pytest.raises(Forbidden):
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.door_code(tx, opened.id)


async def test_a_locked_code_is_renewed_by_dispatch_and_sent_at_most_four_times(
    client: httpx.AsyncClient,
    app: Litestar,
    database: Database,
    boss: Actor,
    crew: Crew,
    hands: Hands,
) -> None:
    now = database.clock.now()
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    old = await code_of(database, boss, opened.id)
    checks = f"/v1/driver/deliveries/{opened.id}/door-code-checks"
    async with phone_of(app, crew) as phone:
        for _ in range(5):
            await phone.post(checks, json={"code": wrong(old)})
    public = f"/v1/public/track/{opened.public_token}/door-code-requests"
    staff = f"/v1/deliveries/{opened.id}/door-code"
    hands.forward(timedelta(seconds=61))
    locked = await client.post(public)
    assert (locked.status_code, locked.json()["code"]) == (409, "door_code_locked")
    assert (await client.post(staff)).status_code == 202
    too_soon = await client.post(staff)
    assert (too_soon.status_code, too_soon.json()["code"]) == (429, "too_many_door_codes")
    new = await code_of(database, boss, opened.id)
    assert new != old
    for _ in range(2):
        hands.forward(timedelta(seconds=61))
        assert (await client.post(public)).status_code == 202
    hands.forward(timedelta(seconds=61))
    assert (await client.post(public)).status_code == 429
    assert await code_of(database, boss, opened.id) == new
    async with database.transaction(boss) as tx:
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.door_code_requested.v1") == 4
    async with phone_of(app, crew) as phone:
        assert (await phone.post(checks, json={"code": new})).status_code == 200


async def test_what_is_not_proven_is_not_delivered(
    app: Litestar, database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    """AD13: 409 lists what is missing; then code, photo and cash, and it is done."""
    async with database.transaction(boss) as tx:
        opened = await a_delivery(
            tx, now, cod_minor=129_900, proofs=[ProofKind.OTP, ProofKind.PHOTO]
        )
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    code = await code_of(database, boss, opened.id)
    path = f"/v1/driver/deliveries/{opened.id}"
    async with phone_of(app, crew) as phone:
        bare = await phone.post(f"{path}/statuses", json={"status": "delivered"})
        assert (bare.status_code, bare.json()["code"]) == (409, "proof_missing")
        assert bare.json()["missing"] == ["otp", "photo", "cash"]
        photo = await phone.post(
            f"{path}/proofs",
            data={"kind": "photo", "lat": str(DOOR[0]), "lon": str(DOOR[1]), "note": "on the mat"},
            files={"file": ("door.png", PNG, "image/png")},
        )
        assert photo.status_code == 201, photo.text
        assert photo.json()["is_at_door"] is True
        assert photo.json()["meta"] == {"note": "on the mat"}
        short = {"status": "delivered", "door_code": code, "cash_minor": 129_000}
        refused = await phone.post(f"{path}/statuses", json=short)
        assert (refused.status_code, refused.json()["code"]) == (409, "cash_mismatch")
        assert refused.json()["expected_minor"] == 129_900
        whole = {"status": "delivered", "door_code": code, "cash_minor": 129_900}
        done = await phone.post(f"{path}/statuses", json=whole)
        again = await phone.post(f"{path}/statuses", json=whole)
    assert (done.status_code, done.json()["status"]) == (201, "delivered")
    assert (again.status_code, again.json()["version"]) == (201, done.json()["version"])
    async with database.transaction(boss) as tx:
        assert (await statuses_of(tx, opened.id)).count("delivered") == 1
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.cash_collected.v1") == 1
        assert (await service.get_delivery(tx, opened.id)).cash_minor == 129_900


async def test_a_photo_comes_back_to_staff_as_it_was_sent_and_is_kept_once(
    app: Litestar,
    client: httpx.AsyncClient,
    database: Database,
    boss: Actor,
    crew: Crew,
    now: datetime,
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, proofs=[ProofKind.PHOTO])
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    event_id = str(uuid4())
    taken_at = (now - timedelta(minutes=4)).isoformat()
    sent = {
        "kind": "photo",
        "client_event_id": event_id,
        "at": taken_at,
        "sent_at": now.isoformat(),
    }
    files = {"file": ("a.png", PNG, "image/png")}
    path = f"/v1/driver/deliveries/{opened.id}/proofs"
    async with phone_of(app, crew) as phone:
        first = await phone.post(path, data=sent, files=files)
        again = await phone.post(path, data=sent, files=files)
        nothing = await phone.post(
            path, data={"kind": "photo"}, files={"file": ("a.png", b"GIF89a", "image/png")}
        )
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (nothing.status_code, nothing.json()["code"]) == (422, "not_a_picture")
    proof_id = first.json()["id"]
    shown = await client.get(f"/v1/deliveries/{opened.id}/proofs/{proof_id}/file")
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert len((await client.get(f"/v1/deliveries/{opened.id}/proofs")).json()["items"]) == 1
