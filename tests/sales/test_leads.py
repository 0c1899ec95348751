"""Leads: one for each person, however often and by whatever way they come."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tandem.crm.sales.domain.leads import Channel, LeadChange, LeadDraft, LeadExists, NewTouch
from tandem.crm.sales.service import leads
from tandem.crm.sales.service.capturing import capture
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query

COUNT = Query("select count(*) from sales.lead where org_id = :org_id")
TOLD = Query("select topic, payload from kernel.event where org_id = :org_id order by seq")


async def take(database: Database, actor: Actor, now: datetime, **given: Any) -> Any:
    async with database.transaction(actor) as tx:
        return await capture(tx, LeadDraft(**given), channel=Channel.FORM, now=now)


async def test_whoever_comes_twice_is_one_lead_with_two_touches(
    database: Database, actor: Actor, now: datetime
) -> None:
    first = await take(
        database, actor, now, name="Meera Nair", email="Meera@Example.com",
        touch=NewTouch(utm_source="google", utm_medium="cpc", referrer="https://google.com/"),
    )  # fmt: skip
    again = await take(
        database, actor, now, name="M. Nair", email=" meera@example.COM", company_name="Nair & Co",
        phone="98450 12345", touch=NewTouch(utm_source="newsletter"),
    )  # fmt: skip
    assert first.is_new and not again.is_new
    lead = again.lead
    assert (lead.id, lead.name, lead.company_name) == (first.lead.id, "Meera Nair", "Nair & Co")
    assert (lead.email, lead.phone, lead.touch_count) == ("meera@example.com", "+919845012345", 2)
    assert lead.first_touch["utm_source"] == "google"
    assert lead.last_touch["utm_source"] == "newsletter"
    by_phone = await take(database, actor, now, phone="+919845012345")
    assert by_phone.lead.id == lead.id
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1
        marks = [one.utm_source for one in await leads.list_touches(tx, lead.id)]
        told = await tx.records(TOLD)
    assert marks == ["google", "newsletter", ""]
    captured = [row["payload"]["is_new"] for row in told if row["topic"].endswith("captured.v1")]
    assert captured == [True, False, False]
    assert all("meera" not in str(row["payload"]).lower() for row in told)


async def test_a_shared_phone_with_another_e_mail_is_another_person(
    database: Database, actor: Actor, now: datetime
) -> None:
    one = await take(database, actor, now, email="a@example.com", phone="9845012345")
    other = await take(database, actor, now, email="b@example.com", phone="9845012345")
    assert other.is_new and other.lead.id != one.lead.id
    again = await take(database, actor, now, phone="9845012345")
    assert again.lead.id == one.lead.id


async def test_forms_of_one_person_sent_at_the_same_moment_make_one_lead(
    database: Database, actor: Actor, now: datetime
) -> None:
    sent = [take(database, actor, now, email="rush@example.com") for _ in range(12)]
    found = await asyncio.gather(*sent)
    assert len({one.lead.id for one in found}) == 1
    assert sum(one.is_new for one in found) == 1
    async with database.transaction(actor) as tx:
        assert (await leads.get_lead(tx, found[0].lead.id)).touch_count == 12


async def test_an_e_mail_that_is_another_leads_is_refused_and_nothing_changes(
    database: Database, actor: Actor, now: datetime
) -> None:
    one = await take(database, actor, now, email="one@example.com")
    await take(database, actor, now, email="two@example.com")
    with pytest.raises(LeadExists):
        async with database.transaction(actor) as tx:
            change = LeadChange(email="two@example.com", name="Other")
            await leads.update_lead(tx, one.lead.id, change, now=now)
    async with database.transaction(actor) as tx:
        kept = await leads.get_lead(tx, one.lead.id)
        assert (kept.email, kept.name, kept.version) == ("one@example.com", "", one.lead.version)
        await leads.update_lead(tx, one.lead.id, LeadChange(email="new@example.com"), now=now)
    free = await take(database, actor, now, email="one@example.com")
    assert free.is_new
