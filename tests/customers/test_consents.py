"""Who agreed to what, and to whom nobody writes."""

from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.customers import service
from tandem.crm.customers.domain.consents import MayContact
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor


async def add(client: httpx.AsyncClient, **more: Any) -> str:
    answer = await client.post("/v1/customers", json={"name": "Asha", **more})
    customer_id: str = answer.json()["id"]
    return customer_id


async def test_the_ledger_keeps_every_word_and_the_last_one_stands(
    client: httpx.AsyncClient,
) -> None:
    at = f"/v1/customers/{await add(client)}"
    said = {"purpose": "marketing", "channel": "email", "source": "newsletter form"}
    await client.post(
        f"{at}/consents", json={**said, "is_granted": True, "notice_version": "2026-04"}
    )
    stands = await client.post(f"{at}/consents", json={**said, "is_granted": False})
    assert [(one["channel"], one["state"]) for one in stands.json()] == [("email", "withdrawn")]
    ledger = (await client.get(f"{at}/consent-events")).json()
    assert [(one["action"], one["notice_version"]) for one in ledger] == [
        ("withdraw", ""),
        ("grant", "2026-04"),
    ]
    lines = (await client.get(f"{at}/timeline")).json()["items"]
    assert {line["kind"] for line in lines} == {"consent_given", "consent_withdrawn"}


async def test_a_double_opt_in_stands_only_once_the_person_said_yes_by_a_post(
    client: httpx.AsyncClient, app: Litestar, database: Database
) -> None:
    at = f"/v1/customers/{await add(client)}"
    ask = {"purpose": "marketing", "channel": "email", "notice_version": "2026-04"}
    path = (await client.post(f"{at}/consent-requests", json=ask)).json()["confirm_path"]
    token = path.rpartition("/")[2]
    assert (await client.get(f"{at}/consents")).json()[0]["state"] == "pending"
    async with visitor(app) as person:
        assert (await person.get(f"/v1/public/consents/{token}")).status_code == 405
        shown = await person.get(path)
        assert (shown.status_code, "marketing" in shown.text) == (200, True)
        assert (await client.get(f"{at}/consents")).json()[0]["state"] == "pending"
        assert (await person.post(path)).status_code == 200
        again = await person.post(f"/v1/public/consents/{token}")
        assert (again.status_code, again.json()["state"]) == (201, "granted")
        newer = await client.post(
            f"{at}/consent-requests", json=ask | {"notice_version": "2026-05"}
        )
        (standing,) = (await client.get(f"{at}/consents")).json()
        assert standing["state"] == "granted", "asking anew takes nothing away"
        assert (await person.post(newer.json()["confirm_path"])).status_code == 200
        (standing,) = (await client.get(f"{at}/consents")).json()
        assert (standing["state"], standing["notice_version"]) == ("granted", "2026-05")
        said = {"purpose": "marketing", "channel": "email", "source": "phone", "is_granted": False}
        await client.post(f"{at}/consents", json=said)
        late = await person.post(f"/v1/public/consents/{token}")
        assert (late.status_code, late.json()["code"]) == (409, "consent_answered")
        assert (await person.post("/v1/public/consents/nothing-of-this-kind")).status_code == 404
    assert (await client.get(f"{at}/consents")).json()[0]["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("purpose", "consent", "suppressed", "reason"),
    [
        ("service", None, None, ""),
        ("service", False, "unsubscribed", ""),
        ("service", True, "bounced", "suppressed:bounced"),
        ("marketing", None, None, "consent:none"),
        ("marketing", True, None, ""),
        ("marketing", False, None, "consent:withdrawn"),
        ("marketing", True, "complained", "suppressed:complained"),
    ],
)
async def test_one_question_decides_whether_an_address_may_be_written_to(
    client: httpx.AsyncClient, purpose: str, consent: bool | None, suppressed: str | None,
    reason: str,
) -> None:  # fmt: skip
    customer_id = await add(client, emails=[{"value": "Asha@Example.in"}])
    if consent is not None:
        said = {"purpose": "marketing", "channel": "email", "is_granted": consent, "source": "x"}
        await client.post(f"/v1/customers/{customer_id}/consents", json=said)
    if suppressed:
        await client.post(
            "/v1/suppressions",
            json={"channel": "email", "address": "asha@EXAMPLE.in", "reason": suppressed},
        )
    ask = {"channel": "email", "address": " asha@example.in ", "purpose": purpose}
    verdict = (await client.post("/v1/contact-checks", json=ask)).json()
    assert verdict == {"is_allowed": not reason, "reason": reason}


async def test_every_address_says_whether_it_is_the_first_and_what_it_opted_out_of(
    client: httpx.AsyncClient,
) -> None:
    person = {
        "name": "Meera",
        "emails": [{"value": "m@x.in"}, {"value": "Work@x.in", "label": "work"}],
        "phones": [{"value": "9845012345"}],
    }
    made = (await client.post("/v1/customers", json=person)).json()
    for channel, address in (("email", "WORK@x.in"), ("whatsapp", "+91 98450 12345")):
        new = {"channel": channel, "address": address, "reason": "unsubscribed"}
        assert (await client.post("/v1/suppressions", json=new)).status_code == 201
    points = (await client.get(f"/v1/customers/{made['id']}/contact-points")).json()
    told = [
        (one["kind"], one["value"], one["is_primary"], one["invalid_at"],
         [(out["channel"], out["reason"]) for out in one["opted_out"]])
        for one in points
    ]  # fmt: skip
    assert told == [
        ("email", "m@x.in", True, None, []),
        ("email", "work@x.in", False, None, [("email", "unsubscribed")]),
        ("phone", "+919845012345", True, None, [("whatsapp", "unsubscribed")]),
    ]
    assert "No whatsapp" in (await client.get(f"/customers/{made['id']}")).text


async def test_a_suppression_is_known_by_its_hash_and_some_never_go(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    phone = {"channel": "sms", "address": "098450 12345"}
    await client.post("/v1/suppressions", json={**phone, "reason": "legal"})
    same = {"channel": "sms", "address": "+91 98450-12345"}
    found = (await client.post("/v1/suppressions/search", json=same)).json()
    assert found["suppression"]["reason"] == "legal"
    await client.post("/v1/suppressions", json={**phone, "reason": "by_hand"})
    stays = await client.post("/v1/suppressions/release", json=same)
    assert stays.status_code == 403
    mail = {"channel": "email", "address": "a@b.in"}
    await client.post("/v1/suppressions", json=mail)
    assert (await client.post("/v1/suppressions/release", json=mail)).status_code == 201
    assert (await client.post("/v1/suppressions/release", json=mail)).status_code == 404
    async with database.transaction(actor) as tx:
        asks = [
            MayContact(channel="email", address="a@b.in", purpose="service"),
            MayContact(channel="sms", address="9845012345", purpose="service"),
        ]
        verdicts = await service.may_contact(tx, asks)
    assert [one.is_allowed for one in verdicts] == [True, False]
