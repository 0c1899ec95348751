"""Dashboards and the explore page as documents: every number on them leads to its rows."""

import re
from html import unescape

import httpx2 as httpx
import pytest

from tandem.crm.analytics.domain.catalogue import latest
from tandem.crm.analytics.domain.dashboards import READY
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.analytics.filled import fill
from tests.analytics.givens import Counted

FORM = r'action="/exports"[^>]*><input type="hidden" name='
GONE = """
    update analytics.dashboard
       set tiles = regexp_replace(tiles::text, '(orders|revenue)@[0-9]', 'gone@1', 'g')::jsonb
"""
SITE = {"origin": "http://test", "sec-fetch-site": "same-origin"}


@pytest.fixture
async def company(database: Database, actor: Actor) -> Counted:
    made = Counted(database, actor)
    await fill(made)
    return made


async def test_every_page_opens_and_every_number_on_it_opens_its_rows(
    client: httpx.AsyncClient, company: Counted
) -> None:
    for key, ready in READY.items():
        answer = await client.get(f"/dashboards/{key}?period=last_365_days")
        assert answer.status_code == 200, answer.text[:2000]
        assert all(tile.title in unescape(answer.text) for tile in ready.tiles)
        assert all(f'href="/dashboards/{other}"' in answer.text for other in READY)
        links = re.findall(r'href="(/explore/rows[^"]+)"', answer.text)
        assert len(links) >= len(ready.tiles), key
        for link in links[:: max(1, len(links) // 2)]:
            rows = await client.get(unescape(link))
            assert rows.status_code == 200, (link, rows.text[:2000])
    for metric in latest()[::4]:
        answer = await client.get(f"/explore?measure={metric.key}&period=last_90_days")
        assert answer.status_code == 200, (metric.key, answer.text[:2000])
    credited = await client.get("/explore?measure=credited_orders&model=first&window=90&by=source")
    assert '<option value="first" selected>' in credited.text
    assert "window_days" in unescape(credited.text)
    assert (await client.get("/explore/dictionary")).status_code == 200
    await _people_open(client)


async def test_every_menu_takes_along_what_the_page_shows(
    client: httpx.AsyncClient, company: Counted
) -> None:
    """Tiles, whole dashboards and rows; the list of files has them all."""
    taken = 0
    for path in (
        "/dashboards/sales",
        "/explore?measure=orders&by=channel&grain=",
        "/funnels",
        "/retention",
        "/attribution",
    ):
        shown = await client.get(path)
        drafts = re.findall(rf'{FORM}"draft" value="([^"]+)"', shown.text)
        assert len(drafts) >= 1, path
        for draft in {drafts[0], drafts[-1]}:
            form = {"draft": unescape(draft), "file": "csv"}
            asked = await client.post("/exports", headers=SITE, data=form)
            assert asked.status_code == 303, asked.text[:2000]
            file = await client.get(asked.headers["location"])
            assert (file.status_code, len(file.content) > 20) == (200, True)
            assert file.headers["content-disposition"].startswith("attachment; filename=")
            taken += 1
    listed = await client.get("/exports")
    assert listed.text.count('title="Download ') == taken == 6
    wrong = await client.post("/exports", headers=SITE, data={"draft": "{}", "file": "csv"})
    assert wrong.status_code == 422


async def test_what_makes_no_sense_is_said_and_breaks_nothing(
    client: httpx.AsyncClient, company: Counted
) -> None:
    for path, status in (
        ("/dashboards/nowhere", 404),
        ("/dashboards/sales?period=someday&compare=yes&first=x&last=y", 200),
        ("/dashboards/sales?first=2026-11-02&last=2026-11-01", 200),
        ("/explore?measure=nothing&by=nothing&grain=era&shape=cake", 200),
        ("/explore?measure=pipeline&grain=day", 200),
        ("/explore/rows?ask=x", 422),
        ('/explore/rows?ask={"query":{"measures":["revenue"]},"measure":"orders"}', 422),
        ('/explore/rows?ask={"query":{"measures":["revenue"]},"measure":"revenue"}&cursor=x', 422),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, (path, answer.text[:3000])


async def test_a_question_is_kept_as_a_tile_of_ones_own_dashboard(
    client: httpx.AsyncClient, company: Counted
) -> None:
    """With the versions of today: a later meaning of revenue does not change it."""
    form = {"title": "Sales by shop", "name": "Mine", "dashboard": ""}
    asked = "/explore?measure=revenue&by=channel&grain=&shape=bar"
    saved = await client.post(asked, headers=SITE, data=form)
    assert saved.status_code == 303, saved.text[:2000]
    (made,) = (await client.get("/v1/dashboards")).json()
    assert made["tiles"][0]["query"]["measures"] == ["revenue@2"]
    page = await client.get(saved.headers["location"])
    assert "Sales by shop" in page.text
    again = await client.post(
        asked, headers=SITE, data=form | {"title": "More", "dashboard": made["id"]}
    )
    assert again.headers["location"] == saved.headers["location"]
    own = saved.headers["location"]
    named = {"name": "Ours", "role": ["sales", "finance"], "filter_by": "sku"}
    assert (await client.post(own, headers=SITE, data=named)).status_code == 422
    named["filter_by"] = "state"
    assert (await client.post(own, headers=SITE, data=named)).status_code == 303
    narrowed = (await client.get(own, params={"only": "29", "period": "last_90_days"})).text
    assert 'aria-label="Only State' in narrowed and "Karnataka" in narrowed
    assert (await client.post(own, headers=SITE, data={"tile": "0"})).status_code == 303
    (made,) = (await client.get("/v1/dashboards")).json()
    assert made["filter_by"] == "state"
    assert (made["name"], made["shared_with"]) == ("Ours", ["finance", "sales"])
    assert [tile["title"] for tile in made["tiles"]] == ["More"]
    await _tabs_part_the_tiles(client, company, form | {"dashboard": made["id"]}, own)
    assert (await client.post(f"{own}/removal", headers=SITE)).status_code == 303
    assert (await client.get("/v1/dashboards")).json() == []


async def _tabs_part_the_tiles(
    client: httpx.AsyncClient, company: Counted, form: dict[str, str], own: str
) -> None:
    """Each tab shows its own tiles and keeps the days; the last tile takes the filter with it, and
    tiles of numbers that are no more can be taken off."""
    weekly = "/explore?measure=orders&by=&grain=week&shape=line&week_start=sunday"
    assert 'aria-label="Weeks begin on"' in (await client.get(weekly)).text
    for title, tab in (("By week", "Course"), ("By shop", " Course ")):
        saved = await client.post(weekly, headers=SITE, data=form | {"title": title, "tab": tab})
        assert saved.status_code == 303, saved.text[:2000]
    (made,) = (await client.get("/v1/dashboards")).json()
    assert [tile["tab"] for tile in made["tiles"]] == ["", "Course", "Course"]
    assert made["tiles"][1]["query"]["week_start"] == "sunday"

    async def shown(**params: str) -> list[str]:
        page = (await client.get(own, params=params)).text
        return re.findall(r'<h2 id="tile-[0-9]+"[^>]*>([^<]+)<', page)

    assert await shown() == await shown(tab="nothing") == ["More"]
    assert await shown(tab="Course") == ["By week", "By shop"]
    course = f"{own}?tab=Course"
    for act, tile, titles in (
        ("earlier", "2", ["By shop", "By week"]),
        ("earlier", "1", ["By shop", "By week"]),
        ("later", "1", ["By week", "By shop"]),
        ("wide", "1", ["By week", "By shop"]),
        ("nonsense", "77", ["By week", "By shop"]),
    ):
        done = await client.post(course, headers=SITE, data={"tile": tile, "act": act})
        assert done.headers["location"] == course, done.text[:2000]
        assert await shown(tab="Course") == titles
    assert "As wide as the page" in (await client.get(course)).text
    page = (await client.get(own, params={"period": "last_90_days"})).text
    assert "?period=last_90_days&amp;tab=Course" in page
    moved = {"name": "Ours", "role": "sales", "tab_0": "Course", "tab_1": "Course", "tab_2": ""}
    long = await client.post(own, headers=SITE, data=moved | {"tab_0": "x" * 41})
    assert long.status_code == 422
    assert (await client.post(own, headers=SITE, data=moved)).status_code == 303
    assert await shown() == ["More", "By week"] and await shown(tab="") == ["By shop"]
    async with company.database.transaction(company.actor) as tx:
        await tx.connection.execute(GONE)
    for shown_gone in (2, 1, 1):
        page = unescape((await client.get(own)).text)
        assert page.count("There is no metric 'gone'") == shown_gone
        assert (await client.post(own, headers=SITE, data={"tile": "0"})).status_code == 303
    assert "No tile yet" in (await client.get(own)).text
    (made,) = (await client.get("/v1/dashboards")).json()
    assert (made["tiles"], made["filter_by"]) == ([], "")


async def _people_open(client: httpx.AsyncClient) -> None:
    """Funnels and cohorts, a kept one, and addresses that make no sense."""
    asked = "/funnels?s1=order_placed&s2=order_confirmed&by=channel&period=last_90_days"
    shown = await client.get(asked)
    assert shown.status_code == 200, shown.text[:2000]
    for path, page in (("funnels", shown), ("retention", await client.get("/retention"))):
        links = set(re.findall(rf'href="(/{path}/[a-z]+\?ask=[^"]+)"', page.text))
        assert len(links) > 5, page.text[:3000]
        for link in sorted(links)[::4]:
            people = await client.get(unescape(link))
            assert people.status_code == 200, (link, people.text[:2000])
            count = int(re.search(r"muted\">([0-9,]+) p", people.text)[1])  # type: ignore[index]
            assert people.text.count("<tr data-href=") == min(count, 50), link
    kept = await client.post(asked, headers=SITE, data={"name": "To the money"})
    assert kept.status_code == 303, kept.text[:2000]
    own = kept.headers["location"]
    again = await client.get(own)
    assert "To the money" in again.text and "Order confirmed" in again.text
    assert (await client.post(f"{own}/removal", headers=SITE)).status_code == 303
    for path, status in (
        ("/funnels?s1=nothing", 200),
        ("/funnels?s1=order_placed&s2=order_placed&order=any", 200),
        ("/funnels?order=x&within=P0D&by=price&first=x&last=y", 200),
        ("/funnels/people?ask=x", 422),
        ("/retention?grain=era", 200),
        ("/retention?begins=nothing", 200),
        ("/retention/often?ask={}", 422),
        (own, 404),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, (path, answer.text[:3000])
