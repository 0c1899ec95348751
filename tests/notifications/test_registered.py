"""Texts to India leave as they were registered, to the character, or not at all (A-NOT-9)."""

import time
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Channel, Lane, State
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.policy import SendAsk
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.domain.registered import (
    INDIAN_TIME,
    Header,
    NewRegisteredText,
    NewRegistration,
    Registry,
    Verdict,
    match,
)
from tandem.crm.notifications.domain.texts import segments
from tandem.crm.notifications.service import registered
from tandem.flows.send_policy import decide
from tests.notifications.givens import Post
from tests.notifications.test_carrying import add, queued

ENTITY = "1101160000000000001"
TEMPLATE = "1107160000000000001"
BODY = "Nilgiri Teas: order {#var#} is on its way. Track it: {#var#}"
GOOD = "Nilgiri Teas: order SO-1001 is on its way. Track it: http://s.test/t/1"
REGISTRATION = {
    "entity_id": ENTITY,
    "headers": [
        {"header": "NILGIR"},
        {"header": "600123", "category": "promotional"},
    ],
}
TEXT = {
    "registry": "dlt",
    "template_id": TEMPLATE,
    "name": "flow_1",
    "header": "NILGIR",
    "category": "service_implicit",
    "body": BODY,
}


async def check(client: httpx.AsyncClient, text: str, **more: str) -> dict[str, Any]:
    asked = {"text": text, "phone": "+919876543210", **more}
    answer = await client.post("/v1/dlt-checks", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def registered_company(client: httpx.AsyncClient) -> None:
    assert (await client.put("/v1/dlt-registration", json=REGISTRATION)).status_code == 200
    for more in (
        {},
        {
            "template_id": TEMPLATE[:-1] + "2",
            "category": "promotional",
            "header": "600123",
            "body": "Sale: {#var#} off till {#var#}",
        },
        {
            "template_id": TEMPLATE[:-1] + "3",
            "category": "service_implicit",
            "header": "600123",
            "body": "Your points: {#var#}",
        },
    ):
        made = await client.post("/v1/registered-texts", json=TEXT | more)
        assert made.status_code == 201, made.text


async def test_a_text_fits_to_the_character_or_is_shown_how_it_differs(
    client: httpx.AsyncClient,
) -> None:
    await registered_company(client)
    good = (await check(client, GOOD))["verdict"]
    assert (good["is_allowed"], good["template_id"], good["header"], good["variables"]) == (
        True,
        TEMPLATE,
        "NILGIR",
        ["SO-1001", "http://s.test/t/1"],
    )
    bad = (await check(client, GOOD.replace("its way.", "its way!")))["verdict"]
    assert (bad["is_allowed"], bad["reason"], bad["template_id"]) == (
        False,
        "text_differs",
        TEMPLATE,
    )
    changed = [piece for piece in bad["diff"] if piece["op"] in {"extra", "missing"}]
    assert changed == [{"op": "missing", "text": "."}, {"op": "extra", "text": "!"}]
    long = (await check(client, GOOD.replace("SO-1001", "x" * 31)))["verdict"]
    assert (long["is_allowed"], long["reason"]) == (False, "variable_too_long")
    assert "31 characters, 30 are allowed" in long["detail"]
    assert (await check(client, GOOD.replace("SO-1001", "x" * 30)))["verdict"]["is_allowed"]
    two = TEXT | {"template_id": TEMPLATE[:-1] + "9", "body": "Hi {#var#},\r\n\r\nYours \n"}
    assert (await client.post("/v1/registered-texts", json=two)).status_code == 201
    for text, fits in (
        ("Hi Asha,\n\nYours", True),
        ("Hi Asha,\r\n\r\nYours", True),
        ("Hi Asha,\nYours", False),
        ("Hi Asha,  Yours", False),
        ("Hi  Asha,\n\nYours", True),
        ("HI Asha,\n\nYours", False),
    ):
        assert (await check(client, text))["verdict"]["is_allowed"] is fits, text


@pytest.mark.parametrize(
    ("text", "purpose", "reason"),
    [
        ("Sale: 20% off till Sunday", "service", "category_wrong"),
        (GOOD, "marketing", "category_wrong"),
        ("Your points: 120", "service", "header_wrong"),
        ("Sale: 20% off till Sunday", "marketing", ""),
        ("Something else", "service", "text_differs"),
    ],
)
async def test_category_and_header_have_to_fit_too(
    client: httpx.AsyncClient, text: str, purpose: str, reason: str
) -> None:
    await registered_company(client)
    verdict = (await check(client, text, purpose=purpose))["verdict"]
    assert (verdict["reason"], verdict["is_allowed"]) == (reason, not reason)


async def test_it_is_asked_for_india_only_and_where_the_company_is_registered(
    client: httpx.AsyncClient,
) -> None:
    free = (await check(client, "Anything"))["verdict"]
    assert (free["is_needed"], free["is_allowed"]) == (False, True)
    await client.put("/v1/dlt-registration", json={"entity_id": ENTITY})
    assert (await check(client, "Anything"))["verdict"]["reason"] == "no_template"
    abroad = (await check(client, "Anything", phone="+14155550100"))["verdict"]
    assert (abroad["is_needed"], abroad["is_allowed"]) == (False, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"template_id": "123"}, "template_id"),
        ({"header": "OTHERS"}, "header"),
        ({"header": ""}, "header"),
        ({"category": "utility"}, "category"),
        ({"body": "{#var#}" * 21}, "body"),
        ({"registry": "whatsapp", "category": "utility", "template_id": "Big"}, "template_id"),
    ],
)
async def test_what_no_registry_has_is_refused(
    client: httpx.AsyncClient, change: dict[str, str], field: str
) -> None:
    await client.put("/v1/dlt-registration", json=REGISTRATION)
    refused = await client.post("/v1/registered-texts", json=TEXT | change)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert (await client.get("/v1/registered-texts")).json() == []


