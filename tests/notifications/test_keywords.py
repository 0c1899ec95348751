"""STOP, START and HELP that people write to a company's numbers: heard, obeyed, answered once."""

import json
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft, NewCustomer
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.notifications.domain.keywords import keyword_of
from tandem.crm.notifications.domain.providers import Kind, Provider
from tandem.crm.notifications.domain.reports import Report, What
from tandem.crm.notifications.gateways.twilio import sign
from tandem.crm.notifications.service import reports
from tandem.kernel.db import Query
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers.events import whatsapp_change, whatsapp_inbound
from tests.notifications.givens import BASE, EMAIL, Post
from tests.notifications.reporting import sent, sent_chat
from tests.notifications.test_carrying import add

ANSWERS = Query(
    """
    select template as words from notifications.message
     where org_id = :org_id and template like 'text_%' order by id
    """
)


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        *((text, "stop") for text in ("STOP", " stop. ", "Stop all", "UNSUBSCRIBE", "Opt-out")),
        ("Stop promotions", "stop"),
        *((text, "start") for text in ("Start", "UNSTOP")),
        *((text, "help") for text in ("help!", "INFO")),
        *((text, None) for text in ("YES", "please stop the order", "don't stop", "")),
        ("stop" + " " * 60, None),
    ],
)
def test_a_keyword_stands_alone(text: str, keyword: str | None) -> None:
    assert keyword_of(text) == keyword


GRANTED = {"marketing email": "granted", "marketing sms": "granted", "news sms": "granted"}
ENDED = {**GRANTED, "marketing sms": "withdrawn", "news sms": "withdrawn"}


class Texting:
    """Asha, who agreed to much, and what she writes to a number of the company at Twilio."""

    def __init__(self, post: Post, vendor: httpx.AsyncClient, ours: Provider, asha: UUID) -> None:
        self.post, self.vendor, self.ours, self.asha = post, vendor, ours, asha

    async def write(
        self, text: str, sid: str, *, by: Provider | None = None, phone: str = "", **more: str
    ) -> None:
        self.post.hands.advance(seconds=1)
        to = (by or self.ours).id
        path = f"/v1/provider-callbacks/twilio/{self.post.work.org_id}/{to}"
        whose = {"MessageSid": sid, "From": phone or self.post.phone, "To": "+1500"}
        form = {**whose, "Body": text, **more}
        signed = sign("sandbox_auth_token", f"{BASE}{path}", form)
        answer = await self.vendor.post(
            path, content=urlencode(form), headers={"x-twilio-signature": signed}
        )
        assert (answer.status_code, answer.text) == (
            200,
            '<?xml version="1.0" encoding="UTF-8"?><Response/>',
        )
        assert answer.headers["content-type"].startswith("text/xml")
        await drain(self.post.work.database)

    async def standing(self, whose: UUID | None = None) -> dict[str, str]:
        async with self.post.work.transaction() as tx:
            found = await customers.list_consents(tx, whose or self.asha)
        return {f"{one.purpose} {one.channel}": one.state for one in found}

    async def decide(self, whose: UUID, purpose: str, way: str, is_granted: bool) -> None:
        told = {"purpose": purpose, "channel": way, "is_granted": is_granted, "source": "test"}
        async with self.post.work.transaction() as tx:
            await customers.record_consent(
                tx, whose, msgspec.convert(told, NewConsent), now=self.post.work.now()
            )

    async def said(self) -> list[str]:
        async with self.post.work.transaction() as tx:
            return [row["words"] for row in await tx.records(ANSWERS)]


async def texting(post: Post, vendor: httpx.AsyncClient) -> Texting:
    ours = await add(post, Kind.TWILIO, rank=2, values={"answers": "tandem"})
    async with post.work.transaction() as tx:
        draft = CustomerDraft(name="Asha", phone=post.phone, email=EMAIL)
        (asha,) = await customers.find_or_add(tx, [draft], now=post.work.now())
    made = Texting(post, vendor, ours, asha.id)
    for known in GRANTED:
        purpose, way = known.split()
        await made.decide(asha.id, purpose, way, True)
    return made


