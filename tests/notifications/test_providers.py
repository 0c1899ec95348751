"""A company's own providers: sealed secrets, asked in order, left alone when in trouble."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import pytest

from tandem.crm.notifications.domain.breakers import (
    FIRST_REST,
    KEYS_REST,
    PROBE,
    REST_MAX,
    Breaker,
    Reason,
    after_busy,
    after_keys_refused,
    after_trouble,
)
from tandem.crm.notifications.domain.providers import Kind, NewProvider, Provider, in_order
from tandem.crm.notifications.domain.verp import message_of, return_path
from tandem.crm.notifications.gateways.carriers.ses import sign_v4
from tandem.kernel.db import Database, Query

SENDGRID = {"from_address": "shop@example.test", "api_key": "sandbox_key"}
SEALED = Query("select secrets from notifications.provider where org_id = :org_id")
EVENTS = Query(
    "select topic from kernel.event where org_id = :org_id and topic like 'notifications.%'"
)


async def test_a_provider_is_set_up_and_its_secrets_are_never_shown(
    client: httpx.AsyncClient, database: Database, actor: Any
) -> None:
    new = {"name": "Main", "kind": "sendgrid", "values": SENDGRID, "rank": 2, "weight": 3}
    made = await client.post("/v1/providers", json=new)
    assert made.status_code == 201, made.text
    one = made.json()
    assert (one["channel"], one["config"]["from_address"], one["health"], one["rank"]) == (
        "email",
        "shop@example.test",
        "unused",
        2,
    )
    assert "sandbox_key" not in made.text
    changed = await client.put(
        f"/v1/providers/{one['id']}",
        json={"name": "Main", "values": {"from_address": "post@example.test"}, "is_active": False},
        headers={"if-match": '"1"'},
    )
    assert (changed.status_code, changed.json()["health"]) == (200, "off")
    async with database.transaction(actor) as tx:
        sealed = await tx.value(SEALED)
    assert b"sandbox_key" not in sealed
    stale = await client.put(
        f"/v1/providers/{one['id']}",
        json={"name": "Main", "values": SENDGRID},
        headers={"if-match": '"1"'},
    )
    assert stale.status_code == 412
    audit = (await client.get("/v1/audit-events", params={"action": "notifications"})).json()
    assert [row["action"] for row in audit["items"]] == [
        "notifications.provider_changed",
        "notifications.provider_added",
    ]
    assert "sandbox_key" not in str(audit)
    assert (await client.delete(f"/v1/providers/{one['id']}")).status_code == 204
    assert (await client.get("/v1/providers")).json() == []


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        ("sendgrid", {"from_address": "shop@example.test"}, "values.api_key"),
        ("sendgrid", {**SENDGRID, "colour": "red"}, "values.colour"),
        ("sendgrid", {**SENDGRID, "from_address": "nobody"}, "values.from_address"),
        ("msg91", {"auth_key": "k", "sender": "TOOLONGX"}, "values.sender"),
        (
            "smtp",
            {"from_address": "a@b.test", "url": "smtp://127.0.0.1:25"},
            "values.url",
        ),
        (
            "smtp",
            {"from_address": "a@b.test", "url": "smtp://169.254.169.254:587"},
            "values.url",
        ),
    ],
)
async def test_what_a_provider_cannot_work_with_is_refused_at_its_field(
    client: httpx.AsyncClient, kind: str, values: dict[str, str], field: str
) -> None:
    refused = await client.post(
        "/v1/providers", json={"name": "Main", "kind": kind, "values": values}
    )
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert (await client.get("/v1/providers")).json() == []


async def test_a_name_is_given_once_and_a_stand_in_needs_a_sandbox(
    client: httpx.AsyncClient,
) -> None:
    new = {"name": "Main", "kind": "sendgrid", "values": SENDGRID}
    assert (await client.post("/v1/providers", json=new)).status_code == 201
    again = await client.post("/v1/providers", json=new)
    assert (again.status_code, again.json()["code"]) == (409, "provider_name_taken")
    stand_in = await client.post(
        "/v1/providers", json={**new, "name": "Other", "is_stand_in": True}
    )
    assert (stand_in.status_code, stand_in.json()["code"]) == (409, "no_stand_in")


def test_a_provider_rests_longer_each_time_and_comes_back_with_one_message(now: Any) -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker = after_trouble(breaker, now)
        assert breaker.may_send(now)
    breaker = after_trouble(breaker, now)
    assert (breaker.reason, breaker.until) == (Reason.TROUBLE, now + FIRST_REST)
    assert not breaker.may_send(now + FIRST_REST - timedelta(seconds=1))
    later = now + FIRST_REST
    assert breaker.may_send(later) and breaker.is_half_open(later)
    again = after_trouble(breaker, later)
    assert again.until == later + 2 * FIRST_REST
    for _ in range(20):
        assert again.until is not None
        again = after_trouble(again, again.until)
    assert again.until is not None and PROBE < REST_MAX
    refused = after_keys_refused(Breaker(), now)
    assert (refused.reason, refused.until) == (Reason.KEYS, now + KEYS_REST)
    busy = after_busy(Breaker(), now, timedelta(seconds=7))
    assert (busy.reason, busy.until, busy.failures) == (Reason.BUSY, now + timedelta(seconds=7), 0)
    assert not busy.is_half_open(now + timedelta(seconds=7))


def test_providers_of_one_rank_share_the_messages_by_weight(now: Any) -> None:
    first, second, spare = (
        _provider(now, rank=1, weight=3),
        _provider(now),
        _provider(now, rank=2),
    )
    orders = [in_order([spare, second, first], uuid4()) for _ in range(2_000)]
    assert {order[2].id for order in orders} == {spare.id}
    share = sum(order[0].id == first.id for order in orders) / len(orders)
    assert 0.70 < share < 0.80
    one = uuid4()
    assert in_order([first, second], one) == in_order([second, first], one)


def test_a_return_path_names_its_message_and_nobody_else_can_make_one() -> None:
    message_id = uuid4()
    path = return_path("bounces@mail.example.test", message_id, "secret")
    assert path.startswith("bounces+b-") and path.endswith("@mail.example.test")
    assert len(path.partition("@")[0]) <= 64
    assert message_of(path.upper(), "secret") == message_id
    assert message_of(path, "another") is None
    assert message_of(path.replace(message_id.hex, uuid4().hex), "secret") is None
    assert return_path("", message_id, "secret") == ""


def test_requests_to_amazon_are_signed_as_its_test_suite_has_it() -> None:
    """`get-vanilla` of the aws-sig-v4-test-suite."""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    keys = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signed = sign_v4("GET", "/", headers, b"", keys=keys, region="us-east-1", service="service")
    assert signed.endswith(
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


def _provider(now: Any, *, rank: int = 1, weight: int = 1) -> Provider:
    new = NewProvider(name="x", kind=Kind.SENDGRID, values=SENDGRID, rank=rank, weight=weight)
    return Provider(
        id=UUID(int=uuid4().int),
        name=new.name,
        channel="email",
        kind=new.kind,
        config={},
        rank=rank,
        weight=weight,
        is_active=True,
        is_stand_in=False,
        failures=0,
        openings=0,
        closed_because=Reason.NONE,
        closed_until=None,
        last_error="",
        last_error_at=None,
        last_taken_at=None,
        version=1,
        created_at=now,
    )
