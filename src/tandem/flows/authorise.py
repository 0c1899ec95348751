"""Why may, or may not, this person do this to this record; who could; and what if.

Asks the very functions that decide (`Actor.may`, `Actor.reach`), so an explanation cannot differ
from what happens.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.access import Access
from tandem.crm.identity.domain.roles import split
from tandem.crm.sales.service.leads import get_lead
from tandem.crm.sales.service.opportunities import get_opportunity
from tandem.crm.sales.service.quotes import deal_of, get_quote
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ownership import sees_order
from tandem.kernel.reach import Owned, Ownership, names_of
from tandem.kernel.wording import words
from tandem.scm.delivery import service as delivery
from tandem.scm.invoicing import service as invoicing
from tandem.scm.orders import service as orders
from tandem.scm.payments import service as payments
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service as support

COULD_MAX = 100
Kind = Literal[
    "account",
    "complaint",
    "customer",
    "delivery",
    "invoice",
    "lead",
    "opportunity",
    "order",
    "payment",
    "quote",
    "shipment",
]
KINDS: tuple[str, ...] = get_args(Kind)


class Object(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` is one of `KINDS`."""

    kind: str
    id: UUID


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One role's grant that carries the permission, and whether it comes as far as the record."""

    role_key: str
    grant: str
    scope: str
    reaches: bool
    because: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    name: str
    role_keys: list[str]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`hidden` and `read_only` are the fields that are kept back even so."""

    permission: str
    is_allowed: bool
    because: str
    ways: list[Way] = msgspec.field(default_factory=list)
    hidden: list[str] = msgspec.field(default_factory=list)
    read_only: list[str] = msgspec.field(default_factory=list)


class Explanation(Decision, frozen=True, kw_only=True):
    who_could: list[Person] = msgspec.field(default_factory=list)


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    before: Decision
    after: Decision


async def check(
    tx: Tx, permission: str, of: Object | None, *, user_id: UUID | None, now: datetime
) -> bool:
    """Whether the person (by default the asker) may do this, to this record."""
    records = await find_records(tx, of)
    actor = await _actor(tx, user_id, now=now)
    return decide(actor, permission, records)


async def explain(
    tx: Tx, permission: str, of: Object | None, *, user_id: UUID, now: datetime
) -> Explanation:
    records = await find_records(tx, of)
    access = await identity.access_of(tx, user_id, now=now)
    told = tell(identity.as_actor(tx, user_id, access), access, permission, records)
    everybody = await identity.access_of_all(tx, now=now)
    could = [
        Person(user_id=row.user_id, name=row.name, role_keys=[r.key for r in row.access.roles])
        for row in everybody
        if decide(identity.as_actor(tx, row.user_id, row.access), permission, records)
    ]
    return Explanation(**msgspec.structs.asdict(told), who_could=could[:COULD_MAX])


async def simulate(
    tx: Tx,
    permission: str,
    of: Object | None,
    *,
    user_id: UUID,
    role_keys: Sequence[str] | None,
    team_ids: Sequence[UUID] | None,
    territory_ids: Sequence[UUID] | None,
    now: datetime,
) -> Simulation:
    """The decision as it is, and as it would be with these roles, teams or territories. Nothing is
    written."""
    tx.actor.require("identity.read")
    records = await find_records(tx, of)
    access = await identity.access_of(tx, user_id, now=now)
    other = await identity.access_if(
        tx, access, role_keys=role_keys, team_ids=team_ids, territory_ids=territory_ids
    )
    return Simulation(
        before=tell(identity.as_actor(tx, user_id, access), access, permission, records),
        after=tell(identity.as_actor(tx, user_id, other), other, permission, records),
    )


def decide(actor: Actor, permission: str, records: Sequence[Owned]) -> bool:
    """`records` are all by which the thing belongs to somebody: one is enough."""
    if not records:
        return actor.may(permission)
    return any(actor.may_with(permission, record) for record in records)


def tell(actor: Actor, access: Access, permission: str, records: Sequence[Owned]) -> Decision:
    is_allowed = decide(actor, permission, records)
    ways = _ways(actor, access, permission, records)
    return Decision(
        permission=permission,
        is_allowed=is_allowed,
        because=_because(actor, permission, records, ways),
        ways=ways,
        hidden=sorted(actor.hidden),
        read_only=sorted(actor.read_only),
    )


def _ways(actor: Actor, access: Access, permission: str, records: Sequence[Owned]) -> list[Way]:
    found = []
    for role in access.roles:
        for grant in role.grants:
            name, scope = split(grant)
            if name not in names_of(permission):
                continue
            those: Sequence[Owned | None] = records or [None]
            told = [_reaches(access, actor, scope, record) for record in those]
            reaches, because = next((one for one in told if one[0]), told[0])
            found.append(
                Way(role_key=role.key, grant=name, scope=scope, reaches=reaches, because=because)
            )
    return found


def _reaches(access: Access, actor: Actor, scope: str, record: Owned | None) -> tuple[bool, str]:
    if scope == "all":
        return True, "It goes for everybody's records."
    if record is None:
        return True, "It goes for some records."
    if record.owner_id == actor.user_id:
        return True, "The record is their own."
    if scope == "team" and (record.owner_id in access.peers or record.team_id in access.teams):
        return True, "The record belongs to their team, or to somebody in it."
    if scope == "subtree" and (
        record.owner_id in access.people_below or record.team_id in access.teams_below
    ):
        return True, "The record belongs below them."
    if scope == "territory" and record.territory_id in access.territories:
        return True, "The record lies in their territory."
    return False, {
        "own": "The record is somebody else's.",
        "team": "The record belongs to no team of theirs.",
        "subtree": "The record belongs to nobody below them.",
        "territory": "The record lies in no territory of theirs.",
    }[scope]


def _because(actor: Actor, permission: str, records: Sequence[Owned], ways: Sequence[Way]) -> str:
    if not ways:
        return f"No role of theirs carries “{permission}”."
    for way in ways:
        if way.reaches:
            return f"{_told(way)} {way.because}"
    if any(actor.reach(permission).holds(record) for record in records):
        return "The record was shared with them."
    return f"They have “{permission}”, but not for this record. {ways[0].because}"


def _told(way: Way) -> str:
    role, service = words(way.role_key), way.grant.removesuffix(".*")
    if way.grant == "*":
        return f"Their role {role} may do everything."
    if service != way.grant:
        return f"Their role {role} may do everything with {words(service).lower()}."
    return f"Their role {role} carries “{way.grant}”."


async def find_records(tx: Tx, of: Object | None) -> list[Owned]:
    """By which the thing belongs to somebody, for an asker who may read it. What hangs below an
    order is the order's, a quote its deal's, a complaint its assignee's and its customer's.

    Refuses what the asker does not reach as if it were not there.
    """
    if of is None:
        return []
    match of.kind:
        case "customer":
            return [await customers.get_customer(tx, of.id)]
        case "account":
            return [await customers.get_account(tx, of.id)]
        case "lead":
            return [await get_lead(tx, of.id)]
        case "opportunity":
            return [await get_opportunity(tx, of.id)]
        case "quote":
            return [deal_of(await get_quote(tx, of.id))]
        case "complaint":
            return await _of_complaint(tx, of.id)
        case "order":
            return [await orders.read_order(tx, of.id)]
        case _:
            return [await _of_order(tx, of)]


async def _of_order(tx: Tx, of: Object) -> Owned:
    match of.kind:
        case "shipment":
            order_id = (await shipping.get_shipment(tx, of.id)).order_id
        case "delivery":
            order_id = (await delivery.get_delivery(tx, of.id)).order_id
            if not await sees_order(tx, "orders.read", order_id):
                raise NotFound("There is no such delivery.")
        case "invoice":
            order_id = (await invoicing.get_invoice(tx, of.id)).order_id
        case "payment":
            order_id = (await payments.get_payment(tx, of.id)).order_id
        case _:
            raise NotFound("Records of this kind have no owner.", field="object.kind")
    if order_id is None:
        return Ownership(id=of.id)
    return await orders.get_order(tx.with_all_grants(), order_id)


async def _of_complaint(tx: Tx, complaint_id: UUID) -> list[Owned]:
    complaint = await support.get_complaint(tx, complaint_id)
    records: list[Owned] = [Ownership(id=complaint.id, owner_id=complaint.assignee_id)]
    if complaint.customer_id is not None:
        with suppress(NotFound):
            trusted = tx.with_all_grants()
            records.append(await customers.get_customer(trusted, complaint.customer_id))
    return records


async def _actor(tx: Tx, user_id: UUID | None, *, now: datetime) -> Actor:
    if user_id is None or user_id == tx.actor.user_id:
        return tx.actor
    access = await identity.access_of(tx, user_id, now=now)
    return identity.as_actor(tx, user_id, access)