async def test_stop_and_start_by_message_change_consent_and_are_answered_once(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    plain = await add(post, Kind.TWILIO)
    asha = await texting(post, vendor)
    await asha.write("Please stop by on Sunday", "SM0")
    assert await asha.standing() == GRANTED
    await asha.write("Stop", "SM1")
    assert await asha.standing() == ENDED
    for again in ("SM1", "SM2"):
        await asha.write("STOP", again)
    await asha.write("Start", "SM3", by=plain)
    told = (await asha.standing(), await asha.said())
    assert told == (GRANTED, ["text_stopped"]), "Twilio says the rest"
    await asha.write("STOP", "SM4", OptOutType="STOP")
    await asha.write("STOP", "SM1")
    assert (await asha.standing(), await asha.said()) == (ENDED, ["text_stopped"])
    await asha.write("UNSTOP", "SM5")
    await asha.write("HELP", "SM6")
    assert await asha.said() == ["text_stopped", "text_resumed", "text_help"]

    await asha.decide(asha.asha, "news", "sms", False)
    await asha.write("start", "SM7")
    left = (await asha.standing())["news sms"]
    assert left == "withdrawn", "START takes back what STOP ended alone"


async def test_a_stop_that_the_carrier_heard_alone_is_learnt_from_its_refusal(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    await add(post, Kind.TWILIO)
    asha = await texting(post, vendor)
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    detail = "The gateway reports error 21610."
    refused = Report(key="r", what=What.FAILED, at=None, message_id=message_id, detail=detail)
    async with post.work.transaction() as tx:
        assert await reports.apply_report(tx, message_id, refused, now=post.work.now())
    assert await asha.standing() == GRANTED
    await drain(post.work.database)
    assert await asha.standing() == ENDED
    await asha.write("start", "SM1")
    assert await asha.standing() == GRANTED


async def test_a_word_counts_for_everybody_who_has_the_number_and_for_nobody_known(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    asha = await texting(post, vendor)
    async with post.work.transaction() as tx:
        also = {"name": "Ravi", "phones": [{"value": post.phone}], "allow_duplicate": True}
        ravi = await customers.add_customer(
            tx, msgspec.convert(also, NewCustomer), now=post.work.now()
        )
    await asha.decide(ravi.id, "marketing", "sms", True)
    for text, sid, state in (("STOP", "SM1", "withdrawn"), ("START", "SM2", "granted")):
        await asha.write(text, sid)
        both = [(await asha.standing(one))["marketing sms"] for one in (asha.asha, ravi.id)]
        assert both == [state, state]

    stranger = f"{post.phone[:-1]}{(int(post.phone[-1]) + 1) % 10}"
    for text, sid, reason in (("quit", "SM8", "unsubscribed"), ("start", "SM9", None)):
        await asha.write(text, sid, phone=stranger)
        async with post.work.transaction() as tx:
            held = await customers.find_suppression(tx, "sms", stranger)
        assert (held.reason if held else None) == reason


@pytest.mark.parametrize(("kind", "way"), [(Kind.MSG91, "sms"), (Kind.WHATSAPP, "whatsapp")])
async def test_stop_is_heard_by_every_way_that_people_can_write(
    post: Post, vendor: httpx.AsyncClient, kind: Kind, way: str
) -> None:
    one = await sent_chat(post) if kind is Kind.WHATSAPP else await sent(post, kind)
    now = post.work.now()
    async with post.work.transaction() as tx:
        (asha,) = await customers.find_or_add(
            tx, [CustomerDraft(name="Asha", phone=post.phone)], now=now - timedelta(hours=2)
        )
        for channel in ("sms", "whatsapp"):
            yes = {"purpose": "marketing", "channel": channel, "is_granted": True, "source": "x"}
            agreed = msgspec.convert(yes, NewConsent)
            await customers.record_consent(tx, asha.id, agreed, now=now - timedelta(hours=1))
    bodies = {
        Kind.MSG91: json.dumps(
            {"sender": "NILGIR", "number": post.phone[3:], "content": "STOP", "id": "7"}
        ).encode(),
        Kind.WHATSAPP: whatsapp_inbound(post.phone, "Stop promotions"),
    }
    for _ in range(2):
        assert await one.tell(vendor, "", body=bodies[kind]) == 200
    async with post.work.transaction() as tx:
        found = await customers.list_consents(tx, asha.id)
        answers = [row["words"] for row in await tx.records(ANSWERS)]
    ended = [consent.channel for consent in found if consent.state == "withdrawn"]
    assert (ended, answers) == ([way], ["text_stopped"])


async def test_of_stop_and_start_that_come_late_the_one_that_was_said_last_counts(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent_chat(post)
    now = post.work.now()
    async with post.work.transaction() as tx:
        (asha,) = await customers.find_or_add(
            tx, [CustomerDraft(name="Asha", phone=post.phone)], now=now - timedelta(hours=2)
        )
        yes = {"purpose": "marketing", "channel": "whatsapp", "is_granted": True, "source": "x"}
        agreed = msgspec.convert(yes, NewConsent)
        await customers.record_consent(tx, asha.id, agreed, now=now - timedelta(hours=1))
    stood = []
    for text, minutes in (("Stop", 20), ("Start", 30), ("Start", 10), ("Stop", 15), ("Stop", 5)):
        at = str(int((now - timedelta(minutes=minutes)).timestamp()))
        message = {"from": post.phone[1:], "id": f"wamid.{minutes}", "timestamp": at}
        said = {**message, "type": "text", "text": {"body": text}}
        body = msgspec.json.encode(whatsapp_change({"messages": [said]}))
        assert await one.tell(vendor, "", body=body) == 200
        async with post.work.transaction() as tx:
            [consent] = await customers.list_consents(tx, asha.id)
        stood.append(consent.state)
    assert stood == ["withdrawn", "withdrawn", "granted", "granted", "withdrawn"]
