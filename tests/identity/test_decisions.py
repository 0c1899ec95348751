"""Decisions asked for, explained and tried out; and OpenFGA's sample stores mapped onto roles.

The checks and lists of `openfga/sample-stores` (Apache-2.0): multitenant-rbac, custom-roles and
temporal-access. Their relations become roles with scopes, teams, and shares with a time.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.access import Access, HeldRole, actor_of
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Ownership
from tests.identity.company import Company, browsing, found


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    return await found(database, now)


def _object(company: Company, who: str) -> dict[str, str]:
    return {"kind": "order", "id": str(company.orders[who].id)}


async def test_a_decision_is_the_same_asked_or_tried(
    app: Litestar, database: Database, company: Company
) -> None:
    questions = [
        {"permission": permission, "object": _object(company, who)}
        for permission in ("orders.read", "orders.write", "invoicing.credit")
        for who in company.orders
    ]
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "rina") as rina,
    ):
        body = {"user_id": str(company.people["rina"].id), "checks": questions}
        asked = (await asha.post("/v1/authz/checks", json=body)).json()["allowed"]
        tried = [
            (await rina.get(f"/v1/orders/{order.id}")).status_code == 200
            for order in company.orders.values()
        ]
        own = await rina.post("/v1/authz/checks", json={"checks": questions[:1]})
        other = await rina.post("/v1/authz/checks", json={"checks": [questions[2]]})
        foreign = await rina.post("/v1/authz/checks", json=body)
    assert asked[:6] == tried == [True, False, False, False, False, False]
    assert asked[6:12] == tried
    assert asked[12:] == [False] * 6
    assert own.json() == {"allowed": [True]}
    assert [other.status_code, foreign.status_code] == [404, 404]


async def test_an_explanation_says_which_role_reaches_and_who_could(
    app: Litestar, database: Database, company: Company
) -> None:
    rina, mona = (str(company.people[who].id) for who in ("rina", "mona"))
    async with browsing(app, database, company, "asha") as asha:

        async def why(user_id: str, permission: str, whose: str) -> dict[str, Any]:
            body = {
                "user_id": user_id,
                "permission": permission,
                "object": _object(company, whose),
            }
            answer = await asha.post("/v1/authz/explanations", json=body)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        own = await why(rina, "orders.write", "rina")
        other = await why(rina, "orders.write", "sam")
        below = await why(mona, "orders.cancel", "sam")
        never = await why(rina, "invoicing.credit", "rina")
        invoice = await asha.post(
            "/v1/authz/explanations",
            json={"user_id": rina, "permission": "orders.read", "object": {
                "kind": "invoice", "id": str(new_id())}},
        )  # fmt: skip
    assert own["is_allowed"] and own["because"] == (
        "Their role Sales carries “orders.write”. The record is their own."
    )
    assert not other["is_allowed"]
    assert other["because"] == (
        "They have “orders.write”, but not for this record. The record is somebody else's."
    )
    assert {one["name"] for one in other["who_could"]} == {"Asha", "Mona", "Sam"}
    assert below["ways"] == [
        {
            "role_key": "sales_manager",
            "grant": "orders.cancel",
            "scope": "subtree",
            "reaches": True,
            "because": "The record belongs below them.",
        }
    ]
    assert never["because"] == "No role of theirs carries “invoicing.credit”."
    assert {one["name"] for one in never["who_could"]} == {"Asha"}
    assert invoice.status_code == 404


async def test_who_could_see_a_deal_and_whatever_else_has_an_owner_is_told_as_it_is(
    app: Litestar, database: Database, company: Company
) -> None:
    """AUT-26: `who could see deal 42, why`. What is told is what happens to whoever tries."""
    buyer, order = str(company.customers["rina"]), str(company.orders["rina"].id)
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "rina") as rina,
        browsing(app, database, company, "raj") as raj,
    ):

        async def made(path: str, **body: Any) -> str:
            answer = await rina.post(path, json=body)
            assert answer.status_code in {200, 201}, answer.text
            told = answer.json()
            return str(told.get("lead", told)["id"])

        deal = await made("/v1/opportunities", title="Forty-two", customer_id=buyer)
        complaint = await asha.post(
            "/v1/complaints", json={"category": "other", "subject": "Late", "order_id": order}
        )
        things = {
            "lead": ("sales", "leads", await made("/v1/leads", name="L", email="l@x.test")),
            "opportunity": ("sales", "opportunities", deal),
            "quote": ("sales", "quotes", await made("/v1/quotes", opportunity_id=deal)),
            "account": ("customers", "accounts", await made("/v1/accounts", name="Kestrel & Co")),
            "customer": ("customers", "customers", buyer),
            "complaint": ("support", "complaints", complaint.json()["id"]),
        }
        for kind, (service, place, record_id) in things.items():
            thing = {"kind": kind, "id": record_id}
            could = {}
            for who, browser in (("rina", rina), ("raj", raj)):
                body = {"user_id": str(company.people[who].id), "permission": f"{service}.read"}
                told = await asha.post("/v1/authz/explanations", json={**body, "object": thing})
                assert told.status_code == 200, (kind, told.text)
                tried = (await browser.get(f"/v1/{place}/{record_id}")).status_code
                assert told.json()["is_allowed"] is (tried == 200), (kind, who, told.text, tried)
                could[who] = {one["name"] for one in told.json()["who_could"]}
            assert could["rina"] == could["raj"] >= {"Asha"}, kind
            if kind in {"opportunity", "quote", "account"}:
                assert "Rina" in could["raj"] and "Raj" not in could["raj"], kind
            hidden = await raj.post(
                "/v1/authz/checks",
                json={"checks": [{"permission": f"{service}.read", "object": thing}]},
            )
            assert hidden.status_code == tried, kind
        page = f"/settings/people/{company.people['raj'].id}"
        for address in (f"https://shop.test/deals/{deal}", f"/deals/{deal}?tab=lines"):
            asked = {"permission": "sales.read", "record": address}
            assert "but not for this record" in (await asha.get(page, params=asked)).text


async def test_a_simulation_tells_what_would_be_and_changes_nothing(
    app: Litestar, database: Database, company: Company
) -> None:
    rina = str(company.people["rina"].id)
    tries: list[tuple[dict[str, Any], bool]] = [
        ({"role_keys": ["operations"]}, True),
        ({"role_keys": ["sales_manager"]}, False),
        ({"role_keys": ["sales_manager"], "team_ids": [str(company.teams["sales"])]}, True),
        ({"role_keys": ["driver"]}, False),
    ]
    async with browsing(app, database, company, "asha") as asha:
        for change, expected in tries:
            body = {
                "user_id": rina,
                "permission": "orders.read",
                "object": _object(company, "sam"),
                **change,
            }
            told = (await asha.post("/v1/authz/simulations", json=body)).json()
            assert (told["before"]["is_allowed"], told["after"]["is_allowed"]) == (
                False,
                expected,
            ), change
        user = (await asha.get(f"/v1/users/{rina}")).json()
    assert user["role_keys"] == ["sales"]
    async with browsing(app, database, company, "rina") as browser:
        body = {"user_id": rina, "permission": "orders.read", "role_keys": ["admin"]}
        assert (await browser.post("/v1/authz/simulations", json=body)).status_code == 403


ANNE, BETH, CARLOS, DANIEL, EDITH, EMILY, IAN, FRANCIS = (
    UUID(int=number) for number in range(1, 9)
)
CONTENT, MEDIA = UUID(int=21), UUID(int=22)
README = Ownership(id=UUID(int=31))
HOMEPAGE = Ownership(id=UUID(int=32), team_id=CONTENT)
HERO = Ownership(id=UUID(int=33), team_id=MEDIA)
EDITS = ("orders.read@team", "orders.write@team")


def _held(*roles: tuple[str, ...], **stands: Any) -> Access:
    """Somebody's roles, each with its grants."""
    held = [HeldRole(key=f"r{place}", grants=list(role)) for place, role in enumerate(roles)]
    return Access(roles=held, **stands)


