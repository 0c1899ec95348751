import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.shipping import PromiseAsk
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.configuration import Configuration, Origin
from tandem.scm.shipping.domain.coverage import Coverage
from tests.shipping.givens import AT_BENGALURU, WAREHOUSE, india, order

MONDAY = india("2026-11-23 10:00")


async def promises(database: Database, actor: Actor, *pins: str) -> list[tuple[str, date]]:
    asks = [PromiseAsk(postal_code=pin, purchased_at=MONDAY) for pin in pins]
    async with database.transaction(actor) as tx:
        found = await service.promise(tx, asks, now=MONDAY)
    return [(promise.zone, promise.promised_on) for promise in found]


FORM = {
    "version": "0",
    "origin_name": "Hub",
    "time_zone": "Asia/Kolkata",
    "handling_days": "1",
    "before_cut_off_days": "2",
    "after_cut_off_days": "3",
    **{f"transit_{zone}": "3" for zone in "ABCDEX"},
    **{f"{name}_1": "true" for name in ("origin", "carrier", "delivery")},
}


async def test_a_batch_of_purchases_is_promised_in_order_and_in_one_query(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    pins = ["560001", "570001", "400001", "302001", "781001"]
    assert await promises(database, actor, *pins) == [
        ("A", date(2026, 11, 25)),
        ("B", date(2026, 11, 26)),
        ("C", date(2026, 11, 26)),
        ("D", date(2026, 11, 28)),
        ("E", date(2026, 12, 1)),
    ]
    asks = [PromiseAsk(postal_code=pin, purchased_at=MONDAY) for pin in pins * 20]
    async with database.transaction(actor) as tx:
        seen: list[str] = []
        tx.connection.add_query_logger(lambda record: seen.append(record.query))
        assert len(await service.promise(tx, asks, now=now)) == 100
        await asyncio.sleep(0)  # the driver logs in the loop's next turn
        assert len(seen) == 1


async def test_without_settings_the_usual_ones_hold(database: Database, actor: Actor) -> None:
    assert await promises(database, actor, "560001", "781001") == [
        ("D", date(2026, 11, 28)),
        ("E", date(2026, 12, 1)),
    ]


async def test_new_settings_count_from_the_next_promise_and_a_rollback_leaves_no_trace(
    database: Database, actor: Actor, now: datetime
) -> None:
    slow = msgspec.structs.replace(
        AT_BENGALURU, origins=[msgspec.structs.replace(AT_BENGALURU.origins[0], handling_days=5)]
    )
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    assert await promises(database, actor, "560001") == [("A", date(2026, 11, 25))]

    with pytest.raises(RuntimeError):
        async with database.transaction(actor) as tx:
            await service.save_settings(tx, slow, now=now)
            found = await service.promise(
                tx, [PromiseAsk(postal_code="560001", purchased_at=MONDAY)], now=now
            )
            assert found[0].promised_on == date(2026, 11, 30)
            raise RuntimeError("the rest of this transaction fails")
    assert await promises(database, actor, "560001") == [("A", date(2026, 11, 25))]

    async with database.transaction(actor) as tx:
        await service.save_settings(tx, slow, now=now)
    assert await promises(database, actor, "560001") == [("A", date(2026, 11, 30))]


async def test_settings_are_replaced_whole_under_their_version(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    first = await client.get("/v1/shipping-settings")
    assert first.headers["etag"] == '"0"'
    assert first.json() == msgspec.to_builtins(Configuration())
    changed = {**first.json(), "transit_days": {**first.json()["transit_days"], "A": 3}}
    put = await client.put("/v1/shipping-settings", json=changed, headers={"if-match": '"0"'})
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    assert (await client.get("/v1/shipping-settings")).json() == changed
    stale = await client.put("/v1/shipping-settings", json=changed, headers={"if-match": '"0"'})
    assert stale.status_code == 412
    second = await client.put("/v1/shipping-settings", json=first.json())
    assert second.headers["etag"] == '"2"'


def changed(path: str, value: Any) -> dict[str, Any]:
    document: Any = msgspec.to_builtins(AT_BENGALURU)
    *steps, last = path.split(".")
    held = document
    for step in steps:
        held = held[int(step)] if step.isdigit() else held[step]
    held[last] = value
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("origins.0.time_zone", "Mars/Olympus", "origins[0].time_zone"),
        ("origins.0.time_zone", "../../etc/passwd", "origins[0].time_zone"),
        ("origins.0.handling_days", -1, "origins[0].handling_days"),
        ("origins.0.calendar.weekdays", [], "origins[0].calendar.weekdays"),
        ("origins.0.calendar.weekdays", [8], "origins[0].calendar.weekdays[0]"),
        ("origins.0.calendar.holidays_of", "QQ", "origins[0].calendar.holidays_of"),
        ("origins.0.calendar.subdivision", "A_B", "origins[0].calendar.subdivision"),
        ("origins.0.address.state_code", "07", "origins[0].address.state_code"),
        (
            "origins.0.cut_offs",
            [{"weekday": 1, "at": "14:00"}, {"weekday": 1, "at": "15:00"}],
            "origins[0].cut_offs",
        ),
        ("origins.0.cut_offs", [{"weekday": 1, "at": "24:00"}], "origins[0].cut_offs[0].at"),
        ("delivery_calendar.holidays_of", "in", "delivery_calendar.holidays_of"),
        ("floor.after_cut_off_days", 5, "floor.after_cut_off_days"),
        ("floor.after_cut_off_days", 1, "floor.after_cut_off_days"),
        ("transit_days.A", 61, "transit_days.A"),
        ("zone_overrides", [{"prefix": "0", "zone": "A"}], "zone_overrides[0].prefix"),
        ("zone_overrides", [{"prefix": "56", "zone": "Q"}], "zone_overrides[0].zone"),
        ("origins", [], "origins"),
    ],
)
async def test_settings_that_would_make_no_honest_promise_are_refused(
    client: httpx.AsyncClient, path: str, value: Any, field: str
) -> None:
    answer = await client.put("/v1/shipping-settings", json=changed(path, value))
    assert answer.status_code == 422, answer.json()
    assert answer.json()["field"] == field
    assert (await client.get("/v1/shipping-settings")).headers["etag"] == '"0"'


