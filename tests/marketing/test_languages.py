"""A campaign's template speaks to each in their language, where it has words in it."""

from typing import Any
from uuid import UUID

from tandem.kernel.db import Query
from tests.marketing.givens import Company
from tests.marketing.test_stopping import records

SPOKEN = Query(
    """
    select m.customer_id, v.locale
      from notifications.message m
      join notifications.template_version v on v.org_id = :org_id and v.id = m.template_version_id
     where m.org_id = :org_id and m.feed = :feed
    """
)


async def published(company: Company, template_id: str, locale: str) -> str:
    words: dict[str, Any] = {
        "format": "html", "subject": "Spring", "source": "<p>{{ name }}</p>", "locale": locale,
    }  # fmt: skip
    at = f"/v1/notification-templates/{template_id}/versions"
    made = (await company.client.post(at, json=words)).json()
    path = f"/v1/notification-template-versions/{made['id']}/publication"
    answer = await company.client.post(path)
    assert answer.is_success, answer.text
    return str(made["id"])


async def test_each_is_written_to_in_their_language_or_as_the_campaign_says(
    company: Company,
) -> None:
    """MKT-28, NOT-03."""
    wanted = ["hi-IN", "hi", "ta", "", "en-IN"]
    ids = await company.people(len(wanted))
    for who, locale in zip(ids, wanted, strict=True):
        path = f"/v1/customers/{who}"
        known = await company.client.get(path)
        answer = await company.client.patch(
            path, json={"locale": locale}, headers={"if-match": known.headers["etag"]}
        )
        assert (answer.status_code, answer.json()["locale"]) == (200, locale)
    refused = await company.client.post("/v1/customers", json={"name": "X", "locale": "Hindi"})
    assert refused.status_code == 422

    made = await company.client.post(
        "/v1/notification-templates", json={"key": "spring", "channel": "email", "name": "Spring"}
    )
    template_id = made.json()["id"]
    english = await published(company, template_id, "en")
    await published(company, template_id, "hi")
    words = {"name": "A", "template_version_id": english}
    campaign = await company.draft(await company.segment(ids), variants=[words])
    await company.schedule(campaign)
    await company.turn(campaign)
    rows = await records(company, SPOKEN, feed=f"campaign:{campaign['id']}")
    spoken: dict[UUID, str] = {row["customer_id"]: row["locale"] for row in rows}
    assert [spoken[who] for who in ids] == ["hi", "hi", "en", "en", "en"]
