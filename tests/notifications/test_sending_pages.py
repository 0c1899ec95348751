"""The ledger and the rules on their pages: why one was left out, once more, set whole."""

import httpx2 as httpx

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.domain.rules import Cap
from tests.notifications.givens import EMAIL, Post
from tests.notifications.test_lanes import (
    outgoing,
    plan,
    run,
    set_rules,
    somebody,
    states,
    unreachable,
)
from tests.notifications.test_sending_http import said


async def test_a_customers_messages_are_listed_and_each_explains_itself(
    client: httpx.AsyncClient, post: Post
) -> None:
    who = await somebody(post)
    await set_rules(post, caps=[Cap(count=1, days=7)])
    await plan(
        post,
        *(
            outgoing(n, customer_id=who, recipient=EMAIL, purpose="marketing", feed=f"stream:{n}")
            for n in range(2)
        ),
        outgoing(9),
    )
    await run(post)
    theirs = (await client.get(f"/v1/messages?customer_id={who}")).json()["items"]
    assert sorted((one["state"], one["reason"]) for one in theirs) == [
        ("sent", ""),
        ("skipped", "capped"),
    ]
    of_feed = (await client.get("/v1/messages?feed=stream:summer")).json()["items"]
    assert [one["recipient"] for one in of_feed] == ["p9@example.test"]
    left_out = next(one for one in theirs if one["reason"])
    read = (await client.get(f"/v1/messages/{left_out['id']}")).json()
    assert said(read, "frequency_cap") == ("skipped", "1 in 7 days have been sent.")
    shown = (await client.get(f"/messages/{left_out['id']}")).text
    assert "What the send policy said" in shown
    assert "1 in 7 days have been sent." in shown
    listed = (await client.get("/messages?state=skipped")).text
    assert "Capped" in listed


async def test_what_gave_up_is_sent_once_more_all_at_once(
    client: httpx.AsyncClient, post: Post
) -> None:
    post.sandbox.break_next("smtp", "552", count=3)
    await plan(post, *(outgoing(n) for n in range(3)))
    await run(post)
    assert await states(post) == {"failed": 3}
    assert "Send all once more" in (await client.get("/messages?state=failed")).text
    answer = await client.post("/v1/messages/replays", json={"state": "failed"})
    assert answer.json() == {"count": 3}
    await run(post)
    assert await states(post) == {"sent": 3}


async def test_rules_are_set_on_their_page_and_somebody_is_asked_about(
    client: httpx.AsyncClient, post: Post
) -> None:
    await somebody(post)
    form = {
        "version": "0",
        "is_quiet": "true",
        "starts": "22:00",
        "ends": "08:00",
        "covers": "all",
        "urgent_kinds": "arriving, order_shipped",
        "cap_count_0": "2",
        "cap_days_0": "7",
        "cap_over_0": "hold",
        "on_complaint": "skip",
        "severity_critical": "true",
        "on_late_order": "hold",
        "on_refund": "send",
        "days_max": "5",
        "storm_count": "10",
        "storm_seconds": "60",
        "domain_name_0": " @Gmail.com",
        "domain_rate_0": "20",
        "domain_places_0": "",
        "domain_name_1": "",
        "words_kept_days": "90",
        "per_minute": "600",
    }
    wrong = await client.post("/settings/sending-rules", data=form | {"cap_days_0": "a week"})
    assert (wrong.status_code, 'id="e-cap_days_0"' in wrong.text) == (422, True)
    for bad, says in (
        ({"domain_name_0": "gmail"}, "A domain such as gmail.com."),
        ({"domain_rate_0": ""}, "Say how fast, or how many at once: gmail.com."),
        ({"domain_rate_0": "0"}, "1,000"),
        ({"per_minute": "0"}, "100,000"),
    ):
        refused = await client.post("/settings/sending-rules", data=form | bad)
        assert (refused.status_code, says in refused.text) == (422, True), says
    assert (await client.post("/settings/sending-rules", data=form)).status_code == 303
    kept = (await client.get("/v1/sending-rules")).json()
    assert kept["caps"] == [
        {"count": 2, "days": 7, "purpose": None, "channel": None, "over": "hold"}
    ]
    assert kept["quiet_hours"]["urgent_kinds"] == ["arriving", "order_shipped"]
    assert kept["service"]["complaint_severities"] == ["critical"]
    assert (kept["words_kept_days"], kept["per_minute"]) == (90, 600)
    assert kept["domains"] == [{"domain": "gmail.com", "per_second": 20, "at_once": None}]
    again = await client.post("/settings/sending-rules", data=form)
    assert (again.status_code, "changed the rules meanwhile" in again.text) == (409, True)
    shown = await client.get("/settings/sending-rules?who=Meera&channel=email&purpose=marketing")
    assert "Suppression and consent" in shown.text
    assert "Frequency cap" in shown.text
    nobody = await client.get("/settings/sending-rules?who=Nobody+Such&channel=email")
    assert "There is nobody of this name" in nobody.text


async def test_pages_say_that_a_channel_is_down_and_that_a_copy_keeps_still(
    client: httpx.AsyncClient, post: Post
) -> None:
    await plan(post, outgoing(1))
    await run(post, Lane.BULK, unreachable(post))
    shown = (await client.get("/messages")).text
    assert "cannot be reached" in shown
    assert "Another installation has sent for this database" in shown, "the test's app is elsewhere"
