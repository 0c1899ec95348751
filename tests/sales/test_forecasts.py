"""The weighted forecast, worked by hand."""

from decimal import Decimal
from typing import Any

import httpx2 as httpx

from tests.sales.test_opportunities import Desk, desk

__all__ = ["desk"]


async def ask(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    asked = {"from_on": "2027-06-01", "to_on": "2027-08-31", **given}
    answer = await client.get("/v1/forecasts", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_amount_times_probability_by_month(desk: Desk) -> None:
    """The example of frappe/crm #798: 50 %, 50 % and 100 % of a lakh."""
    for month, chance in (("06", 50), ("07", 50), ("08", 100)):
        made = await desk.open(month, amount_minor=1_00_000_00, close_on=f"2027-{month}-15")
        path = f"/v1/opportunities/{made['id']}"
        await desk.client.patch(path, json={"manual_probability": chance})
    found = await ask(desk.client)
    assert [(row["key"], row["weighted_minor"]) for row in found["rows"]] == [
        ("2027-06-01", 50_000_00),
        ("2027-07-01", 50_000_00),
        ("2027-08-01", 1_00_000_00),
    ]
    assert found["total"]["weighted_minor"] == 2_00_000_00
    assert found["total"]["open_minor"] == 3_00_000_00


async def test_other_currencies_count_to_the_paisa_and_what_is_won_once(desk: Desk) -> None:
    rows = [
        ("USD", "83.4567", 1_234_56, 35),
        ("EUR", "91.0001", 99_99, 7),
        ("INR", None, 1, 50),
        ("JPY", "0.5733", 1_000_003, 1),
        ("KWD", "271.4141", 12_345, 20),
    ]
    exact = Decimal(0)
    for currency, rate, amount, chance in rows:
        made = await desk.open(
            currency, currency=currency, fx_rate=rate, amount_minor=amount, close_on="2027-06-30"
        )
        await desk.client.patch(
            f"/v1/opportunities/{made['id']}", json={"manual_probability": chance}
        )
        paise = {"JPY": Decimal(100), "KWD": Decimal("0.1")}.get(currency, Decimal(1))
        exact += Decimal(amount) * Decimal(rate or 1) * paise * chance / 100
    won = await desk.open("won", amount_minor=700_00, close_on="2027-06-01")
    lost = await desk.open("lost", amount_minor=900_00, close_on="2027-06-01")
    assert (await desk.act(won, "win")).status_code == 201
    assert (await desk.act(lost, "loss", reason="price")).status_code == 201
    total = (await ask(desk.client, group_by="stage"))["total"]
    assert total["weighted_minor"] == int(exact.quantize(Decimal(1)))
    assert (total["won_minor"], total["count"]) == (700_00, 6)


async def test_a_rate_is_asked_for_and_a_period_has_an_end(desk: Desk) -> None:
    body = {"title": "Abroad", "currency": "USD", "amount_minor": 1}
    for rate in ({}, {"fx_rate": "0"}, {"fx_rate": "0.000"}):
        answer = await desk.client.post("/v1/opportunities", json=body | rate)
        assert (answer.status_code, answer.json()["field"]) == (422, "fx_rate")
    answer = await desk.client.post("/v1/opportunities", json=body | {"currency": "ABC"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422, "unknown_currency", "currency",
    )  # fmt: skip
    asked = {"from_on": "2027-06-01", "to_on": "2027-05-01"}
    answer = await desk.client.get("/v1/forecasts", params=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "to_on")
    empty = await ask(desk.client)
    assert empty["rows"] == []
    assert empty["total"]["weighted_minor"] == 0
