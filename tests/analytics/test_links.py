"""A-ANA-15: numbers under a link show what was locked into it, and nothing once it has ended."""

import hashlib
import re
from html import unescape
from typing import Any

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.crm.analytics.domain.links import LinkDraft, digest_of
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.analytics.givens import NOON, Counted, Still, confirmed, days_ago, placed
from tests.givens import visitor
from tests.identity.at_work import at_work, hire

DAYS: dict[str, Any] = {"from_on": "2026-11-01", "to_on": "2026-11-22"}
SITE = "https://wall.example.test"


@pytest.fixture
async def company(database: Database, actor: Actor) -> Counted:
    """₹100.50 by the web, ₹777.25 over the counter."""
    database.clock = Still(NOON)
    made = Counted(database, actor)
    for channel, minor in (("web", 100_50), ("counter", 777_25)):
        order = placed(minor, channel=channel)
        await made.tell(order, confirmed(order), at=days_ago(2), counts=False)
    await made.count()
    return made


async def _made(who: httpx.AsyncClient, **draft: Any) -> dict[str, Any]:
    answer = await who.post("/v1/report-links", json=draft)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_link_shows_what_was_locked_into_it_and_a_changed_one_nothing(
    app: Litestar, company: Counted
) -> None:
    _, email = await hire(company.database, company.actor.org_id, "analyst")
    locked = {"dashboard": "sales", "looking": {**DAYS, "only": "web"}, "title": "The web shop"}
    async with at_work(app, email) as ravi, visitor(app) as anybody:
        link = await _made(ravi, **locked, allowed_origins=[SITE + "/"])
        shown = await anybody.get(link["path"])
        assert shown.status_code == 200, shown.text
        assert "The web shop" in shown.text and "₹100.50" in shown.text
        assert "777" not in shown.text and "/explore/rows" not in shown.text
        policy = shown.headers["content-security-policy"]
        assert f"frame-ancestors 'self' {SITE};" in f"{policy};"
        assert "x-frame-options" not in shown.headers

        plain = await _made(ravi, **{**locked, "looking": DAYS})
        whole = await anybody.get(plain["path"])
        assert "777" in whole.text and "frame-ancestors 'self'" in str(whole.headers)
        assert whole.headers["x-frame-options"]

        token = link["path"].removeprefix("/embed/")
        other = plain["path"].removeprefix("/embed/")
        changed = [
            f"{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}"
            for place in (0, 10, 30, 45, 60, len(token) - 8)
        ]
        swapped = [token[:40] + other[40:], other[:56] + token[56:], "x", "%00", token + token]
        for wrong in (*changed, *swapped):
            refused = await anybody.get(f"/embed/{wrong}")
            assert refused.status_code == 403, wrong
            assert "₹" not in refused.text
        for more in ("only=counter", "only=", "period=last_365_days", "filters={}", "org=1"):
            assert (await anybody.get(f"{link['path']}?{more}")).status_code == 403


STEPS = [{"event": "order_placed"}, {"event": "order_confirmed"}]
AGAIN = {"begins": STEPS[0], "returns": STEPS[0], "periods": 2, **DAYS}


