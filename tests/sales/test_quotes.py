"""Quotes: numbered, versioned, sent with their paper, answered once by whoever holds the link."""

import asyncio
import hashlib
from datetime import datetime, timedelta

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.flows import win_opportunity
from tandem.flows.quotes import paper
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.invoicing import service as invoicing
from tests.flows.shop import open_shop
from tests.givens import api_key_of, visitor
from tests.sales.quoting import SENT, Quoting, refusal


@pytest.fixture
async def quoting(
    client: httpx.AsyncClient,
    app: Litestar,
    database: Database,
    actor: Actor,
    now: datetime,
    tmp_path: object,
) -> Quoting:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    return Quoting(client, app, database, actor, shop, str(tmp_path))


async def test_a_quote_takes_its_deals_lines_and_is_taxed_for_where_it_goes(
    quoting: Quoting,
) -> None:
    deal = await quoting.deal()
    path = f"/v1/opportunities/{deal['id']}/lines"
    await quoting.client.put(path, json={"lines": quoting.lines})
    quote = await quoting.post("/v1/quotes", {"opportunity_id": deal["id"]})
    assert (quote["number"], quote["revision"], quote["state"]) == ("QUO-1001", 1, "draft")
    assert [one["unit_price_minor"] for one in quote["lines"]] == [210_00, 999_00]
    assert not quote["is_inter_state"]
    delhi = {"name": "M", "line1": "1 Janpath", "city": "New Delhi", "postal_code": "110001"}
    answer = await quoting.client.patch(f"/v1/quotes/{quote['id']}", json={"ship_to": delhi})
    moved = answer.json()
    assert (moved["is_inter_state"], moved["place_of_supply"]) == (True, "07")
    assert sum(one["igst_minor"] for one in moved["lines"]) == moved["tax_minor"]
    assert moved["total_minor"] == quote["total_minor"] == 4 * 210_00 + 900_00
    wrong = await quoting.client.patch(f"/v1/quotes/{quote['id']}", json={"customer_gstin": "29X"})
    assert wrong.status_code == 422
    stale = await quoting.client.patch(
        f"/v1/quotes/{quote['id']}", json={"note": "x"}, headers={"if-match": '"1"'}
    )
    assert refusal(stale) == (412, "stale_version", None)


async def test_a_sent_version_stays_as_it_was_and_an_edit_makes_the_next(quoting: Quoting) -> None:
    first = await quoting.sent()
    assert first["state"] == "sent"
    change = await quoting.client.patch(f"/v1/quotes/{first['id']}", json={"note": "cheaper"})
    assert refusal(change) == (409, "quote_sent", None)
    second = await quoting.post(f"/v1/quotes/{first['id']}/revisions")
    assert (second["number"], second["revision"], second["state"]) == ("QUO-1001", 2, "draft")
    again = await quoting.client.post(f"/v1/quotes/{first['id']}/revisions")
    assert refusal(again) == (409, "quote_draft_exists", None)
    cheaper = [{**quoting.lines[0], "unit_price_minor": 200_00}]
    await quoting.client.patch(f"/v1/quotes/{second['id']}", json={"lines": cheaper})
    assert (await quoting.look(first)).status_code == 200
    assert (await quoting.look(second)).status_code == 404
    await quoting.post(f"/v1/quotes/{second['id']}/sending")
    kept = await quoting.read(first)
    assert (kept["state"], kept["total_minor"]) == ("superseded", first["total_minor"])
    assert (await quoting.look(first)).status_code == 410
    assert (await quoting.accept(first)).status_code == 410
    assert (await quoting.accept(second)).status_code == 303
    other = await quoting.draft(await quoting.deal("Another"))
    assert other["number"] == "QUO-1002"