async def test_a_quote_says_how_the_day_comes_about(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    body = {"postal_code": "560001", "purchased_at": "2026-11-23T10:00:00+05:30"}
    answer = await client.post("/v1/edd-quotes", json=body)
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "zone": "A",
            "accepted_on": "2026-11-23",
            "dispatch_on": "2026-11-24",
            "arrival_on": "2026-11-25",
            "floor_on": "2026-11-25",
            "promised_on": "2026-11-25",
            "prepaid": True,
            "cod": True,
        },
    )


async def test_a_pin_is_served_as_the_longest_line_that_fits_says(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    covered = [
        Coverage(prefix="5", cod=False),
        Coverage(prefix="5600", prepaid=False, cod=False),
        Coverage(prefix="560001"),
        Coverage(prefix="79", prepaid=False),
    ]
    settings = msgspec.structs.replace(AT_BENGALURU, coverage=covered)
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, settings, now=now)
    for pin, state, zone, kinds in (
        ("560001", "Karnataka", "A", (True, True)),
        ("560002", "Karnataka", "A", (False, False)),
        ("570001", "Karnataka", "B", (True, False)),
        ("797001", "Nagaland", "E", (False, True)),
        ("400001", "Maharashtra", "C", (True, True)),
    ):
        there = (await client.get("/v1/serviceability", params={"pin": pin})).json()
        assert (there["state"], there["zone"]) == (state, zone)
        assert (there["prepaid"], there["cod"]) == kinds
        assert (there["promised_on"] is not None) is any(kinds)
    for pin in ("", "56000", "056000", "5600011", "\u0665\u0666\u0660\u0660\u0660\u0661"):
        refused = await client.get("/v1/serviceability", params={"pin": pin})
        assert (refused.status_code, refused.json()["field"]) == (422, "pin")
    twice = msgspec.structs.replace(settings, coverage=[*covered, Coverage(prefix="79")])
    refused = await client.put("/v1/shipping-settings", json=msgspec.to_builtins(twice))
    assert (refused.status_code, refused.json()["field"]) == (422, "coverage")


