"""An order goes to an address that can be (AS10)."""

from datetime import datetime

import httpx2 as httpx
import msgspec
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.flows.shop import HOME, basket, open_shop, post_order, rows


@pytest.mark.parametrize(
    ("where", "change", "code", "field"),
    [
        ("ship_to", {"state_code": "07"}, "state_mismatch", "ship_to.state_code"),
        ("bill_to", {"state_code": "07"}, "state_mismatch", "bill_to.state_code"),
        ("ship_to", {"postal_code": "5600"}, "postal_code_wrong", "ship_to.postal_code"),
        ("ship_to", {"state_code": "25"}, "invalid", "ship_to.state_code"),
    ],
)
async def test_a_pin_and_a_state_that_disagree_refuse_the_order_and_leave_no_trace(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    now: datetime,
    where: str,
    change: dict[str, str],
    code: str,
    field: str,
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    before = await rows(database, actor)
    wrong = msgspec.structs.replace(HOME, **change)

    answer = await post_order(client, basket(shop, **{where: wrong}))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        code,
        field,
    )
    if code == "state_mismatch":
        assert answer.json()["expected"] == [{"state_code": "29", "name": "Karnataka"}]
    assert await rows(database, actor) == before