async def test_what_cannot_be_sent_says_why(quoting: Quoting) -> None:
    deal = await quoting.deal()
    for given, field in (
        ({"lines": []}, "lines"),
        ({"customer_email": None}, "customer_email"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": "9999-12-31"}, "valid_until"),
    ):
        quote = await quoting.draft(deal, **given)
        answer = await quoting.client.post(f"/v1/quotes/{quote['id']}/sending")
        assert refusal(answer) == (422, "invalid", field)
        assert (await quoting.read(quote))["state"] == "draft"
    assert await quoting.told() == []
    assert await quoting.rows(SENT) == []


async def test_the_paper_is_kept_with_its_hash_and_the_buyer_told_once(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    quote = await quoting.sent(note="As we said on the phone.")
    await paper.print_quote(quoting.work, quote["id"])
    (mail,) = await quoting.rows(SENT)
    assert mail["recipient"] == "meera@example.test"
    assert "QUO-1001" in mail["subject"]
    assert f"/q/{quote['token']}" in mail["text"]
    assert "As we said on the phone." in mail["text"]
    printed = await quoting.client.get(f"/v1/quotes/{quote['id']}/pdf")
    assert printed.content.startswith(b"%PDF-")
    assert hashlib.sha256(printed.content).hexdigest() == quote["pdf_sha256"]
    assert (await quoting.accept(quote)).status_code == 303
    ordered = await quoting.order(quote)
    async with database.transaction(actor) as tx:
        seller = await invoicing.get_seller(tx)
        renamed = seller.as_printed()
        await invoicing.save_seller(tx, renamed, now=now)
    await paper.print_quote(quoting.work, quote["id"])
    assert (await quoting.read(quote))["pdf_sha256"] == quote["pdf_sha256"]
    assert ordered["pdf_sha256"] == quote["pdf_sha256"]
    public = await quoting.buyer.get(f"/q/{quote['token']}/quote.pdf")
    assert public.content == printed.content
    assert len(await quoting.rows(SENT)) == 1


async def test_looking_changes_nothing_and_the_pages_script_says_it_was_seen(
    quoting: Quoting,
) -> None:
    quote = await quoting.sent()
    page = await quoting.look(quote)
    assert page.status_code == 200
    assert "Accept for ₹1,740.00" in page.text
    assert await quoting.read(quote) == quote
    seen = await quoting.buyer.post(f"/q/{quote['token']}/seen")
    assert seen.status_code == 204
    assert (await quoting.read(quote))["state"] == "viewed"
    await quoting.buyer.post(f"/q/{quote['token']}/seen")
    assert await quoting.told() == ["quote_sent", "quote_viewed"]


async def test_parallel_clicks_accept_once_and_nothing_is_edited_after(quoting: Quoting) -> None:
    quote = await quoting.sent()
    answers = await asyncio.gather(*(quoting.accept(quote) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 7
    assert (await quoting.accept(quote)).status_code == 410
    assert (await quoting.decline(quote)).status_code == 410
    for method, path, body in (
        ("PATCH", f"/v1/quotes/{quote['id']}", {"note": "x"}),
        ("POST", f"/v1/quotes/{quote['id']}/revisions", None),
        ("POST", f"/v1/quotes/{quote['id']}/acceptance", {"name": "Staff"}),
    ):
        answer = await quoting.client.request(method, path, json=body)
        assert refusal(answer)[:2] == (410, "quote_ended"), path
    kept = await quoting.read(quote)
    assert (kept["state"], kept["settled_by"]) == ("accepted", "Meera Rao")
    assert (kept["order_state"], kept["ship_to"]["state_code"]) == ("pending_order", "29")
    assert (await quoting.told()).count("quote_accepted") == 1


async def test_two_quotes_of_one_deal_become_one_order(quoting: Quoting) -> None:
    deal = await quoting.deal()
    first, second = await quoting.sent(deal), await quoting.sent(deal)
    answers = await asyncio.gather(quoting.accept(first), quoting.accept(second))
    assert sorted(answer.status_code for answer in answers) == [303, 410]
    await asyncio.gather(quoting.order(first), quoting.order(second))
    assert len(await quoting.orders()) == 1


async def test_guessed_foreign_and_outdated_links_open_nothing(
    quoting: Quoting,
    app: Litestar,
    database: Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    until = (database.clock.now() + timedelta(days=1)).date()
    quote = await quoting.sent(valid_until=until.isoformat())
    for token in (
        "x" * 22,
        quote["id"],
        quote["token"][:-1],
        quote["token"] + "A",
        "%00",
        "a" * 99,
    ):
        assert (await quoting.buyer.get(f"/q/{token}")).status_code in (404, 400), token
    draft = await quoting.draft(await quoting.deal("Not yet"))
    assert (await quoting.accept(draft)).status_code in (404, 409)
    other = await identity.found_organisation(
        database, name="Others", slug=f"t-{new_id().hex}", now=now
    )
    stranger = Actor(org_id=other, user_id=new_id(), grants=frozenset({"*"}), label="Omar")
    key = await api_key_of(database, stranger)
    async with visitor(app) as theirs:
        theirs.headers["authorization"] = f"Bearer {key}"
        for path in ("", "/pdf"):
            assert (await theirs.get(f"/v1/quotes/{quote['id']}{path}")).status_code == 404
        for act in ("sending", "acceptance", "revisions", "order"):
            answer = await theirs.post(f"/v1/quotes/{quote['id']}/{act}", json={"name": "Omar"})
            assert answer.status_code == 404, act
    assert await quoting.read(quote) == quote
    later = database.clock.now() + timedelta(days=3)
    monkeypatch.setattr(database.clock, "now", lambda: later)
    assert (await quoting.look(quote)).status_code == 410
    assert (await quoting.accept(quote)).status_code == 410
    assert (await quoting.read(quote))["state"] == "sent"
    await win_opportunity.expire_quotes(quoting.work)
    assert (await quoting.read(quote))["state"] == "expired"
    assert await quoting.told() == ["quote_sent", "quote_expired"]


async def test_an_answer_needs_a_name_and_somewhere_to_deliver(quoting: Quoting) -> None:
    quote = await quoting.sent()
    nameless = await quoting.accept(quote, name="")
    assert (nameless.status_code, "Give your name." in nameless.text) == (422, True)
    nowhere = await quoting.buyer.post(f"/q/{quote['token']}/acceptance", data={"name": "Meera"})
    assert (nowhere.status_code, "Say where it goes." in nowhere.text) == (422, True)
    wrong = await quoting.accept(quote, ship_postal_code="12")
    assert wrong.status_code == 422
    assert (await quoting.read(quote)) == quote
    hostile = await quoting.decline(quote, "<script>alert(1)</script>")
    assert hostile.status_code == 303
    kept = await quoting.read(quote)
    assert (kept["state"], kept["decline_reason"]) == ("declined", "<script>alert(1)</script>")
    assert (await quoting.look(quote)).status_code == 410
    assert (await quoting.accept(quote)).status_code == 410