async def test_the_page_says_in_words_what_goes_where(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    site = {"origin": "http://test", "sec-fetch-site": "same-origin"}
    form = FORM | {"coverage": "79 nothing\n5600 prepaid\nelsewhere cash", "attempts_max": "0"}
    saved = await client.post("/settings/promise", data=form, headers=site)
    assert saved.status_code == 303, saved.text
    async with database.transaction(actor) as tx:
        settings = (await service.get_settings(tx)).configuration
    kept = settings.coverage
    assert (settings.reattempts.is_automatic, settings.reattempts.attempts_max) == (False, 3)
    assert kept == [
        Coverage(prefix="79", prepaid=False, cod=False),
        Coverage(prefix="5600", cod=False),
        Coverage(prepaid=False),
    ]
    assert (
        "79 nothing\n5600 prepaid\nelsewhere cash" in (await client.get("/settings/promise")).text
    )
    for wrong in ("79", "79 maybe", "079 all", "5600011 all"):
        bad = FORM | {"version": "1", "coverage": wrong}
        refused = await client.post("/settings/promise", data=bad, headers=site)
        assert refused.status_code == 422, wrong


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"postal_code": "56000"}, "postal_code"),
        ({"postal_code": "060001"}, "postal_code"),
        ({"postal_code": "560001", "purchased_at": "0001-01-01T00:00:00Z"}, "purchased_at"),
        ({"postal_code": "560001", "purchased_at": "9999-12-31T23:59:59Z"}, "purchased_at"),
        ({"postal_code": "560001", "purchased_at": "2026-11-23T10:00:00"}, "purchased_at"),
        ({"postal_code": "560001", "country": "India"}, "country"),
    ],
)
async def test_a_quote_for_nowhere_or_never_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/v1/edd-quotes", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/v1", "/v1/rates", "/v1/rates/560001"])
async def test_a_path_that_is_nothing_is_answered_in_the_apis_own_words(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_each_organisation_has_its_own_settings(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    stranger = msgspec.structs.replace(actor, org_id=uuid4())
    assert await promises(database, actor, "560001") == [("A", date(2026, 11, 25))]
    assert await promises(database, stranger, "560001") == [("D", date(2026, 11, 28))]
    assert datetime(2026, 11, 23, 4, 30, tzinfo=UTC) == MONDAY


async def test_the_demo_ships_from_its_hub_and_leaves_settings_alone_that_are_there(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.seed_demo(tx, WAREHOUSE, now)
    elsewhere = msgspec.structs.replace(WAREHOUSE, postal_code="400001", state_code="27")
    async with database.transaction(actor) as tx:
        await service.seed_demo(tx, elsewhere, now)
    settings = await client.get("/v1/shipping-settings")
    assert settings.headers["etag"] == '"1"'
    assert settings.json()["origins"][0]["address"]["postal_code"] == "560025"


async def test_goods_leave_from_the_origin_of_their_location(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Mumbai to Bengaluru takes longer than across Bengaluru, and the label says Mumbai."""
    mumbai = msgspec.structs.replace(
        WAREHOUSE, city="Mumbai", postal_code="400001", state_code="27"
    )
    location = uuid4()
    origins = [
        AT_BENGALURU.origins[0],
        Origin(name="Mumbai hub", address=mumbai, location_id=location, handling_days=3),
    ]
    async with database.transaction(actor) as tx:
        await service.save_settings(
            tx, msgspec.structs.replace(AT_BENGALURU, origins=origins), now=now
        )
        here = await service.create_shipment(
            tx, order=order(promised_on=None, placed_at=MONDAY), items=None, now=MONDAY
        )
        there = await service.create_shipment(
            tx,
            order=order(promised_on=None, placed_at=MONDAY),
            items=None,
            now=MONDAY,
            location_id=location,
        )
    assert [here.sender.name, there.sender.name] == ["Bengaluru hub", "Mumbai hub"]
    assert [here.promised_on, there.promised_on] == [date(2026, 11, 25), date(2026, 11, 28)]