async def test_a_funnel_and_cohorts_are_shown_too_and_open_nothing(
    app: Litestar, company: Counted
) -> None:
    """ANA-20: their steps and days are as locked as a dashboard's filter."""
    _, email = await hire(company.database, company.actor.org_id, "analyst")
    narrow = [STEPS[0] | {"where": {"field": "channel", "op": "is", "value": "web"}}, STEPS[1]]
    async with at_work(app, email) as ravi, visitor(app) as anybody:
        for draft, said in (
            ({"funnel": {"steps": STEPS, **DAYS}}, "2 of 2 people"),
            ({"funnel": {"steps": narrow, **DAYS}}, "1 of 1 people"),
            ({"retention": AGAIN}, "how many came back"),
        ):
            shown = await anybody.get((await _made(ravi, **draft))["path"])
            assert shown.status_code == 200 and said in shown.text, draft
            assert "/people" not in shown.text and "/explore" not in shown.text
        page = (await ravi.get("/funnels", params={"period": "last_30_days"})).text
        taken = unescape(re.findall(r'name="draft" value="([^"]+)"', page)[-1])
        assert (await ravi.post("/report-links", data={"draft": taken})).status_code == 303
        (newest, *_) = (await ravi.get("/v1/report-links")).json()["items"]
        assert newest["draft"]["funnel"]["as_of"] is None and newest["draft"]["title"] == "Funnel"
        for wrong in (
            {},
            {"funnel": {"steps": STEPS}, "retention": AGAIN},
            {"funnel": {"steps": STEPS[:1]}},
            {"funnel": {"steps": [STEPS[0], {"event": "nothing"}]}},
            {"retention": AGAIN, "looking": DAYS},
        ):
            refused = await ravi.post("/v1/report-links", json=wrong)
            assert refused.status_code in (400, 422), wrong
    old = {"dashboard": "sales", "days": 30, "allowed_origins": [], "title": ""}
    old |= {"query": None, "looking": None}
    signed = hashlib.sha256(msgspec.json.encode(old, order="sorted")).digest()
    assert signed.startswith(digest_of(LinkDraft(dashboard="sales"))), "older links go on working"


async def test_an_ended_or_revoked_link_and_one_of_who_may_no_more_show_nothing(
    app: Litestar, company: Counted
) -> None:
    org_id, now = company.actor.org_id, company.clock.at
    ravi_id, email = await hire(company.database, org_id, "analyst")
    _, others = await hire(company.database, org_id, "finance", "Meera")
    question = {"measures": ["revenue"], "dimensions": ["channel"], **DAYS}
    async with (
        at_work(app, email) as ravi,
        at_work(app, others) as meera,
        visitor(app) as anybody,
    ):
        first, second = [await _made(ravi, query=question, days=days) for days in (1, 366)]
        assert "₹777.25" in (await anybody.get(first["path"])).text
        assert (await meera.post("/v1/report-links", json={"query": question})).status_code == 403
        gone = f"/v1/report-links/{first['id']}"
        assert (await meera.delete(gone)).status_code == 403
        assert (await meera.get("/v1/report-links")).json()["items"] == []
        revoked = await ravi.delete(gone)
        assert (revoked.status_code, revoked.json()["path"]) == (200, "")
        assert (await anybody.get(first["path"])).status_code == 403

        form = {"draft": '{"dashboard":"orders","looking":{"period":"last_7_days"}}', "days": "2"}
        made = await ravi.post("/report-links", data=form)
        assert made.status_code == 303
        (third, *_) = (await ravi.get("/v1/report-links")).json()["items"]
        page = (await ravi.get("/dashboards/orders")).text
        assert third["path"] in page and "Links to this dashboard" in page
        assert (await anybody.get(third["path"])).status_code == 200
        removal = f"/report-links/{third['id']}/removal"
        assert (await ravi.post(removal)).status_code == 303
        assert (await anybody.get(third["path"])).status_code == 403
        wrong = await ravi.post("/report-links", data=form | {"allowed_origins": "javascript:1"})
        assert (wrong.status_code, "Write an origin" in wrong.text) == (422, True)

        assert (await anybody.get(second["path"])).status_code == 200
        async with company.database.transaction(Actor.system(org_id)) as tx:
            await identity.change_member(tx, ravi_id, MemberChange(role_keys=["support"]), now=now)
        assert (await anybody.get(second["path"])).status_code == 403
        async with company.database.transaction(Actor.system(org_id)) as tx:
            await identity.change_member(tx, ravi_id, MemberChange(role_keys=["analyst"]), now=now)
        assert (await anybody.get(second["path"])).status_code == 200
        assert isinstance(app.state.database.clock, Still)
        app.state.database.clock.at = NOON.replace(year=2027, day=24)
        assert (await anybody.get(second["path"])).status_code == 403


async def test_links_are_looked_at_only_so_often(app: Litestar) -> None:
    async with visitor(app) as anybody:
        answers = [(await anybody.get("/embed/guess")).status_code for _ in range(200)]
    assert answers[:60] == [403] * 60 and 429 in answers
