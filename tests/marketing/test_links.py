"""Links lead where they led, and tell people from machines."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.contracts.marketing import CampaignClicked
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Utm
from tandem.crm.marketing.domain.engagement import Engagement, Hit, at_first_sight, judged
from tandem.crm.marketing.domain.links import (
    LinkWrong,
    addresses_of,
    in_ascii,
    is_trackable,
    read_token,
    replaced,
    tagged,
)
from tandem.crm.notifications.domain.messages import SITE, Channel, Message, State
from tandem.crm.notifications.domain.outgoing import Content
from tandem.flows.customer_holders import HOLDERS, Person
from tandem.flows.merge import merge, undo
from tandem.flows.message_links import Tracking, with_links
from tandem.kernel.db import Query
from tandem.kernel.events import subscription
from tests.givens import visitor
from tests.marketing.givens import Company

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HTML = (
    '<html><body><a href="https://shop.example.test/a?x=1&amp;y=2">A</a>'
    '<a href="https://shop.example.test/b">B</a>'
    f'<a href="{SITE}/u/token">Leave</a></body></html>'
)
EVENTS = Query(
    """
    select topic, payload from kernel.event
     where org_id = :org_id and topic in ('marketing.clicked.v1', 'marketing.opened.v1',
                                          'marketing.engagement_rejudged.v1')
     order by seq
    """
)


def message(customer_id: UUID | None = None, channel: Channel = Channel.EMAIL) -> Message:
    return Message(
        id=uuid4(), dedupe="d", channel=channel, template="campaign", order_id=None,
        recipient="asha@example.test", sender_name="Shop", subject="s", text="t", html="h",
        is_secret=False, not_after=None, state=State.SENDING, attempts=1, due_at=NOW,
        handed_over_at=None, look_ups=0, provider_message_id=None, receipt="", error="",
        created_at=NOW, updated_at=NOW, customer_id=customer_id, feed=f"campaign:{uuid4()}",
    )  # fmt: skip


async def test_senders_that_make_the_same_links_at_once_share_them(company: Company) -> None:
    wanted = [("link", f"https://shop.example.test/{number}") for number in range(5)]
    feed, texts = f"campaign:{uuid4()}", [url for _, url in wanted]

    async def make() -> tuple[int, int]:
        async with company.work.transaction() as tx:
            about: dict[str, Any] = {"feed": feed, "now": NOW}
            (made,) = await marketing.make_links(tx, wanted=[(None, wanted[::-1])], **about)
            nobodys, own, again = await marketing.make_short_links(
                tx, wanted=[(None, texts), (message_id, texts), (message_id, texts[:2])], **about
            )
            assert again == {url: own[url] for url in texts[:2]}
        return len(set(made)), len(set(nobodys.values()) | set(own.values()))

    message_id = uuid4()
    assert set(await asyncio.gather(*(make() for _ in range(12)))) == {(5, 10)}


async def leave(company: Company, one: Message, **tracking: Any) -> Content:
    content = Content(subject="s", text="Look: https://shop.example.test/b.", html=HTML)
    async with company.work.transaction() as tx:
        (led,) = await with_links(tx, [(one, content)], Tracking(**tracking))
    return led


def paths(content: Content) -> list[str]:
    return [url.removeprefix(SITE) for url in addresses_of(content.html, is_html=True)]


async def follow(
    at: httpx.AsyncClient, path: str, *, method: str = "GET", agent: str = BROWSER
) -> httpx.Response:
    return await at.request(method, path, headers={"user-agent": agent}, follow_redirects=False)


async def test_a_link_leads_to_its_stored_address_and_nowhere_else(
    company: Company, app: Litestar
) -> None:
    """A-MKT-14."""
    customer_id = (await company.people(1))[0]
    one = message(customer_id)
    sent = await leave(company, one, opens=True, utm=Utm(source="tea", medium="email"))
    first, second, own, hidden = paths(sent)
    assert (own, sent.text.count("/l/")) == ("/u/token", 1)
    at = visitor(app)
    company.hands.advance(minutes=5)

    there = await follow(at, first)
    assert (there.status_code, there.headers["location"]) == (
        302,
        "https://shop.example.test/a?x=1&y=2&utm_source=tea&utm_medium=email",
    )
    raw = base64.urlsafe_b64decode(second.removeprefix("/l/") + "==")
    forged = [
        second[:-3] + "abc",
        second[:-1],
        "/l/" + base64.urlsafe_b64encode(b"https://evil.example.test").decode(),
        "/l/javascript:alert(1)",
        "/l/" + base64.urlsafe_b64encode(raw[:1] + uuid4().bytes + raw[17:]).decode().rstrip("="),
        "/l/" + base64.urlsafe_b64encode(raw[:17] + uuid4().bytes + raw[33:]).decode().rstrip("="),
        second + "?to=https://evil.example.test",
    ]
    answers = [await follow(at, path) for path in forged]
    assert [one.status_code for one in answers] == [400] * 6 + [302]
    assert answers[-1].headers["location"].startswith("https://shop.example.test/b")
    assert all("location" not in one.headers for one in answers[:-1])
    assert (await follow(at, hidden)).status_code == 204
    dot = sent.html.split('src="')[1].split('"')[0].removeprefix(SITE)
    seen = await follow(at, dot)
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/gif")


async def test_a_scanner_is_told_from_the_person_who_clicks_after_it(
    company: Company, app: Litestar
) -> None:
    """A-MKT-21: HEAD, then every link within ten seconds, then somebody reads the mail."""
    customer_id = (await company.people(1))[0]
    one = message(customer_id)
    first, second, _, _ = paths(await leave(company, one))
    at = visitor(app)

    company.hands.advance(seconds=30)
    await follow(at, first, method="HEAD")
    await follow(at, first)
    company.hands.advance(seconds=2)
    await follow(at, second)
    async with company.work.transaction() as tx:
        assert await marketing.settle(tx, now=company.hands.now()) == 0
    company.hands.advance(minutes=10)
    await follow(at, first)
    company.hands.advance(seconds=20)
    async with company.work.transaction() as tx:
        assert await marketing.settle(tx, now=company.hands.now()) == 4
        assert await marketing.settle(tx, now=company.hands.now()) == 0
        await tx.end()
        told = [row["payload"] for row in await tx.records(EVENTS)]
        page = await marketing.list_engagement(tx, one.feed, limit=10)

    assert [(row["verdict"], row["reason"]) for row in told] == [
        ("bot", "head"),
        ("bot", "all_links"),
        ("bot", "all_links"),
        ("human", "no_sign_of_a_machine"),
    ]
    assert {row["customer_id"] for row in told} == {str(customer_id)}
    newest = page.items[0]
    answer = await company.client.post(
        f"/v1/engagement/{newest.id}/verdict", json={"verdict": "bot", "reason": "our own test"}
    )
    assert (answer.status_code, answer.json()["verdict"]) == (201, "bot")
    async with company.work.transaction() as tx:
        last = (await tx.records(EVENTS))[-1]
        assert await marketing.settle(tx, now=company.hands.now()) == 0
    assert (last["topic"], last["payload"]["verdict_before"]) == (
        "marketing.engagement_rejudged.v1",
        "human",
    )


async def test_without_persons_only_numbers_are_kept(company: Company, app: Litestar) -> None:
    one = message((await company.people(1))[0])
    first = paths(await leave(company, one, is_personal=False))[0]
    company.hands.advance(minutes=5)
    assert (await follow(visitor(app), first)).status_code == 302
    async with company.work.transaction() as tx:
        (kept,) = (await marketing.list_engagement(tx, one.feed, limit=10)).items
        company.hands.advance(minutes=1)
        await marketing.settle(tx, now=company.hands.now())
        assert await tx.records(EVENTS) == []
    assert (kept.message_id, kept.customer_id, kept.verdict) == (None, None, "human")


@pytest.mark.parametrize(
    ("hit", "kind", "expected"),
    [
        (Hit(method="GET", user_agent=BROWSER, address="203.0.113.9", at=NOW), "link", "human"),
        (Hit(method="HEAD", user_agent=BROWSER, address="203.0.113.9", at=NOW), "link", "bot"),
        (Hit(method="GET", user_agent="", address="203.0.113.9", at=NOW), "link", "bot"),
        (Hit(method="GET", user_agent="curl/8", address="203.0.113.9", at=NOW), "link", "bot"),
        (Hit(method="GET", user_agent=BROWSER, address="104.47.3.4", at=NOW), "link", "bot"),
        (Hit(method="GET", user_agent=BROWSER, address="17.58.1.2", at=NOW), "pixel", "bot"),
        (Hit(method="GET", user_agent=BROWSER, address="203.0.113.9", at=NOW), "hidden", "bot"),
        (Hit(method="GET", user_agent=BROWSER, address="not an address", at=NOW), "link", "human"),
    ],
)
def test_one_request_alone_tells(hit: Hit, kind: str, expected: str) -> None:
    assert at_first_sight(hit, kind, NOW - timedelta(minutes=5))[0] == expected
    assert at_first_sight(hit, kind, NOW - timedelta(seconds=1))[0] == "bot"


def test_a_trap_taints_its_own_network_and_nobody_elses() -> None:
    def click(network: str, seconds: int, reason: str = "no_sign_of_a_machine") -> Engagement:
        return Engagement(
            id=uuid4(), feed="campaign:x", message_id=UUID(int=1), customer_id=None,
            variant_id=None, channel="email", type="click", link_id=uuid4(), url="", method="GET",
            at=NOW + timedelta(seconds=seconds), user_agent=BROWSER, network=network,
            verdict="bot" if reason == "hidden_link" else "human", reason=reason,
        )  # fmt: skip

    found = [
        click("198.51.100.0/24", 0, "hidden_link"),
        click("198.51.100.0/24", 20),
        click("203.0.113.0/24", 21),
        click("198.51.100.0/24", 900),
    ]
    assert [one.verdict for one in judged(found, links=5)] == ["bot", "bot", "human", "human"]


def test_tags_go_where_none_are_and_rewriting_leaves_everything_else() -> None:
    utm = Utm(source="tea", medium="email", campaign="spring")
    assert tagged("https://a.test/?utm_source=x#top", utm) == (
        "https://a.test/?utm_source=x&utm_medium=email&utm_campaign=spring#top"
    )
    assert tagged("https://a.test/", Utm()) == "https://a.test/"
    body = "<p>https://a.test stays</p><a class='x' href='https://a.test?b=1&amp;c=2'>go</a>"
    assert addresses_of(body, is_html=True) == ["https://a.test?b=1&c=2"]
    assert replaced(body, {"https://a.test?b=1&c=2": "https://t.test/l/x"}, is_html=True) == (
        "<p>https://a.test stays</p><a class='x' href=\"https://t.test/l/x\">go</a>"
    )
    odd = '<a data-href="https://a.test/no" title="a > href=\'b\'" href=https://a.test/yes>go</a>'
    assert addresses_of(odd, is_html=True) == ["https://a.test/yes"]
    assert replaced(odd, {"https://a.test/yes": "https://t.test/l/x"}, is_html=True) == (
        odd.replace("https://a.test/yes", '"https://t.test/l/x"')
    )
    said = (
        "(https://a.test/tea_(drink)), https://[name]/x or https://b.test/y?q=1। https://c.test/…"
    )
    assert addresses_of(said, is_html=False) == [
        "https://a.test/tea_(drink)", "https://[name", "https://b.test/y?q=1", "https://c.test/",
    ]  # fmt: skip
    assert not is_trackable("https://[name", "https://own.test")
    assert replaced("See https://a.test.", {"https://a.test": "https://t.test"}, is_html=False) == (
        "See https://t.test."
    )


@pytest.mark.parametrize(
    ("url", "led"),
    [
        (
            "https://shop.test/चाय?x=é#ä",
            "https://shop.test/%E0%A4%9A%E0%A4%BE%E0%A4%AF?x=%C3%A9#%C3%A4",
        ),
        ("https://bücher.test:81/a b", "https://xn--bcher-kva.test:81/a%20b"),
        ("https://a.test/100%25?q=a+b%20c&z=1", "https://a.test/100%25?q=a+b%20c&z=1"),
        ("https://a.test/x\r\nSet-Cookie: y=1", "https://a.test/xSet-Cookie:%20y=1"),
        (f"https://{'ü' * 70}.test/", f"https://{'%C3%BC' * 70}.test/"),
    ],
)
def test_an_address_in_any_script_fits_into_a_header(url: str, led: str) -> None:
    assert in_ascii(url) == led
    body = f'<a href="{url}">x</a>'
    (found,) = addresses_of(body, is_html=True)
    assert in_ascii(found) == led and is_trackable(found.upper(), "https://own.test")


@pytest.mark.parametrize("token", ["", "x", "é" * 90, "A" * 90, "=" * 40, "%00" * 10])
def test_what_we_did_not_make_is_no_link(token: str) -> None:
    with pytest.raises(LinkWrong):
        read_token(token, lambda head, made: True)


async def test_what_a_person_clicked_is_on_their_timeline_and_moves_when_they_are_merged(
    company: Company, app: Litestar
) -> None:
    loser, survivor = await company.people(2, prefix="twin")
    one = message(loser)
    first = paths(await leave(company, one))[0]
    company.hands.advance(minutes=5)
    at = visitor(app)
    await follow(at, first, agent="curl/8")
    await follow(at, first)
    company.hands.advance(minutes=1)
    async with company.work.transaction() as tx:
        await marketing.settle(tx, now=company.hands.now())
        await tx.end()
        told = await tx.records(EVENTS)
        found = subscription(CampaignClicked.topic, "customers.timeline")
        assert found
        for row in told:
            event = msgspec.convert(row["payload"], CampaignClicked)
            await found.handle(tx, event, company.hands.now())
            await found.handle(tx, event, company.hands.now())
    lines = (await company.client.get(f"/v1/customers/{loser}/timeline")).json()["items"]
    assert [line["kind"] for line in lines].count("campaign_clicked") == 1
    async with company.database.transaction(company.actor) as tx:
        done = await merge(tx, survivor, loser, now=company.hands.now())
        page = await marketing.list_engagement(tx, one.feed, limit=10)
        assert {kept.customer_id for kept in page.items} == {survivor}
        await undo(tx, done.id, now=company.hands.now())
        page = await marketing.list_engagement(tx, one.feed, limit=10)
        assert {kept.customer_id for kept in page.items} == {loser}
        person = Person(customer_id=loser)
        assert len(await HOLDERS["engagement"].export(tx, person)) == 2  # type: ignore[misc]
        await marketing.erase_person(tx, loser)
        page = await marketing.list_engagement(tx, one.feed, limit=10)
        assert {(kept.customer_id, kept.user_agent) for kept in page.items} == {(None, "")}
