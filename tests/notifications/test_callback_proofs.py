"""What providers tell is proven, and of their own messages only (A-NOT-10, A-MKT-11)."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.notifications.domain.messages import State
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.gateways.callbacks import Asked
from tandem.crm.notifications.gateways.callbacks.proofs import (
    is_mailgun,
    is_sendgrid,
    is_twilio,
    is_whatsapp,
)
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.outbox import drain
from tandem.sandbox.carriers import signing
from tandem.sandbox.carriers.events import whatsapp_inbound
from tests.notifications.givens import Post
from tests.notifications.reporting import MAIL, receipts, sent, sent_chat


@pytest.mark.parametrize("kind", [*MAIL, Kind.MSG91, Kind.WHATSAPP])
async def test_what_is_forged_is_refused_and_changes_nothing(
    post: Post, vendor: httpx.AsyncClient, kind: Kind
) -> None:
    one = await (sent_chat(post) if kind is Kind.WHATSAPP else sent(post, kind))
    body = one.body("failed" if kind in (Kind.MSG91, Kind.WHATSAPP) else "bounced")
    if kind in (Kind.MAILGUN, Kind.SES):
        body = body.replace(b'"signature":"', b'"signature":"0').replace(
            b'"Signature":"', b'"Signature":"AAAA'
        )
    forged = one.headers(body, is_forged=True)
    wrong_key = f"{one.path}?key=guess"
    assert (await vendor.post(wrong_key, content=body, headers=forged)).status_code == 401
    assert (await vendor.post(one.path, content=body)).status_code == 401
    nobody = one.path.replace(str(one.provider.id), str(uuid4()))
    signed = one.headers(body)
    assert (await vendor.post(nobody, content=body, headers=signed)).status_code == 401
    await drain(post.work.database)
    assert (await one.state())[0] is State.SENT
    assert await receipts(post) == []


async def test_another_companys_provider_tells_nothing_about_our_messages(
    post: Post, vendor: httpx.AsyncClient, database: Database, now: datetime
) -> None:

    mine = await sent(post, Kind.SENDGRID)
    org_id = await identity.found_organisation(
        database, name="Other", slug=f"o-{uuid4().hex}", now=now
    )
    other = msgspec.structs.replace(
        post,
        work=type(post.work)(database, post.work._resources, org_id),
        actor=Actor.system(org_id),
    )
    theirs = await sent(other, Kind.SENDGRID)
    body = mine.body("complained")
    answer = await vendor.post(theirs.path, content=body, headers=theirs.headers(body))
    assert answer.status_code == 200
    await drain(database)
    assert (await mine.state())[0] is State.SENT
    assert (await theirs.state())[0] is State.SENT
    assert await receipts(other) == [("complained", "waiting")]


async def test_a_token_of_mailgun_is_good_for_one_body(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    """Only timestamp and token are signed: whoever saw one could write any event below it."""
    one = await sent(post, Kind.MAILGUN)
    seen = json.loads(one.body("opened"))
    assert await one.tell(vendor, "", body=json.dumps(seen).encode()) == 200
    forged = {**seen, "event-data": json.loads(one.body("complained"))["event-data"]}
    assert await one.tell(vendor, "", body=json.dumps(forged).encode()) == 200
    assert (await one.state())[0] is State.SENT


async def test_what_is_added_to_an_address_that_is_not_signed_means_nothing(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SENDGRID)
    (other,) = await post.queue(email="other@example.test", dedupe=str(uuid4()))
    await post.carry(other)
    body = one.body("complained")
    for added in (str(other), "nonsense", "%00"):
        path = f"{one.path}?message={added}"
        answer = await vendor.post(path, content=body, headers=one.headers(body))
        assert answer.status_code == 200
    await drain(post.work.database)
    assert (await one.state())[0] is State.COMPLAINED
    assert (await post.read(other)).state is State.SENT


async def test_amazon_is_confirmed_for_our_topic_only(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent(post, Kind.SES)
    base_url = post.sandbox.settings.base_url
    ours = signing.sns_confirmation(base_url=base_url)
    assert await one.tell(vendor, "", body=ours) == 200
    other = signing.sns_confirmation(base_url=base_url, topic=f"{signing.TOPIC}2")
    assert await one.tell(vendor, "", body=other) == 401
    elsewhere = json.loads(one.body("bounced"))
    elsewhere["SigningCertURL"] = "https://sns.ap-south-1.amazonaws.com.evil.test/x.pem"
    assert await one.tell(vendor, "", body=json.dumps(elsewhere).encode()) == 401
    assert await receipts(post) == []


async def test_meta_is_answered_when_it_knows_our_secret(
    post: Post, vendor: httpx.AsyncClient
) -> None:
    one = await sent_chat(post)
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    good = await vendor.get(one.path, params={**asked, "hub.verify_token": one.callback_secret})
    assert (good.status_code, good.text) == (200, "1158201444")
    bad = await vendor.get(one.path, params={**asked, "hub.verify_token": "guess"})
    assert bad.status_code == 401
    body = whatsapp_inbound(post.phone, "Where is my parcel?")
    assert await one.tell(vendor, "", body=body) == 200


def test_signatures_are_the_vendors_own() -> None:
    """SendGrid's and Twilio's published vectors; Mailgun's and Meta's by their formula."""
    sendgrid = Asked(
        url="",
        query={},
        headers={
            "x-twilio-email-event-webhook-timestamp": "1600112502",
            "x-twilio-email-event-webhook-signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOV"
            "mxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
        },
        body=b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C'
        b'-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
        b'"timestamp":1600112492}]\r\n',
    )
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe6"
        "2gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    )
    assert is_sendgrid(key, sendgrid)
    assert not is_sendgrid(key, msgspec.structs.replace(sendgrid, body=sendgrid.body[:-2]))
    assert not is_sendgrid("", sendgrid)
    twilio = Asked(
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
        query={},
        headers={"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        body=urlencode(
            {
                "CallSid": "CA1234567890ABCDE",
                "Digits": "1234",
                "From": "+14158675309",
                "To": "+18005551212",
                "Caller": "+14158675309",
            }
        ).encode(),
    )
    assert is_twilio("12345", twilio) and not is_twilio("", twilio)
    body = b'{"object":"whatsapp_business_account"}'
    made = hmac.new(b"app_secret", body, hashlib.sha256).hexdigest()
    meta = Asked(url="", query={}, headers={"x-hub-signature-256": f"sha256={made}"}, body=body)
    assert is_whatsapp("app_secret", meta) and not is_whatsapp("other", meta)
    signature: dict[str, Any] = {
        "timestamp": "1529006854",
        "token": "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",
        "signature": "b63c0701c4f4b614f272106a1b367c5c3369bcdca664ae73ebd52787e45eef07",
    }
    signed = json.dumps({"signature": signature}).encode()
    assert is_mailgun("key-3ax6xnjp29jd6fds4gc373sgvjxteol0", signed)
    assert not is_mailgun("", signed) and not is_mailgun("k", b"[]")
