"""A company's own words from the first draft to the message that says them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2 as httpx
import pytest

from tandem.crm.notifications import service
from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.service import templates
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.notifications.givens import PARAMETERS

WORDS = {
    "format": "html",
    "subject": "Order {{ order }}, {{ name }}",
    "preheader": "Soon with you",
    "source": "<p>Hello {{ name }}, order {{ order }}.</p>",
    "variables": [{"name": "order", "is_required": True, "example": "SO-7"}],
}


async def begun(client: httpx.AsyncClient, key: str, channel: str = "email") -> str:
    answer = await client.post(
        "/v1/notification-templates", json={"key": key, "channel": channel, "name": "Shipped"}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def drafted(
    client: httpx.AsyncClient, template_id: str, locale: str = "en", **words: object
) -> str:
    answer = await client.post(
        f"/v1/notification-templates/{template_id}/versions",
        json={**WORDS, "locale": locale, **words},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def version_at(version_id: str, *more: str) -> str:
    return "/".join(["/v1/notification-template-versions", version_id, *more])


async def spoken(
    database: Database, actor: Actor, locales: Sequence[str]
) -> list[tuple[str, int] | None]:
    async with database.transaction(actor) as tx:
        found = [
            await service.find_version(tx, "order_shipped", channel="email", locale=locale)
            for locale in locales
        ]
    return [(one.locale, one.number) if one else None for one in found]


async def test_words_are_drafted_published_replaced_and_put_away(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    template_id = await begun(client, "order_shipped")
    assert await spoken(database, actor, ["hi-IN"]) == [None]
    first = await drafted(client, template_id)
    assert await spoken(database, actor, ["en"]) == [None]
    answer = await client.post(version_at(first, "publication"))
    assert (answer.status_code, answer.json()["state"]) == (200, "published")
    hindi = await drafted(client, template_id, "hi", source="<p>नमस्ते {{ name }}</p>")
    assert (await client.post(version_at(hindi, "publication"))).status_code == 200
    # hi-IN has no words of its own: Hindi, then Indian English, then English speak.
    assert await spoken(database, actor, ["hi-IN", "ta-IN", "en-IN", "nonsense"]) == [
        ("hi", 2),
        ("en", 1),
        ("en", 1),
        ("en", 1),
    ]
    second = await drafted(client, template_id, source="<p>{{ order }}</p>")
    assert (await client.post(version_at(second, "publication"))).status_code == 200
    detail = (await client.get(f"/v1/notification-templates/{template_id}")).json()
    assert [(one["number"], one["state"]) for one in detail["versions"]] == [
        (3, "published"),
        (2, "published"),
        (1, "archived"),
    ]
    assert detail["published"] == ["en", "hi"]
    assert (await client.post(version_at(first, "publication"))).json()["state"] == "published"
    assert await spoken(database, actor, ["en"]) == [("en", 1)]
    assert (await client.post(version_at(first, "archival"))).json()["state"] == "archived"
    assert await spoken(database, actor, ["en", "hi"]) == [None, ("hi", 2)]
    again = await client.post(
        "/v1/notification-templates", json={"key": "order_shipped", "name": "Twice"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "template_exists")


async def test_what_was_published_never_changes_not_even_by_hand(
    client: httpx.AsyncClient, owner_dsn: str
) -> None:
    template_id = await begun(client, "order_placed")
    version_id = await drafted(client, template_id)
    at = version_at(version_id)
    words = {**WORDS, "subject": "Anew {{ order }}"}
    stale = await client.put(at, json=words, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    written = await client.put(at, json=words, headers={"If-Match": '"1"'})
    assert (written.status_code, written.json()["version"]) == (200, 2)
    assert len(written.json()["sha256"]) == 64
    assert (await client.post(version_at(version_id, "publication"))).status_code == 200
    refused = await client.put(at, json=WORDS)
    assert (refused.status_code, refused.json()["code"]) == (409, "template_version_fixed")
    assert (await client.get(at)).json()["subject"] == "Anew {{ order }}"
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RaiseError, match="does not change"):
            await connection.execute(
                "update notifications.template_version set source = 'x' where id = $1",
                UUID(version_id),
            )
    finally:
        await connection.close()


async def test_publication_says_everything_that_is_wrong_and_changes_nothing(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    template_id = await begun(client, "order_shipped")
    wrong = await drafted(
        client,
        template_id,
        source="<p onclick='x'>{{ vouchr }} {{ ''.__class__.__mro__ }}</p>",
        subject="",
    )
    answer = await client.post(version_at(wrong, "publication"))
    assert (answer.status_code, answer.json()["code"]) == (422, "template_wrong")
    assert answer.json()["problems"] == [
        "onclick is not allowed: a message runs nothing.",
        "An e-mail needs a subject.",
        "Words: Line 1: '__mro__' is not a variable.",
        "Words: Line 1: '__class__' is not a variable.",
    ]
    assert (await client.get(version_at(wrong))).json()["state"] == "draft"
    assert await spoken(database, actor, ["en"]) == [None]
    undeclared = await drafted(client, template_id, source="<p>{{ vouchr }}</p>")
    answer = await client.post(version_at(undeclared, "publication"))
    assert answer.json()["problems"] == ["'vouchr' is used but not declared."]


async def test_a_look_at_the_words_uses_examples_and_names_what_is_missing(
    client: httpx.AsyncClient,
) -> None:
    template_id = await begun(client, "order_shipped")
    version_id = await drafted(client, template_id)
    looked = await client.post(version_at(version_id, "rendering"), json={"parameters": {}})
    assert looked.json()["rendered"]["subject"] == "Order SO-7, Asha"
    looked = await client.post(
        version_at(version_id, "rendering"),
        json={"parameters": {"name": "<i>Ravi</i>", "order": 8}},
    )
    assert looked.json()["rendered"]["text"] == "Hello <i>Ravi</i>, order 8.\n"
    unsaved = await client.post(
        "/v1/notification-templates/rendering",
        json={
            "channel": "sms",
            "content": {"format": "text", "source": "{{ company }}: {{ x }} {{ customer.city }}"},
            "parameters": {"customer": {"city": "Ooty"}},
        },
    )
    assert unsaved.json() == {
        "rendered": {"subject": "", "text": "Nilgiri Teas: [x] Ooty", "html": ""},
        "problems": ["'x' is used but not declared."],
        "missing": ["x"],
    }
    nothing = await client.post(
        "/v1/notification-templates/rendering",
        json={"channel": "sms", "content": {"format": "text", "source": "{% for %}"}},
    )
    assert (nothing.status_code, nothing.json()["rendered"]) == (200, None)


async def test_templates_of_another_company_are_not_there(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    stranger = Actor(org_id=uuid4(), user_id=uuid4(), grants=frozenset({"*"}))
    async with database.transaction(stranger) as tx:
        theirs = await templates.add_template(
            tx, key="order_shipped", channel="email", name="Theirs", now=now
        )
    assert (await client.get(f"/v1/notification-templates/{theirs.id}")).status_code == 404
    assert (await client.get("/v1/notification-templates")).json() == []


@pytest.mark.parametrize(
    "ready", templates.list_ready(), ids=lambda one: f"{one.key}-{one.channel}"
)
def test_the_suites_own_words_can_be_begun_from(ready: templates.Ready) -> None:
    content = templates.ready_content(ready.key, ready.channel)
    assert content is not None
    rendering.check_publishable(content, ready.channel)
    rendered, problems = templates.preview(content, ready.channel, {})
    assert problems == []
    assert rendered is not None
    assert "{{" not in rendered.text + rendered.html + rendered.subject


async def test_the_companys_words_are_said_and_ours_where_they_do_not_fit(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    template_id = await begun(client, "order_shipped", "sms")
    own = {"format": "text", "subject": "", "preheader": ""}
    version_id = await drafted(client, template_id, source="Ahoy {{ name }}: {{ order }}", **own)
    assert (await client.post(version_at(version_id, "publication"))).status_code == 200

    async def said(dedupe: str, **facts: str) -> str:
        async with database.transaction(actor) as tx:
            (message_id,) = await service.send(
                tx,
                template="order_shipped",
                order_id=None,
                email=None,
                phone="+919876543210",
                parameters={**PARAMETERS, **facts},
                dedupe=dedupe,
                now=now,
            )
            return (await service.get_message(tx, message_id)).text

    assert await said("a") == "Ahoy Meera: SO-1001"
    # `order` is required by the company's words: without it they cannot be said.
    assert (await said("b", order="")).startswith("Nilgiri Teas: order has left us")


async def test_a_part_is_put_into_every_letter_that_names_it_and_stays_as_it_was_published(
    client: httpx.AsyncClient,
) -> None:
    async def published(version_id: str) -> httpx.Response:
        return await client.post(version_at(version_id, "publication"))

    foot = await begun(client, "footer", "part")
    bare: dict[str, Any] = {"subject": "", "preheader": "", "variables": []}
    words = {
        "en": "<mj-text>Yours, {{ company }}</mj-text>",
        "hi": "<mj-column><mj-text>आपका {{ company }}</mj-text></mj-column>",
    }
    letter = await begun(client, "news")
    column = '<mj-column>{% include "footer" %}</mj-column>'
    source = f"<mjml><mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
    news: dict[str, Any] = {"format": "mjml", "source": source, "variables": [], "subject": "News"}
    first = await drafted(client, letter, **news)
    refused = await published(first)
    said = "There is no published part called 'footer'."
    assert (refused.status_code, refused.json()["problems"][0]) == (422, said)

    for locale, text in words.items():
        part = await drafted(client, foot, locale, format="mjml", source=text, **bare)
        assert (await published(part)).status_code == 200
    wrong: dict[str, Any] = {"format": "mjml", "source": '{% include "footer" %}', **bare}
    assert (await published(await drafted(client, foot, **wrong))).status_code == 422, "no nesting"
    hidden = await drafted(client, foot, format="mjml", source="<mj-text>{{ x }}</mj-text>", **bare)
    assert (await published(hidden)).json()["problems"] == ["'x' is used but not declared."]
    look = (await client.post(version_at(first, "rendering"), json={})).json()
    assert ("Yours, Nilgiri Teas" in look["rendered"]["html"], look["problems"]) == (True, [])

    made = (await published(first)).json()
    assert made["source"] == source and "Yours, {{ company }}" in made["html"]
    again = await drafted(client, foot, format="mjml", source="<mj-text>Bye</mj-text>", **bare)
    assert (await published(again)).status_code == 200
    kept = (await client.get(version_at(first))).json()
    assert (kept["html"], kept["sha256"]) == (made["html"], made["sha256"])
    unsaved = {"content": {**news, "source": source}, "channel": "email"}
    now_says = (await client.post("/v1/notification-templates/rendering", json=unsaved)).json()
    assert "Bye" in now_says["rendered"]["html"]
    hindi = (await published(await drafted(client, letter, "hi", **news))).json()
    assert "आपका" in hindi["html"]
    campaign = {"name": "N", "variants": [{"template_version_id": again}]}
    refusal = await client.post("/v1/campaigns", json=campaign)
    assert (refusal.status_code, refusal.json()["field"]) == (422, "variants")