MULTITENANT: dict[UUID, Access] = {
    ANNE: _held(("*",)),
    IAN: _held(("*",)),  # the group of IT admins holds the role of administrators
    EMILY: _held(("orders.read", "orders.write")),  # engineering holds document management
    FRANCIS: _held(("payments.refund",)),  # finance holds billing
}
CUSTOM: dict[UUID, Access] = {
    CARLOS: _held(("*",)),  # an owner of Contoso
    # Marketing: content managers edit website content and view website media; design the reverse.
    BETH: _held(EDITS, teams=frozenset({CONTENT}), shared_to_read=frozenset({HERO.id})),
    ANNE: _held(EDITS, teams=frozenset({MEDIA}), shared_to_read=frozenset({HOMEPAGE.id})),
    DANIEL: _held(("orders.read",)),  # content QA views all of Contoso's assets
    EDITH: _held(("orders.write@team",), teams=frozenset({MEDIA})),  # a contractor adds media
}
VIEW, EDIT, BILL, MAKE_ROLES = "orders.read", "orders.write", "payments.refund", "identity.roles"

SAMPLES: list[tuple[str, dict[UUID, Access], UUID, str, Ownership, bool]] = [
    ("multitenant-rbac", MULTITENANT, EMILY, EDIT, README, True),
    ("multitenant-rbac", MULTITENANT, EMILY, VIEW, README, True),
    ("multitenant-rbac", MULTITENANT, ANNE, EDIT, README, True),
    ("multitenant-rbac", MULTITENANT, ANNE, VIEW, README, True),
    ("multitenant-rbac", MULTITENANT, IAN, EDIT, README, True),
    ("multitenant-rbac", MULTITENANT, IAN, VIEW, README, True),
    ("multitenant-rbac", MULTITENANT, FRANCIS, EDIT, README, False),
    # The store says both that Francis can view and that "all users but Francis" can; its model
    # says the latter.
    ("multitenant-rbac", MULTITENANT, FRANCIS, VIEW, README, False),
    ("multitenant-rbac", MULTITENANT, FRANCIS, BILL, README, True),
    ("multitenant-rbac", MULTITENANT, IAN, BILL, README, True),
    ("multitenant-rbac", MULTITENANT, ANNE, BILL, README, True),
    ("multitenant-rbac", MULTITENANT, EMILY, BILL, README, False),
    ("custom-roles", CUSTOM, CARLOS, MAKE_ROLES, README, True),
    ("custom-roles", CUSTOM, ANNE, VIEW, HERO, True),
    ("custom-roles", CUSTOM, BETH, EDIT, HERO, False),
    ("custom-roles", CUSTOM, BETH, EDIT, HOMEPAGE, True),
    ("custom-roles", CUSTOM, CARLOS, EDIT, HOMEPAGE, True),
    ("custom-roles", CUSTOM, DANIEL, VIEW, HOMEPAGE, True),
    ("custom-roles", CUSTOM, DANIEL, EDIT, HOMEPAGE, False),
    ("custom-roles", CUSTOM, EDITH, VIEW, HOMEPAGE, False),
    ("custom-roles", CUSTOM, EDITH, EDIT, HERO, True),
]


