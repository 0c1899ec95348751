"""Forms for strangers: what gets through, what does not, and what nobody can learn from them."""

from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.sales.domain import proofs
from tandem.crm.sales.domain.mailboxes import is_disposable, is_role
from tandem.crm.sales.domain.submissions import country_of
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.limits import Limiter
from tests.clocks import MovedClock
from tests.givens import visitor

FORM: dict[str, Any] = {
    "name": "Contact us",
    "title": "Talk to us",
    "effort": "light",
    "source": "Web site",
    "fields": [
        {"key": "name", "is_required": True},
        {"key": "email", "is_required": True},
        {"key": "phone"},
        {"key": "description"},
        {"key": "custom.seats", "label": "Seats", "input": "number"},
    ],
    "consents": [
        {
            "purpose": "newsletter",
            "channels": ["email"],
            "text": "Send me the newsletter.",
            "notice_version": "2026-11",
        }
    ],
    "allowed_origins": ["https://Shop.example/"],
}
MAILED = Query(
    "select recipient, parameters, text from notifications.message where org_id = :org_id"
)
HELD = Query("select verdict, reasons, payload from sales.form_submission where org_id = :org_id")


class Stranger:
    """Somebody on the form's page, who takes three seconds to fill it in."""

    def __init__(self, client: httpx.AsyncClient, form: dict[str, Any], clock: MovedClock) -> None:
        self.client = client
        self.form = form
        self.clock = clock
        self.path = f"/v1/public/forms/{form['slug']}"

    async def proof(self) -> dict[str, Any]:
        puzzle = (await self.client.get(f"{self.path}/challenge")).json()
        numbers = proofs.solve(puzzle["challenge"], puzzle["bits"])
        return {"challenge": puzzle["challenge"], "numbers": numbers}

    async def send(
        self, values: dict[str, str], *, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        proof = given.pop("proof", None) or await self.proof()
        self.clock.moved += timedelta(seconds=given.pop("seconds", 3))
        body = {"values": values, "proof": proof, **given}
        return await self.client.post(f"{self.path}/submissions", json=body, headers=headers or {})


@pytest.fixture
async def stranger(client: httpx.AsyncClient, app: Litestar, database: Database) -> Stranger:
    app.state.limiter = Limiter()
    database.clock = clock = MovedClock()
    made = await client.post("/v1/lead-forms", json=FORM)
    assert made.status_code == 201, made.text
    return Stranger(visitor(app), made.json(), clock)


async def leads_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/leads")).json()["items"]
    return found


async def test_the_same_e_mail_twice_is_one_lead_two_touches_and_one_answer(
    client: httpx.AsyncClient, stranger: Stranger, database: Database, app: Litestar
) -> None:
    """A-LED-12. The answer comes before anybody looks who it is."""
    ada = {"name": "Ada", "email": "Ada@Known.example", "custom.seats": "1,200"}
    field = {"key": "seats", "kind": "number", "label": "Seats", "target": "lead"}
    assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    first = await stranger.send(ada, touch={"utm_source": "google", "utm_campaign": "diwali"})
    await outbox.drain(database)
    again = await stranger.send({**ada, "name": "Ada L."}, touch={"utm_source": "mail"})
    new = await stranger.send({"name": "Zoe", "email": "zoe@new.example"})
    assert (first.status_code, first.json()) == (202, {
        "message": "Thank you. We have it and will be in touch.", "redirect_url": "",
    })  # fmt: skip
    for other in (again, new):
        assert (other.status_code, other.content) == (202, first.content)
        assert set(other.headers) == set(first.headers)
    assert [one["name"] for one in await leads_of(client)] == ["Ada"]
    await outbox.drain(database)
    zoe, one = await leads_of(client)
    assert (zoe["name"], one["name"], one["email"]) == ("Zoe", "Ada", "ada@known.example")
    assert (one["touch_count"], one["source"], one["custom"]) == (2, "Web site", {"seats": 1200})
    touches = (await client.get(f"/v1/leads/{one['id']}/touches")).json()
    assert [each["utm_source"] for each in touches] == ["google", "mail"]
    assert {each["form_id"] for each in touches} == {stranger.form["id"]}
    assert (one["first_touch"]["utm_campaign"], one["last_touch"]["utm_source"]) == (
        "diwali",
        "mail",
    )


async def test_what_is_wrong_is_refused_at_its_field_and_nothing_is_kept(
    stranger: Stranger, database: Database, actor: Actor
) -> None:
    """A-LED-11: refusals."""
    good = {"name": "Ada", "email": "ada@known.example"}
    for values, code, field in (
        ({"email": "ada@known.example"}, "invalid", "values.name"),
        ({**good, "email": "ada"}, "email_wrong", "values.email"),
        ({**good, "email": "a@x.mailinator.com"}, "email_disposable", "values.email"),
        ({**good, "phone": "12"}, "phone_wrong", "values.phone"),
        ({**good, "custom.seats": "a few"}, "invalid", "values.custom.seats"),
        ({**good, "name": "Ada\r\nBcc: all@example.com"}, "invalid", "values.name"),
    ):
        refused = await stranger.send(values)
        assert refused.status_code == 422, refused.text
        assert (refused.json()["code"], refused.json()["field"]) == (code, field)
    unproved: list[dict[str, Any]] = [
        {"challenge": "", "numbers": []},
        {"challenge": (await stranger.proof())["challenge"], "numbers": [1] * proofs.COUNT},
        {"challenge": "bWFkZSB1cA.0f0f", "numbers": [1] * proofs.COUNT},
    ]
    for proof in unproved:
        refused = await stranger.send(good, proof=proof)
        assert (refused.status_code, refused.json()["code"]) == (422, "proof_wrong")
    foreign = await stranger.send(good, headers={"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in foreign.headers
    huge = await stranger.client.post(f"{stranger.path}/submissions", content=b"x" * 5_000_000)
    assert huge.status_code in (400, 413)
    assert (await stranger.client.get("/v1/public/forms/contact-us-aaaaaaaa")).status_code == 404
    async with database.transaction(actor) as tx:
        assert await tx.records(HELD) == []


async def test_a_challenge_is_good_once_for_one_form_and_two_hours(
    client: httpx.AsyncClient, stranger: Stranger, database: Database, now: datetime
) -> None:
    values = {"name": "Ada", "email": "ada@known.example"}
    proof = await stranger.proof()
    for _ in range(2):
        assert (await stranger.send(values, proof=proof)).status_code == 202
    used = await stranger.send({**values, "name": "Another"}, proof=proof)
    assert (used.status_code, used.json()["code"]) == (422, "proof_wrong")
    other = (await client.post("/v1/lead-forms", json={**FORM, "name": "Other"})).json()
    foreign = await Stranger(stranger.client, other, stranger.clock).proof()
    assert (await stranger.send(values, proof=foreign)).status_code == 422
    await outbox.drain(database)
    assert len(await leads_of(client)) == 1
    key = "k"
    form_id = new_id()
    puzzle = proofs.set_puzzle(form_id, "light", key, now)
    solved = proofs.Proof(
        challenge=puzzle.challenge, numbers=proofs.solve(puzzle.challenge, puzzle.bits)
    )
    assert proofs.check_proof(solved, form_id, "light", key, now + timedelta(hours=2)) == timedelta(
        hours=2
    )
    for effort, at in (("light", timedelta(hours=2, seconds=1)), ("hard", timedelta(0))):
        with pytest.raises(proofs.ProofWrong):
            proofs.check_proof(solved, form_id, effort, key, now + at)


async def test_machines_are_kept_apart_without_being_told(
    client: httpx.AsyncClient, stranger: Stranger, database: Database, actor: Actor
) -> None:
    """The trap, the links: the same answer, no lead; a person may say that it is none."""
    ada = {"name": "Ada", "email": "ada@known.example"}
    good = await stranger.send(ada)
    bot = await stranger.send({"name": "Bot", "email": "bot@x.example"}, homepage="http://spam")
    text = " ".join(["http://a.example"] * 4)
    links = await stranger.send({"name": "L", "email": "l@x.example", "description": text})
    fast = await stranger.send({"name": "F", "email": "f@x.example"}, seconds=1)
    assert good.content == bot.content == links.content == fast.content
    await outbox.drain(database)
    assert [one["name"] for one in await leads_of(client)] == ["Ada"]
    path = f"/v1/lead-forms/{stranger.form['id']}/submissions"
    spam = (await client.get(path, params={"verdict": "spam"})).json()["items"]
    assert [one["reasons"] for one in spam] == [["too_fast"], ["links"], ["trap_filled"]]
    judged = await client.post(
        f"/v1/form-submissions/{spam[2]['id']}/judgements", json={"verdict": "accepted"}
    )
    assert judged.json()["verdict"] == "accepted"
    await outbox.drain(database)
    assert [one["name"] for one in await leads_of(client)] == ["Bot", "Ada"]


async def test_a_flood_is_stopped_and_words_stay_words(
    client: httpx.AsyncClient, stranger: Stranger, database: Database
) -> None:
    """A-LED-11: a thousand a minute; HTML and script in every field."""
    script = "<script>alert(1)</script>"
    sent = await stranger.send(
        {"name": script, "email": "x@words.example", "description": f"{script}\n{{{{ 7*7 }}}}"}
    )
    assert sent.status_code == 202
    await outbox.drain(database)
    (lead,) = await leads_of(client)
    assert (lead["name"], lead["description"]) == (script, f"{script}\n{{{{ 7*7 }}}}")
    page = await client.get(f"/leads/{lead['id']}")
    assert script not in page.text and "&lt;script&gt;" in page.text
    empty = {"values": {"name": "x"}}
    codes = [
        (await stranger.client.post(f"{stranger.path}/submissions", json=empty)).status_code
        for _ in range(40)
    ]
    assert set(codes) == {422, 429} and codes[-1] == 429 and codes.count(422) <= 30
    assert len(await leads_of(client)) == 1


async def test_other_sites_are_let_in_by_name_only(stranger: Stranger) -> None:
    here = {"origin": "https://shop.example"}
    asked = await stranger.client.options(f"{stranger.path}/submissions", headers=here)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://shop.example"
    sent = await stranger.send({"name": "A", "email": "a@words.example"}, headers=here)
    assert sent.status_code == 202
    assert sent.headers["access-control-allow-origin"] == "https://shop.example"
    wrong = await stranger.send({"name": "A", "email": "a"}, headers=here)
    assert wrong.headers["access-control-allow-origin"] == "https://shop.example"


async def test_a_confirmed_form_becomes_a_lead_by_the_mailed_link_and_consent_follows_the_customer(
    client: httpx.AsyncClient,
    stranger: Stranger,
    database: Database,
    actor: Actor,
    now: datetime,
) -> None:
    path = f"/v1/lead-forms/{stranger.form['id']}"
    form = {**FORM, "needs_confirmation": True}
    assert (await client.put(path, json=form)).status_code == 200
    body = {"name": "Meera", "emails": [{"value": "meera@known.example"}]}
    customer = (await client.post("/v1/customers", json=body)).json()
    values = {"name": "Meera\tNair", "email": "meera@known.example"}
    assert (await stranger.send(values)).status_code == 422
    sent = await stranger.send({**values, "name": "Meera"}, consents=["newsletter"])
    assert "open the link" in sent.json()["message"]
    await outbox.drain(database)
    assert await leads_of(client) == []
    async with database.transaction(actor) as tx:
        (mail,) = await tx.records(MAILED)
    assert mail["recipient"] == "meera@known.example"
    token = mail["text"].partition("/f/confirm/")[2].split()[0]
    looked = await stranger.client.get(f"/f/confirm/{token}")
    await outbox.drain(database)
    assert looked.status_code == 200 and await leads_of(client) == []
    for _ in range(2):
        assert (await stranger.client.post(f"/f/confirm/{token}")).status_code == 200
    await outbox.drain(database)
    (lead,) = await leads_of(client)
    assert (lead["name"], lead["customer_id"], lead["touch_count"]) == (
        "Meera",
        customer["id"],
        1,
    )
    consents = (await client.get(f"/v1/customers/{customer['id']}/consents")).json()
    assert [(one["purpose"], one["channel"], one["state"]) for one in consents] == [
        ("newsletter", "email", "granted")
    ]
    events = (await client.get(f"/v1/customers/{customer['id']}/consent-events")).json()
    assert [(one["notice_version"], one["source"]) for one in events] == [
        ("2026-11", "form Contact us")
    ]
    assert "confirmed by e-mail" in events[0]["evidence"]
    assert (await stranger.client.get("/f/confirm/aaaaaaaaaaaaaaaaaaaaaa")).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fields": [{"key": "name", "is_required": True}]}, "fields"),
        ({"fields": [{"key": "email", "is_required": True}] * 2}, "fields"),
        ({"fields": [{"key": "email"}]}, "fields"),
        ({"fields": [{"key": "score"}, {"key": "email", "is_required": True}]}, "fields"),
        ({"redirect_url": "http://shop.example"}, "redirect_url"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"allowed_origins": ["http://shop.example"]}, "allowed_origins"),
        ({"allowed_origins": ["https://shop.example/path"]}, "allowed_origins"),
        ({"allowed_origins": ["*"]}, "allowed_origins"),
    ],
)
async def test_a_form_that_could_not_work_is_not_kept(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    refused = await client.post("/v1/lead-forms", json={**FORM, **change})
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text
    assert (await client.get("/v1/lead-forms")).json() == []


def test_a_country_is_known_by_its_code_and_by_its_name() -> None:
    written = ["in", "India", " भारत ", "united states", "Atlantis", ""]
    assert [country_of(one) for one in written] == ["IN", "IN", "IN", "US", "", ""]


def test_mailboxes_of_nobody_and_of_functions_are_known() -> None:
    assert is_disposable("a@mailinator.com") and is_disposable("a@eu.mailinator.com")
    assert not is_disposable("a@gmail.com") and not is_disposable("a@mailinator.com.example")
    assert is_role("info@x.in") and is_role("sales+in@x.in") and not is_role("informer@x.in")
