"""Alerts: told once, armed again after recovery, seen with their owner's eyes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from tandem.app.wiring import resources_of
from tandem.crm.analytics.domain.alerts import AlertDraft, z_score
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Period
from tandem.crm.analytics.service import alerts
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange
from tandem.crm.notifications.service import inbox
from tandem.flows import analyse
from tandem.flows.reports.watching import watch_alerts
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Invalid
from tandem.kernel.jobs import Work
from tandem.kernel.outbox import drain
from tests.analytics.givens import Counted, cancelled, confirmed, days_ago, placed
from tests.identity.company import Company, browsing, hire
from tests.identity.company import found as found_company

TOLD = Query(
    "select topic, payload from kernel.event"
    " where org_id = :org_id and topic like 'analytics.alert%' order by seq"
)
GONE = """
    update analytics.alert
       set draft = replace(draft::text, 'orders_placed', 'gone')::jsonb, next_at = '2026-01-01Z'
"""
ORDERS = Ask(measures=["orders"], period=Period.LAST_7_DAYS)


@pytest.mark.parametrize(
    ("days", "score"),
    [
        ([10, 12, 9, 11] * 7 + [10], -0.3372),
        ([10, 12, 9, 11] * 7 + [40], 19.8978),
        ([10.0] * 28 + [10], 0.0),
        ([10.0] * 28 + [11], 99.0),
        ([10.0] * 27 + [24] + [12], 3.1915),
        ([0] * 14 + [10, 12] * 7 + [0], -7.4195),
        ([0] * 15 + [10] * 13 + [0], None),
        ([], None),
        ([5], None),
    ],
)
def test_a_day_is_held_against_the_days_before_it(
    days: list[float | None], score: float | None
) -> None:
    """The modified z-score of Iglewicz and Hoaglin; none of fewer than fourteen days."""
    assert z_score(days) == (score if score is None else pytest.approx(score, abs=1e-3))


class Watched:
    """A company whose owner of alerts is Anna."""

    def __init__(self, company: Counted, work: Work, anna: Actor) -> None:
        self.company, self.work, self.anna = company, work, anna

    async def add(self, **given: Any) -> UUID:
        values: dict[str, Any] = {"name": "Orders", "query": ORDERS, "limit": 2} | given
        async with self.company.database.transaction(self.anna) as tx:
            made = await alerts.add_alert(tx, AlertDraft(**values), now=self.company.clock.at)
        return made.id

    async def look(self, minutes: int = 61) -> list[str]:
        """What stands under Anna's bell after a look an hour later, the newest first."""
        self.company.clock.at += timedelta(minutes=minutes)
        await watch_alerts(self.work)
        await watch_alerts(self.work)
        async with self.company.database.transaction(self.anna) as tx:
            return [item.title for item in (await inbox.list_inbox(tx, limit=50)).items]

    async def events(self) -> list[tuple[str, Any]]:
        async with self.work.transaction() as tx:
            rows = await tx.records(TOLD)
        return [(row["topic"].split(".")[1], row["payload"]["value"]) for row in rows]

    async def order(self) -> Any:
        made = placed(100_00)
        await self.company.tell(made, confirmed(made))
        return made


@pytest.fixture
async def watched(database: Database, actor: Actor, settings: Any) -> Watched:
    company = Counted(database, actor)
    work = Work(company.database, resources_of(settings), actor.org_id)
    async with work.transaction() as tx:
        anna = await hire(tx, "anna", "admin", database.clock.now())
    return Watched(company, work, msgspec.structs.replace(actor, user_id=anna.id))


async def test_a_limit_is_told_once_until_it_was_kept_again(watched: Watched) -> None:
    """Threshold with re-arm, a repetition while it lasts, muting, and a history of all of it."""
    once = await watched.add()
    orders = [await watched.order() for _ in range(3)]
    assert await watched.look() == ["Orders: Orders is 3, above 2"]
    assert len(await watched.look()) == 1, "it lasts, and that was said"
    await watched.company.tell(cancelled(orders[0]), cancelled(orders[1]))
    assert (await watched.look())[0] == "Orders is back within its limit"
    async with watched.company.database.transaction(watched.anna) as tx:
        until = watched.company.clock.at + timedelta(hours=3)
        await alerts.mute_alert(tx, once, until=until, now=watched.company.clock.at)
    for _ in range(3):
        await watched.order()
    assert len(await watched.look()) == 2, "muted: kept, not said"
    again = await watched.add(name="Often", again_after_hours=2)
    assert len(await watched.look()) == 3
    assert len(await watched.look()) == 3
    assert (await watched.look())[0] == "Often: Orders is 4, above 2"
    async with watched.company.database.transaction(watched.anna) as tx:
        said = [(one.kind, one.value, one.is_told) for one in await alerts.history_of(tx, once)]
        assert [one.kind for one in await alerts.history_of(tx, again)] == ["again", "fired"]
    assert said == [("fired", 4.0, False), ("recovered", 1.0, True), ("fired", 3.0, True)]
    assert await watched.events() == [
        ("alert_fired", 3), ("alert_recovered", 1), ("alert_fired", 4), ("alert_fired", 4),
    ]  # fmt: skip


