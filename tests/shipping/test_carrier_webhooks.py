"""What carriers tell by themselves: signed, once, however late or mixed up (AS8)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.signatures import sign
from tandem.scm.shipping.domain.notices import Form, NotANotice, read_notice
from tests.shipping.givens import order
from tests.shipping.shipped import ship

SITE = {"origin": "http://test", "sec-fetch-site": "same-origin"}


def tracker(awb: str, *details: tuple[str, str], event: str = "evt_1") -> bytes:
    """As EasyPost's API writes one (recorded answers of its Python client)."""
    told = [
        {
            "object": "TrackingDetail",
            "message": f"Parcel {status}",
            "status": status,
            "status_detail": "status_update",
            "datetime": at,
            "source": "USPS",
            "tracking_location": {"city": "HOUSTON", "state": "TX", "country": None, "zip": None},
        }
        for status, at in details
    ]
    result = {"object": "Tracker", "tracking_code": awb, "tracking_details": told}
    return json.dumps(
        {"id": event, "object": "Event", "description": "tracker.updated", "result": result}
    ).encode()


async def send(
    client: httpx.AsyncClient, path: str, body: bytes, secret: str, mark: str = "hmac-sha256-hex="
) -> httpx.Response:
    headers = {
        "x-hmac-signature": f"{mark}{sign(secret, body)}",
        "content-type": "application/json",
        "authorization": "",
    }
    return await client.post(path, content=body, headers=headers)


async def an_account(client: httpx.AsyncClient, **given: str) -> dict[str, Any]:
    made = await client.post("/v1/carrier-accounts", json={"name": "Post", **given})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_parcel_follows_what_its_carrier_sends_signed(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order(), carrier="manual")
    page = f"/shipments/{made.id}"
    assert "Carrier&#39;s number" in (await client.get(page)).text
    bad = await client.post(f"{page}/awb", data={"awb": "no!"}, headers=SITE)
    assert (bad.status_code, "4 to 40 letters" in bad.text) == (422, True)
    done = await client.post(f"{page}/awb", data={"awb": "EZ1000000001"}, headers=SITE)
    assert done.status_code == 303, done.text
    assert (await client.get(f"/v1{page}")).json()["status"] == "ready"
    account = await an_account(client, form="easypost")
    path, secret = account["path"], account["secret"]
    today = database.clock.now().replace(microsecond=0)
    hours = [(today - timedelta(hours=hour)).isoformat() for hour in (3, 2, 1)]
    way = list(zip(("in_transit", "out_for_delivery", "delivered"), hours, strict=True))
    old = (today - timedelta(days=500)).isoformat()
    body = tracker("EZ1000000001", way[1], ("pre_transit", old), way[0])

    spaced = json.dumps(json.loads(body), indent=1).encode()
    for wrong, key in ((body, "nobody's"), (body, "")):
        assert (await send(client, path, wrong, key)).status_code == 401
    forged = await client.post(
        path, content=spaced, headers={"x-hmac-signature": f"hmac-sha256-hex={sign(secret, body)}"}
    )
    unknown = path.replace(account["account"]["id"], str(made.id))
    assert (forged.status_code, (await send(client, unknown, body, secret)).status_code) == (
        401, 401,
    )  # fmt: skip
    for _ in range(3):
        taken = await send(client, path, body, secret)
        assert (taken.status_code, taken.json()) == (200, {"status": "ok"})
    await outbox.drain(database)
    shipment = f"/v1/shipments/{made.id}"
    assert (await client.get(shipment)).json()["status"] == "out_for_delivery"
    scans = (await client.get(f"{shipment}/events")).json()["items"]
    assert [(one["status"], one["location"], one["source"]) for one in scans] == [
        ("in_transit", "HOUSTON, TX", "easypost"),
        ("out_for_delivery", "HOUSTON, TX", "easypost"),
    ]
    # The secret is changed: the old one is good once more, then no longer.
    rotation = f"/v1/carrier-accounts/{account['account']['id']}/secret"
    newer = (await client.post(rotation)).json()["secret"]
    last = tracker("EZ1000000001", *way, event="evt_2")
    assert (await send(client, path, last, secret)).status_code == 200
    early = tracker("EZ1000000001", way[0], event="evt_0")
    assert (await send(client, path, early, newer, mark="")).status_code == 200
    await client.post(rotation)
    assert (await send(client, path, last, secret)).status_code == 401
    await outbox.drain(database)
    assert (await client.get(shipment)).json()["status"] == "delivered"
    assert len((await client.get(f"{shipment}/events")).json()["items"]) == 3
    [listed] = (await client.get("/v1/carrier-accounts")).json()["items"]
    assert listed["heard_at"] and "secret" not in listed


async def test_an_account_is_made_on_its_page_and_removed_for_good(
    client: httpx.AsyncClient, database: Database
) -> None:
    page = await client.post(
        "/settings/carriers", data={"name": "Fleet of others", "form": "tandem"}, headers=SITE
    )
    assert page.status_code == 200 and "Copy the secret now" in page.text
    again = {"name": "Fleet of others"}
    refused = await client.post("/v1/carrier-accounts", json=again)
    assert (refused.status_code, refused.json()["code"]) == (409, "carrier_account_name_taken")
    bad = await client.post("/settings/carriers", data={"name": "", "form": "fax"}, headers=SITE)
    assert bad.status_code == 422
    account = await an_account(client)
    path, secret, known = account["path"], account["secret"], account["account"]["id"]
    told = {"id": "1", "awb": "NOBODYS-1", "scans": []}
    assert (await send(client, path, json.dumps(told).encode(), secret)).status_code == 200
    nothing = await send(client, path, b'{"hello": 1}', secret)
    assert nothing.status_code == 422
    await outbox.drain(database)
    removed = await client.delete(f"/v1/carrier-accounts/{known}")
    assert removed.status_code == 204
    assert (await send(client, path, json.dumps(told).encode(), secret)).status_code == 401
    assert (await client.delete(f"/v1/carrier-accounts/{known}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"id":"1","awb":"A B","scans":[]}', b"\xff\xfe",
     tracker("EZ1000000001", ("delivered", "yesterday"))],
)  # fmt: skip
def test_what_tells_of_no_parcel_is_no_notice(body: bytes) -> None:
    for form in Form:
        with pytest.raises(NotANotice):
            read_notice(form, body)


def test_a_time_without_its_zone_is_utc_and_words_are_kept_plain() -> None:
    body = tracker("EZ1000000001", ("sorted\u202e_somehow", "2026-11-22T10:00:00"))
    [seen] = read_notice(Form.EASYPOST, body).scans
    assert (seen.status, seen.occurred_at) == ("unknown", datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert seen.reason == "Parcel sorted _somehow"