@pytest.mark.parametrize(("store", "people", "who", "permission", "record", "expected"), SAMPLES)
def test_the_sample_stores_checks_answer_the_same(
    store: str,
    people: dict[UUID, Access],
    who: UUID,
    permission: str,
    record: Ownership,
    expected: bool,
) -> None:
    actor = actor_of(people[who], org_id=new_id(), user_id=who)
    assert actor.may_with(permission, record) is expected, store


def test_the_sample_stores_lists_are_the_same() -> None:
    """Their list-objects and list-users, by the very reach that our lists use."""

    def viewers(people: dict[UUID, Access], record: Ownership) -> set[UUID]:
        return {
            who
            for who, access in people.items()
            if actor_of(access, org_id=new_id(), user_id=who).may_with(VIEW, record)
        }

    beth = actor_of(CUSTOM[BETH], org_id=new_id(), user_id=BETH)
    assert [one for one in (HOMEPAGE, HERO, README) if beth.reach(VIEW).holds(one)] == [
        HOMEPAGE,
        HERO,
    ]
    assert viewers(CUSTOM, HOMEPAGE) == {BETH, DANIEL, CARLOS, ANNE}
    assert viewers(MULTITENANT, README) == {EMILY, ANNE, IAN}


async def test_the_sample_stores_grants_that_end_are_shares_that_end(
    database: Database, company: Company, now: datetime
) -> None:
    """temporal-access: Anne has document 1 for an hour and 2 for five seconds, Bob 1 for good."""
    anne, bob = company.people["sam"].id, company.people["raj"].id
    first, second = company.orders["rina"], company.orders["nobody"]
    async with database.transaction(company.actor()) as tx:
        for order, user_id, life in (
            (first, anne, timedelta(hours=1)),
            (second, anne, timedelta(seconds=5)),
            (first, bob, None),
        ):
            await identity.share_record(
                tx,
                "order",
                order,
                user_id=user_id,
                team_id=None,
                level="read",
                shared_until=now + life if life else None,
                now=now,
            )

        async def views(user_id: UUID, order: Ownership, later: timedelta) -> bool:
            access = await identity.access_of(tx, user_id, now=now + later)
            return identity.as_actor(tx, user_id, access).may_with(VIEW, order)

        one, two = (Ownership(id=order.id) for order in (first, second))
        assert await views(anne, one, timedelta(minutes=10))
        assert not await views(anne, one, timedelta(hours=2))
        assert not await views(anne, two, timedelta(seconds=9))
        assert await views(bob, one, timedelta(days=1000))
        assert await views(anne, one, timedelta(seconds=1))
        assert await views(anne, two, timedelta(seconds=1))
