"""Decisions asked for, explained and tried out; and OpenFGA's sample stores mapped onto roles.

The assertions of `openfga/sample-stores` (Apache-2.0; multitenant-rbac, custom-roles,
role-assignments, temporal-access, superadmin) are told here in our words: their relations are roles
with scopes, teams and shares with a time.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

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
        "The role 'sales' grants 'orders.write'. The record is their own."
    )
    assert not other["is_allowed"]
    assert other["because"] == (
        "They have 'orders.write', but not for this record. The record is somebody else's."
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
    assert never["because"] == "No role of theirs carries 'invoicing.credit'."
    assert {one["name"] for one in never["who_could"]} == {"Asha"}
    assert invoice.status_code == 404


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


ANNE, BETH, PETER, MARIA = (UUID(int=number) for number in range(1, 5))
CONTOSO, ACME = UUID(int=21), UUID(int=22)
DOCUMENT, TREE_NORTH = UUID(int=31), UUID(int=32)


def _held(*grants: str, **stands: Any) -> Access:
    return Access(roles=[HeldRole(key="r", grants=list(grants))], **stands)


def _may(
    who: UUID,
    access: Access,
    permission: str,
    *,
    org: UUID = ACME,
    record_org: UUID = ACME,
    **of: Any,
) -> bool:
    """An actor of another organisation never comes to the record at all."""
    actor = actor_of(access, org_id=org, user_id=who)
    return org == record_org and actor.may_with(permission, Ownership(id=DOCUMENT, **of))


SAMPLES: list[tuple[str, bool, bool]] = [
    # multitenant-rbac: an admin of one organisation manages its documents and no other's.
    ("multitenant-rbac: admin of acme edits", _may(ANNE, _held("*"), "orders.write"), True),
    (
        "multitenant-rbac: member of acme views",
        _may(BETH, _held("orders.read"), "orders.read"),
        True,
    ),
    (
        "multitenant-rbac: member does not edit",
        _may(BETH, _held("orders.read"), "orders.write"),
        False,
    ),
    (
        "multitenant-rbac: admin of contoso does not view acme's",
        _may(PETER, _held("*"), "orders.read", org=CONTOSO),
        False,
    ),
    (
        "multitenant-rbac: the owner deletes their own",
        _may(BETH, _held("orders.cancel@own"), "orders.cancel", owner_id=BETH),
        True,
    ),
    (
        "multitenant-rbac: nobody deletes another's",
        _may(BETH, _held("orders.cancel@own"), "orders.cancel", owner_id=ANNE),
        False,
    ),
    # custom-roles: what a role carries is data, and a role gone takes its rights with it.
    (
        "custom-roles: media-manager may do what was assigned to the role",
        _may(ANNE, _held("orders.write", "orders.read"), "orders.write"),
        True,
    ),
    (
        "custom-roles: media-viewer may not edit",
        _may(BETH, _held("orders.read"), "orders.write"),
        False,
    ),
    ("custom-roles: without the role nothing", _may(PETER, Access(roles=[]), "orders.read"), False),
    (
        "custom-roles: a service's every permission",
        _may(ANNE, _held("orders.*"), "orders.cancel"),
        True,
    ),
    (
        "custom-roles: not another service's",
        _may(ANNE, _held("orders.*"), "payments.refund"),
        False,
    ),
    # role-assignments: the same role held for one part of the tree only.
    (
        "role-assignments: a role for a project reaches the project",
        _may(
            BETH,
            _held("orders.write@team", teams=frozenset({TREE_NORTH})),
            "orders.write",
            team_id=TREE_NORTH,
        ),
        True,
    ),
    (
        "role-assignments: and not the organisation",
        _may(BETH, _held("orders.write@team", teams=frozenset({TREE_NORTH})), "orders.write"),
        False,
    ),
    (
        "role-assignments: held above, it comes down the tree",
        _may(
            ANNE,
            _held("orders.write@subtree", teams_below=frozenset({TREE_NORTH})),
            "orders.write",
            team_id=TREE_NORTH,
        ),
        True,
    ),
    (
        "role-assignments: two roles add up",
        _may(
            PETER,
            Access(
                roles=[
                    HeldRole(key="a", grants=["orders.read"]),
                    HeldRole(key="b", grants=["orders.write@own"]),
                ]
            ),
            "orders.write",
            owner_id=PETER,
        ),
        True,
    ),
    # temporal-access: a grant for one record with an end; `access_of` leaves out what is over.
    (
        "temporal-access: within the time the share opens it",
        _may(MARIA, _held("orders.read@own", shared_to_read=frozenset({DOCUMENT})), "orders.read"),
        True,
    ),
    (
        "temporal-access: afterwards not",
        _may(MARIA, _held("orders.read@own"), "orders.read"),
        False,
    ),
    (
        "temporal-access: to read is not to write",
        _may(
            MARIA, _held("orders.write@own", shared_to_read=frozenset({DOCUMENT})), "orders.write"
        ),
        False,
    ),
    (
        "temporal-access: a share gives nobody the permission itself",
        _may(MARIA, _held("catalog.read", shared_to_read=frozenset({DOCUMENT})), "orders.read"),
        False,
    ),
    # superadmin: everything in the organisation, whoever owns it.
    (
        "superadmin: everything",
        all(
            _may(ANNE, _held("*"), permission, owner_id=BETH)
            for permission in ("orders.cancel", "payments.refund", "identity.roles")
        ),
        True,
    ),
]


@pytest.mark.parametrize(("name", "is_allowed", "expected"), SAMPLES, ids=[s[0] for s in SAMPLES])
def test_the_sample_stores_assertions_hold(name: str, is_allowed: bool, expected: bool) -> None:
    assert is_allowed is expected, name


async def test_the_time_of_a_share_is_kept_by_the_database(
    database: Database, company: Company, now: datetime
) -> None:
    """temporal-access, end to end: in time, a second before the end, and at the end."""
    from tandem.crm.identity import service as identity

    sam, order = company.people["sam"].id, company.orders["rina"]
    until = now + timedelta(hours=1)
    async with database.transaction(company.actor()) as tx:
        await identity.share_record(
            tx, "order", order, user_id=sam, team_id=None, level="read", shared_until=until, now=now
        )
        seen = [
            identity.as_actor(tx, sam, await identity.access_of(tx, sam, now=at)).sees(
                "orders.read", order
            )
            for at in (now, until - timedelta(seconds=1), until)
        ]
    assert seen == [True, True, False]
