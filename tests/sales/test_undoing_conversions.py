"""Conversions undone: what nobody built on goes, the rest stays and says why."""

import pytest

from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.sales.converting import Desk, counts, said


async def test_undoing_takes_away_what_was_made_and_brings_the_lead_back(
    desk: Desk, database: Database, actor: Actor
) -> None:
    """A-LED-15, nobody touched anything since."""
    lead = await desk.lead()
    await desk.made(f"/v1/leads/{lead['id']}/qualification")
    before = await desk.read(f"/v1/leads/{lead['id']}")
    done = await desk.convert(lead)
    await outbox.drain(database)
    undone = await desk.undo(done)
    after = await desk.read(f"/v1/leads/{lead['id']}")
    assert {one["is_removed"] for one in undone["undone"]} == {True}
    assert set(said(undone["undone"])) == {"opportunity", "membership", "customer", "account"}
    moved = {"version", "updated_at"}
    assert {name: value for name, value in after.items() if name not in moved} == {
        name: value for name, value in before.items() if name not in moved
    }
    rows = await counts(database, actor)
    gone = ("customers", "accounts", "memberships", "notes", "deals", "changes", "converted")
    assert [rows[name] for name in gone] == [0] * 7
    twice = await desk.post(f"/v1/conversions/{done['id']}/undo")
    assert (twice.status_code, twice.json()["code"]) == (409, "conversion_undone")
    again = await desk.convert(lead)
    assert again["id"] != done["id"]
    history = await desk.read(f"/v1/leads/{lead['id']}/conversions")
    assert [bool(one["undone_at"]) for one in history] == [False, True]


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        (
            "deal",
            {
                "opportunity": "it was changed since",
                "customer": "its deal is kept",
                "account": "its deal is kept",
                "membership": "both sides of it are kept",
            },
        ),
        ("customer", {"customer": "it was changed since"}),
        ("note", {"customer": "it has notes by now"}),
        ("account", {"account": "it was changed since"}),
    ],
)
async def test_what_was_changed_since_stays_and_says_why(
    desk: Desk, edit: str, kept: dict[str, str]
) -> None:
    """A-LED-15, with later edits."""
    lead = await desk.lead()
    done = await desk.convert(lead)
    edits = {
        "deal": ("patch", f"/v1/opportunities/{done['opportunity_id']}", {"next_step": "Call"}),
        "customer": ("patch", f"/v1/customers/{done['customer_id']}", {"notes": "Likes tea"}),
        "note": ("post", f"/v1/customers/{done['customer_id']}/notes", {"text": "Likes tea"}),
        "account": ("patch", f"/v1/accounts/{done['account_id']}", {"industry": "Food"}),
    }
    how, path, body = edits[edit]
    changed = await desk.client.request(how.upper(), path, json=body)
    assert changed.status_code in (200, 201), changed.text
    undone = await desk.undo(done)
    assert {
        thing: reason for thing, reason in said(undone["undone"]).items() if reason != "gone"
    } == kept
    places = {"opportunity": "opportunities", "customer": "customers", "account": "accounts"}
    for thing, where in places.items():
        answer = await desk.client.get(f"/v1/{where}/{done[f'{thing}_id']}")
        assert answer.status_code == (200 if thing in kept else 404), thing
    after = await desk.read(f"/v1/leads/{lead['id']}")
    assert (after["kind"], after["customer_id"], after["conversion_id"]) == ("open", None, None)


async def test_what_is_still_to_be_done_goes_along_and_comes_back(desk: Desk) -> None:
    lead = await desk.lead()
    beside = {"subject_kind": "lead", "subject_id": lead["id"]}
    call = await desk.made("/v1/tasks", title="Call", **beside)
    await desk.made("/v1/tasks", title="Called", kind="call", is_done=True, **beside)
    first = await desk.convert(lead)
    at = f"/v1/tasks?subject_kind=opportunity&subject_id={first['opportunity_id']}"
    assert [line["task"]["id"] for line in await desk.read(at)] == [call["id"]]
    await desk.undo(first)
    lines = await desk.read(f"/v1/tasks?subject_kind=lead&subject_id={lead['id']}")
    assert [line["task"]["title"] for line in lines] == ["Call", "Called"]
    second = await desk.convert(lead)
    beside = {"subject_kind": "opportunity", "subject_id": second["opportunity_id"]}
    await desk.made("/v1/tasks", title="Send the quote", **beside)
    undone = await desk.undo(second)
    assert said(undone["undone"])["opportunity"] == "it has tasks by now"


async def test_undoing_empties_what_was_filled_unless_it_says_something_else(desk: Desk) -> None:
    known = await desk.made(
        "/v1/customers", name="R. Kumar", emails=[{"value": "ravi@kumar-cold.test"}]
    )
    done = await desk.convert(await desk.lead(), has_account=False)
    path = f"/v1/customers/{known['id']}"
    changed = await desk.client.patch(path, json={"company_name": "Kumar & Sons"})
    assert changed.status_code == 200
    undone = await desk.undo(done)
    after = await desk.read(path)
    assert (after["company_name"], after["phones"]) == ("Kumar & Sons", [])
    assert [
        (one["label"], one["is_removed"]) for one in undone["undone"] if one["thing"] == "customer"
    ] == [("phone", True), ("company_name", False)]
