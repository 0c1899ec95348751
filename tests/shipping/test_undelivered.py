"""Deliveries tried in vain: what is asked for by itself, and what somebody decides (AS12)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.shipping.domain.configuration import Reattempts
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import ScanStatus, Step
from tandem.scm.shipping.domain.undelivered import asks_again
from tests.shipping.givens import order
from tests.shipping.shipped import ship, told
from tests.shipping.test_scans import scan

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


async def failed(
    database: Database, actor: Actor, made: Shipment, at: datetime, reason: str
) -> Shipment:
    return await scan(database, actor, made, ScanStatus.DELIVERY_FAILED, at, reason=reason)


async def cases(client: httpx.AsyncClient, made: Shipment) -> list[dict[str, Any]]:
    found = await client.get("/v1/ndr", params={"shipment_id": str(made.id)})
    assert found.status_code == 200, found.text
    return list(found.json()["items"])


@pytest.mark.parametrize(
    ("attempts", "reason", "is_asked"),
    [
        (1, "customer_absent", True),
        (2, "address_not_found: wrong door", True),
        (3, "customer_absent", False),
        (3, "no_attempt", True),
        (1, "refused", False),
        (1, "refused: rang twice", False),
        (1, "damaged", False),
    ],
)
def test_the_next_try_is_asked_for_while_it_can_help(
    attempts: int, reason: str, is_asked: bool
) -> None:
    step = Step(status=ScanStatus.DELIVERY_FAILED, occurred_at=MONDAY, reason=reason)
    assert asks_again(Reattempts(), attempts=attempts, failure=step) is is_asked
    assert not asks_again(Reattempts(is_automatic=False), attempts=attempts, failure=step)


async def test_of_three_failures_one_was_no_attempt_so_a_third_is_asked_for_by_itself(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order(promised_on=date(2026, 11, 23)))
    for day, reason in enumerate(["customer_absent", "no_attempt: van full", "customer_absent"]):
        for _ in range(2):  # every report comes twice
            last = await failed(database, actor, made, MONDAY + day * DAY, reason)
    assert (last.status, last.attempts) == ("delivery_failed", 2)
    assert (last.promised_first_on, last.promised_on) == (date(2026, 11, 23), date(2026, 11, 26))
    found = await cases(client, made)
    assert [(one["state"], one["attempts"], one["next_on"]) for one in found] == [
        ("reattempt", 2, "2026-11-26"),
        ("closed", 1, "2026-11-25"),
        ("closed", 1, "2026-11-24"),
    ]
    asked = [
        (one["attempt"], one["on"], one["is_automatic"])
        for one in await told(database, actor)
        if one["topic"] == "shipping.reattempt_requested.v1"
    ]
    assert asked == [(2, "2026-11-24", True), (2, "2026-11-25", True), (3, "2026-11-26", True)]
    # A report of Tuesday that comes late changes nothing; the third failure waits for somebody.
    await failed(database, actor, made, MONDAY + DAY + timedelta(hours=1), "no_attempt")
    assert (await cases(client, made))[0]["next_on"] == "2026-11-26"
    await failed(database, actor, made, MONDAY + 3 * DAY, "customer_absent")
    newest = (await cases(client, made))[0]
    assert (newest["state"], newest["attempts"], newest["next_on"]) == ("open", 3, None)
    assert [one["id"] for one in (await client.get("/v1/ndr?state=open")).json()["items"]] == [
        newest["id"]
    ]


async def test_somebody_decides_to_try_again_or_to_take_it_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    today = database.clock.now().replace(microsecond=0)
    await failed(database, actor, made, today - timedelta(hours=1), "refused")
    [case] = await cases(client, made)
    assert case["state"] == "open"
    path = f"/v1/ndr/{case['id']}/action"
    for body, field in (
        ({"action": "reattempt", "on": (today - 3 * DAY).date().isoformat()}, "on"),
        ({"action": "reattempt", "on": (today + 99 * DAY).date().isoformat()}, "on"),
        ({"action": "burn"}, "action"),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    again = await client.post(path, json={"action": "reattempt", "note": "after six"})
    assert again.status_code == 200, again.text
    assert (again.json()["state"], again.json()["is_automatic"]) == ("reattempt", False)
    shipment = (await client.get(f"/v1/shipments/{made.id}")).json()
    assert shipment["promised_on"] == again.json()["next_on"]
    shown = (await client.get(f"/shipments/{made.id}")).text
    assert "Tried in vain" in shown and "after six" in shown
    back = await client.post(path, json={"action": "return", "note": "never mind"})
    assert (back.status_code, back.json()["state"]) == (200, "returning")
    assert (await client.get(f"/v1/shipments/{made.id}")).json()["status"] == "rto_initiated"
    refused = await client.post(path, json={"action": "reattempt"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ndr_case_closed")
    missing = await client.post(f"/v1/ndr/{made.id}/action", json={"action": "return"})
    assert missing.status_code == 404


async def test_a_parcel_that_goes_on_leaves_nothing_to_decide(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    await failed(database, actor, made, MONDAY, "customer_absent")
    await scan(database, actor, made, ScanStatus.OUT_FOR_DELIVERY, MONDAY + DAY)
    [case] = await cases(client, made)
    assert (case["state"], case["is_automatic"]) == ("closed", True)
