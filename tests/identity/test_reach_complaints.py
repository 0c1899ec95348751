"""Whose complaints somebody sees and works on: their own, and those of the customers they reach."""

from datetime import datetime
from uuid import UUID

import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import Role
from tandem.kernel.db import Database
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import Complaint, Links, NewComplaint
from tandem.scm.support.domain.statuses import Channel, Origin
from tests.identity.company import Company, browsing, change, found


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    return await found(database, now)


async def complaints_of(
    database: Database, company: Company, now: datetime
) -> dict[str, Complaint]:
    """One of each customer, and one of nobody's that Rina works on."""
    async with database.transaction(company.actor()) as tx:
        made = {
            who: await support.open_complaint(
                tx, _draft(who, customer_id), origin=Origin.STAFF, now=now
            )
            for who, customer_id in company.customers.items()
        }
        desk = await support.open_complaint(tx, _draft("desk", None), origin=Origin.STAFF, now=now)
        made["desk"] = await support.assign(
            tx,
            complaint_id=desk.id,
            assignee_id=company.people["rina"].id,
            assignee_name="Rina",
            origin=Origin.STAFF,
            now=now,
        )
    return made


def _draft(who: str, customer_id: UUID | None) -> NewComplaint:
    return NewComplaint(
        category="other",
        subject=f"Kestrel of {who} is unhappy",
        channel=Channel.PHONE,
        links=Links(customer_id=customer_id),
        body="It came late.",
    )


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        ("own", {"rina", "desk"}),
        ("team", {"rina", "raj", "team", "desk"}),
        ("all", {"rina", "raj", "sam", "nobody", "west", "team", "desk"}),
    ],
)
async def test_each_scope_reaches_exactly_its_complaints_by_every_way(
    app: Litestar, database: Database, company: Company, now: datetime, scope: str, whose: set[str]
) -> None:
    made = await complaints_of(database, company, now)
    suffix = "" if scope == "all" else f"@{scope}"
    async with database.transaction(company.actor()) as tx:
        grants = [f"support.read{suffix}", f"support.write{suffix}"]
        role = Role(key=f"care_{scope}", name="Care", grants=grants)
        await identity.add_role(tx, role, now=now)
    await change(company, database, "rina", now, role_keys=[role.key])
    async with browsing(app, database, company, "rina") as browser:
        newest = (await browser.get("/v1/complaints")).json()["items"]
        by_clock = (await browser.get("/v1/complaints?sort=due")).json()["items"]
        counts = (await browser.get("/v1/complaints/counts")).json()
        ways = {
            who: [
                (await browser.get(f"/v1/complaints/{one.id}{way}")).status_code
                for way in ("", "/messages", "/files", "/history")
            ]
            for who, one in made.items()
        }
        said = {
            who: (
                await browser.post(f"/v1/complaints/{one.id}/messages", json={"body": "We look."})
            ).status_code
            for who, one in made.items()
        }
    wanted = {str(made[who].id) for who in whose}
    assert {row["id"] for row in newest} == {row["id"] for row in by_clock} == wanted
    assert max(row["unsettled"] for row in counts["items"]) == len(whose)
    assert ways == {who: [200 if who in whose else 404] * 4 for who in made}
    assert said == {who: 201 if who in whose else 404 for who in made}


async def test_who_reads_widely_and_writes_narrowly_opens_complaints_for_their_own_alone(
    app: Litestar, database: Database, company: Company, now: datetime
) -> None:
    made = await complaints_of(database, company, now)
    async with database.transaction(company.actor()) as tx:
        grants = ["support.read", "support.write@own"]
        await identity.add_role(tx, Role(key="narrow", name="Narrow", grants=grants), now=now)
    await change(company, database, "rina", now, role_keys=["narrow"])
    async with browsing(app, database, company, "rina") as browser:
        refused = await browser.post(
            f"/v1/complaints/{made['sam'].id}/messages", json={"body": "Hello"}
        )
        assert (refused.status_code, refused.json()["reason"]) == (403, "out_of_reach")
    async with database.transaction(company.actor()) as tx:
        assert len(await support.list_messages(tx, made["sam"].id)) == 1
