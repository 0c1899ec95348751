"""Mail comes from domains that are the company's own, and from no other's."""

from email import message_from_bytes, policy
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.senders import Found, judge
from tandem.crm.marketing.jobs import check_domain
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.domain.outgoing import Content
from tandem.crm.notifications.gateways.composing import composed
from tandem.flows.message_links import finish_campaign
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.names import Names, NamesUnanswered
from tandem.kernel.resources import Resources
from tests.givens import api_key_of, visitor
from tests.marketing.givens import Company, Json
from tests.marketing.test_links import message


class Told:
    """A domain name system that says what a test wrote into it; None never answers."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] | None = {}

    async def texts(self, name: str) -> list[str]:
        if self.records is None:
            raise NamesUnanswered("time out")
        return self.records.get(name, [])


async def look(company: Company, names: Told, domain: Json) -> Json:
    held = Resources()
    held.add(Names, names)
    work = Work(company.database, held, company.actor.org_id)
    await check_domain(work, domain["id"])
    found: Json = (await company.client.get(f"/v1/sending-domains/{domain['id']}")).json()
    return found


async def claim(company: Company, domain: str = "tea.example.test") -> Json:
    answer = await company.client.post(
        "/v1/sending-domains", json={"domain": domain, "dkim_selector": "s1"}
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def right(domain: Json) -> dict[str, list[str]]:
    name = domain["domain"]
    return {
        f"_tandem.{name}": [domain["challenge"]],
        name: ["google-site-verification=x", "v=spf1 include:_spf.example.test -all"],
        f"s1._domainkey.{name}": ["v=DKIM1; k=rsa; p=MIIB"],
        f"_dmarc.{name}": ["v=DMARC1; p=none"],
    }


async def test_a_domain_is_ones_own_while_its_record_says_so(company: Company) -> None:
    names = Told()
    domain = await claim(company)
    again = await company.client.post("/v1/sending-domains", json={"domain": "tea.example.test"})
    assert (again.status_code, again.json()["code"]) == (409, "sending_domain_taken")

    before = await look(company, names, domain)
    assert (before["verified_at"], before["spf"], before["dmarc"]) == (None, "missing", "missing")
    names.records = right(domain)
    after = await look(company, names, domain)
    assert after["verified_at"] is not None
    assert (after["spf"], after["dkim"], after["dmarc"]) == ("right", "right", "weak")
    names.records = None
    assert (await look(company, names, domain))["verified_at"] == after["verified_at"]
    names.records = {}
    assert (await look(company, names, domain))["verified_at"] is None


async def test_a_campaign_leaves_only_from_a_proven_address_of_its_own_company(
    company: Company, app: Litestar
) -> None:
    """A-MKT-23."""
    names = Told()
    domain = await claim(company)
    made = await company.client.post(
        f"/v1/sending-domains/{domain['id']}/addresses",
        json={"local_part": "hello", "name": "Nilgiri Teas"},
    )
    assert made.status_code == 201
    (address,) = made.json()["addresses"]
    assert (address["address"], address["is_verified"]) == ("hello@tea.example.test", False)
    everybody = await company.segment(await company.people(1))
    campaign = await company.draft(everybody, from_address_id=address["id"])
    unproven = await company.client.put(f"/v1/campaigns/{campaign['id']}/schedule", json={})
    assert (unproven.status_code, unproven.json()["code"]) == (422, "sending_domain_unproven")
    names.records = right(domain)
    await look(company, names, domain)
    await company.schedule(campaign)
    in_use = await company.client.delete(f"/v1/from-addresses/{address['id']}")
    assert (in_use.status_code, in_use.json()["code"]) == (409, "from_address_in_use")

    one = await _finished(company, campaign)
    raw = composed(one[0], sender="no-reply@tandem.test", headers=one[1].headers)
    letter = message_from_bytes(raw, policy=policy.default)
    assert str(letter["From"]) == "Nilgiri Teas <hello@tea.example.test>"
    assert str(letter["Message-ID"]).endswith("@tandem.test>")
    names.records = {}
    await look(company, names, domain)
    one = await _finished(company, campaign)
    assert "From" not in one[1].headers

    stranger = await _stranger(company, app)
    url = "https://93.184.216.34/hooks"
    hook = await company.client.post("/v1/webhook-endpoints", json={"url": url})
    template = {"name": "A", "template_version_id": str(uuid4())}
    for field, body in (
        ("from_address_id", {"from_address_id": address["id"]}),
        ("include_ids", {"include_ids": [str(everybody)]}),
        ("exclude_ids", {"exclude_ids": [str(everybody)]}),
        ("variants", {"variants": [template]}),
        ("endpoint_id", {"endpoint_id": hook.json()["endpoint"]["id"], "channel": "webhook"}),
    ):
        answer = await stranger.post("/v1/campaigns", json={"name": "Theirs", **body})
        assert (answer.status_code, answer.json().get("field")) == (404, field), answer.text
    for path in (
        f"/v1/campaigns/{campaign['id']}",
        f"/v1/campaigns/{campaign['id']}/recipients",
        f"/v1/campaigns/{campaign['id']}/stats",
        f"/v1/sending-domains/{domain['id']}",
    ):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get("/v1/campaigns")).json()["items"] == []


async def _finished(company: Company, campaign: Json) -> tuple[Message, Content]:
    sent = message()
    words = Content(subject="s", text="t", html="<p>h</p>")
    about = _with_feed(sent, f"campaign:{campaign['id']}")
    async with company.work.transaction() as tx:
        (finished,) = await finish_campaign(tx, [(about, words)])
    return about, finished


def _with_feed(sent: Message, feed: str) -> Message:
    return msgspec.structs.replace(sent, feed=feed)


async def _stranger(company: Company, app: Litestar) -> httpx.AsyncClient:
    org_id: UUID = await identity.found_organisation(
        company.database, name="Other", slug=f"o-{new_id().hex}", now=company.hands.now()
    )
    other = Actor(org_id=org_id, user_id=new_id(), grants=frozenset({"*"}), label="Other")
    client = visitor(app)
    client.headers["authorization"] = f"Bearer {await api_key_of(company.database, other)}"
    return client


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"spf": ["v=spf1 +all"]}, {"spf": "wrong"}),
        ({"spf": ["v=spf1 -all", "v=spf1 ~all"]}, {"spf": "wrong"}),
        ({"spf": ["v=spf1 a ?all"]}, {"spf": "weak"}),
        ({"spf": ["v=spf10 -all"]}, {"spf": "missing"}),
        ({"dkim": ["v=DKIM1; p="]}, {"dkim": "wrong"}),
        ({"dkim": []}, {"dkim": "missing"}),
        ({}, {"dkim": "unknown", "is_own": False}),
        ({"dmarc": ["v=DMARC1; p=reject"]}, {"dmarc": "right"}),
        ({"dmarc": ["v=DMARC1; rua=mailto:a@b.test"]}, {"dmarc": "wrong"}),
        ({"challenge": [" mine "]}, {"is_own": True}),
        ({"challenge": ["other"]}, {"is_own": False}),
    ],
)
def test_records_mean_what_their_documents_say(
    records: dict[str, list[str]], expected: dict[str, Any]
) -> None:
    found: Found = judge(records, challenge="mine")
    assert {name: getattr(found, name) for name in expected} == expected
