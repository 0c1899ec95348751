"""Leads from files: looked at first, owners and statuses by name, and taken back."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest

from tandem.crm.sales.domain.leads import Channel, LeadDraft
from tandem.crm.sales.service import leads
from tandem.flows.lead_imports import run_import
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.identity.company import hire

AT = "/v1/lead-imports"
COUNTS = Query(
    """
    select (select count(*) from sales.lead where org_id = :org_id) as leads,
           (select count(*) from sales.lead_touch where org_id = :org_id) as touches,
           (select count(*) from sales.lead_key where org_id = :org_id) as keys,
           (select count(*) from kernel.event
             where org_id = :org_id and topic = 'sales.lead_captured.v1') as captured,
           (select count(*) from kernel.event
             where org_id = :org_id and topic = 'sales.lead_withdrawn.v1') as withdrawn
    """
)


@pytest.fixture
def work(database: Database, actor: Actor, settings: Any) -> Work:
    held = Resources()
    held.add(Blobs, Blobs(settings.blobs_url))
    return Work(database, held, actor.org_id)


async def upload(client: httpx.AsyncClient, text: str) -> dict[str, Any]:
    answer = await client.post(
        AT,
        params={"filename": "fair.csv"},
        content=text.encode(),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def step(
    client: httpx.AsyncClient, work: Work, job: dict[str, Any], verb: str, key: str = "email"
) -> dict[str, Any]:
    body = {"columns": job["mapping"], "key": key} if verb == "check" else None
    answer = await client.post(f"{AT}/{job['id']}/{verb}", json=body)
    assert answer.status_code == 201, answer.text
    await run_import(work, job["id"])
    done: dict[str, Any] = (await client.get(f"{AT}/{job['id']}")).json()
    return done


async def counts(database: Database, actor: Actor) -> tuple[int, ...]:
    async with database.transaction(actor) as tx:
        return tuple((await tx.records(COUNTS))[0])


async def by_mail(client: httpx.AsyncClient, email: str) -> dict[str, Any]:
    found = (await client.get("/v1/leads", params={"q": email})).json()["items"]
    assert len(found) == 1, found
    lead: dict[str, Any] = found[0]
    return lead


def fair(owner: str) -> list[str]:
    """120 people of a fair, one of them twice, and five lines that cannot be taken in."""
    return [
        "Full name,E-mail,Mobile,Company,Lead status,Lead owner,Tags,Budget,Campaign,Ignored",
        *(
            f"Person {n},p{n}@fair.test,98450{n:05},Cold {n},contacted,{owner},fair; hot,{n}00,"
            "diwali,x"
            for n in range(120)
        ),
        "Twice,P107@fair.test,,,,,,,,",
        "Bad,no-mail,,,,,,,,",
        ",,,,contacted,,,,,",
        "Who,w@x.test,,,Nowhere,,,,,",
        "Own,o@x.test,,,,nobody@x.test,,,,",
        "Sum,s@x.test,,,,,,lots,,",
    ]


async def test_a_file_is_checked_taken_in_and_taken_back_where_nobody_touched_it(
    client: httpx.AsyncClient, database: Database, actor: Actor, work: Work, now: datetime
) -> None:
    await client.post(
        "/v1/custom-fields",
        json={"key": "budget", "kind": "number", "label": "Budget", "target": "lead"},
    )
    async with database.transaction(actor) as tx:
        owner = (await hire(tx, "asha", "sales", now)).email
    rows = fair(owner)
    job = await upload(client, "\r\n".join(rows))
    assert job["mapping"] == {
        "Full name": "name", "E-mail": "email", "Mobile": "phone", "Company": "company_name",
        "Lead status": "status", "Lead owner": "owner", "Tags": "tags",
        "Budget": "custom.budget", "Campaign": "utm_campaign",
    }  # fmt: skip

    checked = await step(client, work, job, "check")
    assert (checked["state"], checked["done_rows"], checked["row_count"]) == ("checked", 126, 126)
    assert (checked["created"], checked["updated"], checked["failed"]) == (120, 1, 5)
    assert await counts(database, actor) == (0, 0, 0, 0, 0)
    errors = (await client.get(f"{AT}/{job['id']}/errors")).content.decode("utf-8-sig")
    told = [row[10:13] for row in csv.reader(io.StringIO(errors))][1:]
    assert told == [
        ["123", "E-mail", "email_wrong"],
        ["124", "Full name", "invalid"],
        ["125", "Lead status", "invalid"],
        ["126", "Lead owner", "invalid"],
        ["127", "Budget", "custom_field_wrong"],
    ]

    done = await step(client, work, job, "run")
    assert (done["state"], done["created"], done["updated"], done["failed"]) == ("done", 120, 1, 5)
    assert await counts(database, actor) == (120, 120, 240, 120, 0)
    one = await by_mail(client, "p3@fair.test")
    touch, owned = one["last_touch"], one["owner_id"] is not None
    assert (one["name"], one["phone"], one["status_name"], one["tags"], one["custom"], owned) == (
        "Person 3", "+919845000003", "Contacted", ["fair", "hot"], {"budget": 300}, True,
    )  # fmt: skip
    assert (touch["channel"], touch["utm_campaign"]) == ("import", "diwali")
    assert (await by_mail(client, "p107@fair.test"))["name"] == "Twice"

    await client.post(f"/v1/leads/{one['id']}/notes", json={"text": "Called"})
    changed = await by_mail(client, "p4@fair.test")
    await client.patch(f"/v1/leads/{changed['id']}", json={"city": "Pune"})
    back = await step(client, work, job, "revert")
    assert (back["state"], back["reverted"]) == ("reverted", 119)
    assert await counts(database, actor) == (2, 2, 4, 120, 118)
    refused = await client.post(f"{AT}/{job['id']}/run")
    assert (refused.status_code, refused.json()["code"]) == (409, "import_busy")
    again = await step(client, work, await upload(client, "\r\n".join(rows[:10])), "check")
    assert (again["created"], again["updated"]) == (7, 2)


async def test_a_known_lead_is_changed_by_its_key_and_is_as_before_after_the_way_back(
    client: httpx.AsyncClient, database: Database, actor: Actor, work: Work
) -> None:
    made = (
        await client.post("/v1/leads", json={"name": "Asha", "email": "asha@x.test", "tags": ["a"]})
    ).json()
    text = f"number,name,city,tags\n{made['number']},Asha Rao,Pune,vip; b2b\nL-1,Nobody,,\n"
    job = await upload(client, text)
    await step(client, work, job, "check", "number")
    done = await step(client, work, job, "run")
    assert (done["created"], done["updated"], done["failed"]) == (0, 1, 1)
    now = (await client.get(f"/v1/leads/{made['id']}")).json()
    assert (now["name"], now["city"], now["tags"]) == ("Asha Rao", "Pune", ["vip", "b2b"])
    await step(client, work, job, "revert")
    back = (await client.get(f"/v1/leads/{made['id']}")).json()
    assert (back["name"], back["city"], back["tags"]) == ("Asha", "", ["a"])

    text = "name,email,city\nSomebody,asha@x.test,Goa\nNew,new@x.test,Goa\n"
    job = await upload(client, text)
    await step(client, work, job, "check", "")
    done = await step(client, work, job, "run")
    assert (done["created"], done["updated"]) == (1, 1)
    now = (await client.get(f"/v1/leads/{made['id']}")).json()
    assert (now["name"], now["city"], now["touch_count"]) == ("Asha", "Goa", 2)
    await outbox.drain(database)
    back = await step(client, work, job, "revert")
    assert (back["reverted"], (await counts(database, actor))[0]) == (2, 1)
    await outbox.drain(database)
    left = (await client.get(f"/v1/leads/{made['id']}")).json()
    assert (left["city"], left["touch_count"]) == ("", 2)


async def test_one_kind_of_import_never_shows_in_another(client: httpx.AsyncClient) -> None:
    job = await upload(client, "name,email\nA,a@x.test\n")
    assert (await client.get(f"/v1/customer-imports/{job['id']}")).status_code == 404
    assert (await client.get("/v1/customer-imports")).json() == []
    assert [one["id"] for one in (await client.get(AT)).json()] == [job["id"]]
    page = await client.get("/leads/import")
    assert page.status_code == 200 and "fair.csv" in page.text
    mapped = await client.get(f"/leads/import/{job['id']}")
    assert "Owner (their e-mail)" in mapped.text
    sent = {"column_0": "name", "column_1": "email", "key": "email"}
    checked = await client.post(f"/leads/import/{job['id']}/check", data=sent)
    assert checked.status_code == 303
    assert "Looking" in (await client.get(f"/leads/import/{job['id']}")).text


CROWD = [
    "Asha,a@x.test,9845010001,Tea,fair",
    "Asha again,A@x.test,,,stall",
    "Her mother,m@x.test,98450 10001,,fair",
    "Known,k@x.test,9845010002,,",
    "New phone of hers,k@x.test,9845010003,Rao & Co,",
    ",,9845010003,,",
    "By phone alone,,9845010004,,",
    "With a mail now,w@x.test,9845010004,,",
    "No address,,,,",
    "No address,,,,",
    "Wrong,nowhere,,,",
]
FIRST = Query(
    """
    select l.name, l.company_name, l.email, l.phone, l.source, l.tags, l.touch_count,
           l.first_touch ->> 'source' as first, l.last_touch ->> 'source' as last,
           array(select kind || ' ' || value from sales.lead_key k
                  where k.org_id = :org_id and k.lead_id = l.id order by 1) as keys,
           (select count(*) from kernel.event e
             where e.org_id = :org_id and e.topic = 'sales.lead_captured.v1'
               and e.key = l.id::text) as told
      from sales.lead l
     where l.org_id = :org_id
     order by l.id
    """
)


async def test_a_file_makes_the_same_leads_as_its_rows_one_by_one(
    client: httpx.AsyncClient, database: Database, actor: Actor, work: Work, now: datetime
) -> None:
    """New people are written at once; who is known, or twice in the file, is found all the same."""
    known = LeadDraft(name="Kamala", email="k@x.test")
    async with database.transaction(actor) as tx:
        await leads.add_lead(tx, known, now=now)
    head = "name,email,phone,company,lead source\n"
    job = await upload(client, head + "\n".join(CROWD))
    await step(client, work, job, "check", key="")
    done = await step(client, work, job, "run", key="")
    assert (done["created"], done["updated"], done["failed"]) == (6, 4, 1)

    alone = Actor.system(uuid4())
    async with database.transaction(alone) as tx:
        await leads.add_lead(tx, known, now=now)
        for name, email, phone, company, source in (row.split(",") for row in CROWD[:-1]):
            draft = LeadDraft(
                name=name, email=email, phone=phone, company_name=company, source=source
            )
            await leads.add_lead(tx, draft, channel=Channel.IMPORT, now=now)
    async with database.transaction(alone) as tx:
        expected = [tuple(row) for row in await tx.records(FIRST)]
    async with database.transaction(actor) as tx:
        assert [tuple(row) for row in await tx.records(FIRST)] == expected