async def test_changes_and_days_unlike_the_others_are_told(watched: Watched) -> None:
    for day in range(1, 30):
        for _ in range(12 if day == 1 else 1 + day % 2):
            order = placed(50_00)
            await watched.company.tell(order, confirmed(order), at=days_ago(day), counts=False)
    await watched.company.count()
    await watched.add(name="Odd", kind="anomaly", side="either", limit=3.5)
    await watched.add(name="More", kind="change", limit=0.5)
    await watched.add(name="Less", kind="change", side="below", limit=0.5)
    found = await watched.look()
    assert sorted(title.partition(":")[0] for title in found) == ["More", "Odd"]
    assert any("12, unlike other days (z-score" in title for title in found)
    for wrong in (
        {"query": Ask(measures=["orders", "revenue"])},
        {"query": Ask(measures=["orders"], dimensions=["channel"])},
        {"query": Ask(measures=["nothing"])},
        {"query": Ask(measures=["pipeline"]), "kind": "change"},
        {"query": Ask(measures=["pipeline"]), "kind": "anomaly"},
        {"kind": "change", "limit": 0},
        {"side": "either"},
    ):
        with pytest.raises(Invalid):
            await watched.add(**wrong)


async def test_an_alert_ends_with_its_owner(watched: Watched) -> None:
    alert_id = await watched.add(limit=-1)
    async with watched.work.transaction() as tx:
        assert watched.anna.user_id is not None
        change = MemberChange(is_active=False)
        await hire(tx, "bob", "admin", watched.company.database.clock.now())
        await identity.change_member(
            tx, watched.anna.user_id, change, now=watched.company.database.clock.now()
        )
    assert await watched.look() == []
    async with watched.company.database.transaction(watched.anna) as tx:
        found = await alerts.get_alert(tx, alert_id)
        assert (found.is_active, found.stopped_because) == (False, "They may not come in.")
        assert [one.kind for one in await alerts.history_of(tx, alert_id)] == ["stopped"]
    assert await watched.events() == []


async def test_alerts_are_made_on_their_pages_and_see_what_their_owner_sees(
    database: Database, app: Litestar, settings: Any
) -> None:
    """A-ANA-6 for alerts: the same limit for a seller and an administrator."""
    company: Company = await found_company(database, database.clock.now())
    await drain(database)
    async with database.transaction(company.actor()) as tx:
        await analyse.digest(tx, now=database.clock.now())
    work = Work(database, resources_of(settings), company.org_id)
    form = {
        "ask": '{"measures":["orders_placed"],"dimensions":["channel"],"grain":"day"}',
        "name": "Orders", "kind": "threshold", "side": "above", "limit": "3", "every": "60",
    }  # fmt: skip
    places = {}
    for who in ("asha", "rina"):
        async with browsing(app, database, company, who) as window:
            shown = await window.get("/alerts/new", params={"ask": form["ask"], "title": "Orders"})
            assert "Orders placed" in shown.text
            wrong = await window.post("/alerts", data={**form, "limit": "many"})
            assert wrong.status_code == 422
            made = await window.post("/alerts", data=form)
            assert made.status_code == 303, made.text[:2000]
            places[who] = made.headers["location"]
    await watch_alerts(work)
    async with browsing(app, database, company, "asha") as asha:
        assert "Orders placed is 6, above 3" in (await asha.get("/inbox")).text
        assert "Went beyond" in (await asha.get(places["asha"])).text
        assert (await asha.post(f"{places['asha']}/mute", data={"hours": "24"})).status_code == 303
        assert "Quiet until" in (await asha.get(places["asha"])).text
        async with database.transaction(company.actor()) as tx:
            await tx.connection.execute(GONE)
        await watch_alerts(work)
        told = (await asha.get("/inbox")).text
        assert "Orders has stopped" in told and "There is no metric &#39;gone&#39;." in told
        for place in ("/alerts", places["asha"]):
            shown = await asha.get(place)
            assert shown.status_code == 200 and "gone (no longer there)" in shown.text
    async with browsing(app, database, company, "rina") as rina:
        assert "Orders placed is" not in (await rina.get("/inbox")).text
        listed = (await rina.get("/alerts")).text
        assert places["rina"] in listed and places["asha"] not in listed
        assert (await rina.get(places["asha"])).status_code == 404
        assert (await rina.post(f"{places['rina']}/removal")).status_code == 303
