"""A campaign that leaves at ten in the morning, wherever somebody is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tandem.crm.marketing.domain.local_times import begins_at, moment
from tandem.crm.notifications.service import rules
from tandem.kernel.db import Query
from tests.marketing.givens import Company
from tests.marketing.test_stopping import records

DAY = date(2026, 11, 25)
ZONES = ("", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago")
DUE = Query(
    """
    select customer_id, due_at from notifications.message
     where org_id = :org_id and feed = :feed order by due_at
    """
)


async def spread(company: Company) -> list[UUID]:
    """One person in each zone; the first one's is not known, so theirs is India."""
    ids = await company.people(len(ZONES))
    async with company.work.transaction() as tx:
        for who, zone in zip(ids, ZONES, strict=True):
            if zone:
                await rules.set_time_zone(tx, who, zone, now=company.hands.now())
    return ids


async def due(company: Company, campaign: dict[str, str]) -> dict[UUID, datetime]:
    rows = await records(company, DUE, feed=f"campaign:{campaign['id']}")
    return {row["customer_id"]: row["due_at"] for row in rows}


async def test_everybody_gets_it_at_that_hour_of_their_own_day(company: Company) -> None:
    ids = await spread(company)
    campaign = await company.draft(await company.segment(ids), local_time="10:00")
    made = await company.schedule(campaign, datetime(2026, 11, 25, 6, 30, tzinfo=UTC))
    assert (made["scheduled_at"], made["local_day"]) == ("2026-11-24T20:00:00Z", "2026-11-25")
    path = f"/v1/campaigns/{campaign['id']}/preview"
    preview = (await company.client.get(path)).json()
    expected = [
        ("Pacific/Kiritimati", "2026-11-24T20:00:00Z", 1),
        ("Asia/Kolkata", "2026-11-25T04:30:00Z", 1),
        ("America/New_York", "2026-11-25T15:00:00Z", 1),
        ("Pacific/Pago_Pago", "2026-11-25T21:00:00Z", 1),
    ]
    assert [(one["time_zone"], one["at"], one["count"]) for one in preview["zones"]] == expected
    page = (await company.client.get(f"/campaigns/{campaign['id']}")).text
    assert "At 10:00 where they are" in page
    await company.turn(campaign)
    assert await due(company, campaign) == {}
    company.hands.at = datetime(2026, 11, 24, 20, 0, 5, tzinfo=UTC)
    await company.turn(campaign)
    assert await company.states(campaign) == {"queued": 4}
    at = [one.isoformat()[:16] for one in (await due(company, campaign)).values()]
    assert at == ["2026-11-24T20:00", *(said[:16] for _, said, _ in expected[1:])]


@pytest.mark.parametrize(
    ("limit", "states", "expected"),
    [
        (None, {"queued": 4}, ["24T04:30", "23T15:00", "23T20:00", "23T21:00"]),
        (360, {"queued": 3, "skipped:expired": 1}, ["23T09:30", "23T15:00", "", "23T21:00"]),
    ],
)
async def test_whose_hour_has_passed_waits_for_the_next_day_or_is_left_out(
    company: Company, limit: int | None, states: dict[str, int], expected: list[str]
) -> None:
    """At three in the afternoon in India; in Kiritimati it is already half past eleven at night."""
    ids = await spread(company)
    plan = {"local_time": "10:00", "skip_if_later_minutes": limit}
    campaign = await company.draft(await company.segment(ids), **plan)
    await company.schedule(campaign)
    await company.turn(campaign)
    assert await company.states(campaign) == states
    found = await due(company, campaign)
    at = [found[who].isoformat()[8:16] if who in found else "" for who in ids]
    assert at == expected


def test_an_hour_that_a_night_lacks_or_has_twice_is_one_moment() -> None:
    zone, now = ZoneInfo("America/New_York"), datetime(2026, 1, 1, tzinfo=UTC)
    lacking = moment("02:30", date(2026, 3, 8), zone, now, late_max=None)
    twice = moment("01:30", date(2026, 11, 1), zone, now, late_max=None)
    assert lacking == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert twice == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    later = datetime(2026, 11, 1, 5, 40, tzinfo=UTC)
    assert moment("01:30", None, zone, later, late_max=None) == twice + timedelta(days=1, hours=1)
    assert begins_at(DAY, "00:30") == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