async def test_an_entity_id_has_nineteen_digits(client: httpx.AsyncClient) -> None:
    for wrong in ("110116000000000000", "110116000000000000x", "", "1\u0000"):
        refused = await client.put("/v1/dlt-registration", json={"entity_id": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "entity_id")
    assert (await client.get("/v1/dlt-registration")).status_code == 404


async def test_a_registered_text_is_changed_by_version_and_kept_once(
    client: httpx.AsyncClient,
) -> None:
    await client.put("/v1/dlt-registration", json=REGISTRATION)
    made = (await client.post("/v1/registered-texts", json=TEXT)).json()
    again = await client.post("/v1/registered-texts", json=TEXT)
    assert (again.status_code, again.json()["code"]) == (409, "registered_text_taken")
    path = f"/v1/registered-texts/{made['id']}"
    changed = await client.put(path, json=TEXT | {"name": "flow_2"}, headers={"if-match": '"1"'})
    assert (changed.json()["name"], changed.headers["etag"]) == ("flow_2", '"2"')
    stale = await client.put(path, json=TEXT, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_text_that_is_not_registered_never_reaches_a_provider(post: Post) -> None:
    provider = await add(post, Kind.MSG91)
    async with post.work.transaction() as tx:
        await registered.save_registration(
            tx, NewRegistration(entity_id=ENTITY), now=post.work.now()
        )
    (message_id,) = await post.queue(email=None, phone=post.phone)
    await post.carry(message_id)
    message = await post.read(message_id)
    assert (message.state, message.error[:16]) == (State.FAILED, "DLT, no_template")
    assert post.mailbox("sms") == []
    async with post.work.transaction() as tx:
        assert (await registered.list_texts(tx)) == []
    assert provider.failures == 0


async def test_a_registered_text_carries_entity_header_and_template_to_the_carrier(
    post: Post,
) -> None:
    await add(post, Kind.MSG91)
    message = await queued(post, Channel.SMS)
    words = message.text.replace("https://this.site.invalid", "http://shop.test")
    body = words.replace("SO-1001", "{#var#}")
    async with post.work.transaction() as tx:
        now = post.work.now()
        new = NewRegistration(entity_id=ENTITY, headers=[Header(header="NILGIR")])
        await registered.save_registration(tx, new, now=now)
        await registered.add_text(
            tx,
            NewRegisteredText(
                registry=Registry.DLT,
                template_id=TEMPLATE,
                name="flow_1",
                header="NILGIR",
                category="service_implicit",
                body=body,
            ),
            now=now,
        )
    await post.carry(message.id)
    assert (await post.read(message.id)).state is State.SENT
    (text,) = post.mailbox("sms")
    assert (text["from"], text["text"]) == (
        "NILGIR",
        f"flow_1 | {TEMPLATE} | {ENTITY} | SO-1001",
    )


@pytest.mark.parametrize(
    ("clock", "waits_until"),
    [("09:59:59", "10:00"), ("10:00:00", None), ("20:59:59", None), ("21:00:00", "10:00")],
)
def test_promotions_reach_india_by_day(clock: str, waits_until: str | None) -> None:
    """Ten to nine by Indian time, wherever the company is."""
    at = datetime.fromisoformat(f"2026-11-22T{clock}+05:30")
    day = 23 if clock > "21" else 22
    promotion = Verdict(is_needed=True, is_allowed=True, category="promotional")
    until = datetime(2026, 11, day, 10, tzinfo=INDIAN_TIME) if waits_until else None
    assert promotion.waits_until(at) == until
    for other in (
        msgspec.structs.replace(promotion, is_needed=False),
        msgspec.structs.replace(promotion, category="service_explicit"),
    ):
        assert other.waits_until(at) is None


async def test_a_promotion_at_night_is_held_and_leaves_in_the_morning_as_registered(
    post: Post,
) -> None:
    await add(post, Kind.MSG91)
    now = post.work.now()
    hidden = "Sale at Nilgiri:\n{#numeric#}% off  till {#var#}"
    new = NewRegistration(
        entity_id=ENTITY, headers=[Header(header="600123", category="promotional")]
    )
    async with post.work.transaction() as tx:
        await registered.save_registration(tx, new, now=now)
        for body, last in ((hidden.replace("\n", "\r\n"), "4"), ("Never {#var#}", "5")):
            words = NewRegisteredText(
                registry=Registry.DLT, template_id=TEMPLATE[:-1] + last, name="sale", body=body,
                header="600123", category="promotional",
            )  # fmt: skip
            await registered.add_text(tx, words, now=now)
        (found,) = await customers.find_or_add(
            tx, [CustomerDraft(name="Asha", phone=post.phone)], now=now
        )
        yes = NewConsent(purpose="marketing", channel="sms", is_granted=True, source="test")
        await customers.record_consent(tx, found.id, yes, now=now)
    today = now.astimezone(INDIAN_TIME).replace(hour=21, minute=0, second=0, microsecond=0)
    post.hands._at = today + timedelta(days=1)
    said = "Sale at Nilgiri:\n20% off  till Sunday"
    ask = SendAsk(
        customer_id=found.id, channel=Channel.SMS, address=post.phone, purpose="marketing",
        kind="campaign", lane=Lane.BULK, at=post.work.now(), text=said,
    )  # fmt: skip
    async with post.work.transaction() as tx:
        (asked,) = await decide(tx, [ask], now=post.work.now())
        planned = Outgoing(
            dedupe="sale", channel=Channel.SMS, kind="campaign", purpose="marketing",
            customer_id=found.id, recipient=post.phone, lane=Lane.BULK, text=said,
            sender_name="Nilgiri",
        )  # fmt: skip
        (message_id,) = await notifications.plan(tx, [planned], now=post.work.now())
    await post.sweep()
    held = await post.read(message_id)
    morning = post.work.now() + timedelta(hours=13)
    assert (asked.action, asked.reason, asked.until) == ("hold", "promotional_hours", morning)
    assert (held.state, held.reason, held.due_at) == (State.HELD, "promotional_hours", morning)
    assert (post.mailbox("sms"), await post.history(message_id)) == ([], [])
    await post.sweep(hours=12, minutes=59)
    assert post.mailbox("sms") == []
    await post.sweep(minutes=1)
    (text,) = post.mailbox("sms")
    assert text["text"] == f"sale | {TEMPLATE[:-1]}4 | {ENTITY} | 20 | Sunday"
    assert await post.history(message_id) == ["sent"]


async def test_a_chat_leaves_as_its_approved_template(post: Post) -> None:
    async with post.work.transaction() as tx:
        await registered.add_text(
            tx,
            NewRegisteredText(
                registry=Registry.WHATSAPP,
                template_id="order_sent",
                language="en",
                category="utility",
                body="Hello {{1}}, your order {{2}} left.",
            ),
            now=post.work.now(),
        )
        texts = await registered.list_texts(tx)
    assert match(texts[0], "Hello Meera, your order SO-1 left.") == ["Meera", "SO-1"]
    assert match(texts[0], "Hello Meera, your order left.") is None


async def test_long_texts_with_many_variables_are_matched_at_once(
    client: httpx.AsyncClient,
) -> None:
    await client.put("/v1/dlt-registration", json=REGISTRATION)
    made = await client.post("/v1/registered-texts", json=TEXT | {"body": "a{#var#}" * 20 + "b"})
    assert made.status_code == 201
    began = time.monotonic()
    verdict = (await check(client, "a" * 1_600))["verdict"]
    assert time.monotonic() - began < 3
    assert verdict["reason"] == "text_differs"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a\r\n" * 50, 1),
        ("🚚" * 35, 1),
        ("🚚" * 66, 2),
        ("🚚" * 67, 3),
        ("न" * 70, 1),
        ("न" * 71, 2),
        ("न" * 134, 2),
        ("न" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_parts_are_counted_as_the_standard_has_it(text: str, parts: int) -> None:
    """GSM 03.38: 160, then 153 each; UCS-2: 70, then 67 each; extension characters twice."""
    assert segments(text) == parts
