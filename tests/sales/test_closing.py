"""What is about to close, and what is promised, on the first page of the day."""

import re
from datetime import datetime, timedelta

import httpx2 as httpx


async def test_home_shows_deals_that_close_soon_the_most_overdue_first(
    client: httpx.AsyncClient, now: datetime
) -> None:
    today = now.date()
    for title, days in (("In ten days", 10), ("Long due", -20), ("Next quarter", 80)):
        close_on = (today + timedelta(days=days)).isoformat()
        made = await client.post("/v1/opportunities", json={"title": title, "close_on": close_on})
        assert made.status_code == 201, made.text
    lost = await client.post("/v1/opportunities", json={"title": "Lost", "close_on": f"{today}"})
    loss = {"reason": "timing"}
    answer = await client.post(f"/v1/opportunities/{lost.json()['id']}/loss", json=loss)
    assert answer.status_code == 201, answer.text

    shown = await client.get("/")

    assert shown.status_code == 200
    assert re.findall(r'row-link" href="/deals/[^"]+">([^<]+)<', shown.text) == [
        "Long due",
        "In ten days",
    ]
