"""Who may do what, over HTTP: decisions explained, records shared, people invited."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import Email, MoreThanHeld, RoleKeys
from tandem.crm.identity.domain.invitations import (
    AlreadyMember,
    Invitation,
    InvitedName,
    TooManyInvitations,
)
from tandem.crm.identity.domain.sharing import Level, Share, TooManyShares
from tandem.flows import authorise, invite
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.patterns import whole
from tandem.kernel.reach import Owned

Permission = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z_]+\.[a-z_]+"), max_length=64)]
Ids = Annotated[list[UUID], msgspec.Meta(max_length=50)]
Shared = Literal["account", "customer", "lead", "opportunity", "order"]


class Record(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    kind: authorise.Kind
    id: UUID

    def named(self) -> authorise.Object:
        return authorise.Object(kind=self.kind, id=self.id)


class Question(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    permission: Permission
    object: Record | None = None


class Questions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`user_id` is somebody else's; without it, one's own."""

    user_id: UUID | None = None
    checks: Annotated[list[Question], msgspec.Meta(min_length=1, max_length=50)]


class Answers(msgspec.Struct, kw_only=True):
    """In the order of the questions."""

    allowed: list[bool]


class ExplanationQuestion(Question, forbid_unknown_fields=True, kw_only=True):
    user_id: UUID


class SimulationQuestion(ExplanationQuestion, forbid_unknown_fields=True, kw_only=True):
    """What is given stands in the place of what they have."""

    role_keys: RoleKeys | None = None
    team_ids: Ids | None = None
    territory_ids: Ids | None = None


class NewInvitation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email
    name: InvitedName = ""
    role_keys: RoleKeys
    team_ids: Ids = msgspec.field(default_factory=list)


class NewShare(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """With a person or a team."""

    object_kind: Shared
    object_id: UUID
    user_id: UUID | None = None
    team_id: UUID | None = None
    level: Level = "read"
    shared_until: datetime | None = None


class AccessController(Controller):
    path = "/v1"
    tags = ("identity",)

    @post("/authz/checks", status_code=200, responses=refusals(Forbidden, NotFound))
    async def check(self, data: JSONBody[Questions], tx: Transaction, now: Now) -> Answers:
        """May this person do this, to this record? The records must be ones the asker may read."""
        return Answers(
            allowed=[
                await authorise.check(
                    tx, one.permission, _named(one.object), user_id=data.user_id, now=now
                )
                for one in data.checks
            ]
        )

    @post("/authz/explanations", status_code=200, responses=refusals(Forbidden, NotFound))
    async def explain(
        self, data: JSONBody[ExplanationQuestion], tx: Transaction, now: Now
    ) -> authorise.Explanation:
        """Why they may, or may not, and who could. Needs `identity.read`."""
        return await authorise.explain(
            tx, data.permission, _named(data.object), user_id=data.user_id, now=now
        )

    @post("/authz/simulations", status_code=200, responses=refusals(Forbidden, NotFound, Invalid))
    async def simulate(
        self, data: JSONBody[SimulationQuestion], tx: Transaction, now: Now
    ) -> authorise.Simulation:
        """What would be with other roles, teams or territories. Nothing is written."""
        return await authorise.simulate(
            tx,
            data.permission,
            _named(data.object),
            user_id=data.user_id,
            role_keys=data.role_keys,
            team_ids=data.team_ids,
            territory_ids=data.territory_ids,
            now=now,
        )

    @post(
        "/invitations",
        responses=refusals(Forbidden, MoreThanHeld, AlreadyMember, TooManyInvitations, Invalid),
    )
    async def invite(self, data: JSONBody[NewInvitation], tx: Transaction, now: Now) -> Invitation:
        """Invite somebody by e-mail; the link goes to that address and nowhere else."""
        return await invite.invite(
            tx,
            email=data.email,
            name=data.name,
            role_keys=data.role_keys,
            team_ids=data.team_ids,
            now=now,
        )

    @get("/invitations", responses=refusals(Forbidden))
    async def list_invitations(self, tx: Transaction) -> list[Invitation]:
        """Newest first, at most 500."""
        return await identity.list_invitations(tx)

    @get("/shares/{object_kind:str}/{object_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def list_shares(
        self, object_kind: FromPath[Shared], object_id: FromPath[UUID], tx: Transaction
    ) -> list[Share]:
        """With whom a record is shared, at most 200."""
        record = await _record(tx, object_kind, object_id)
        return await identity.list_shares(tx, object_kind, record)

    @post("/shares", responses=refusals(Forbidden, NotFound, TooManyShares, Invalid))
    async def share(self, data: JSONBody[NewShare], tx: Transaction, now: Now) -> Share:
        """Open one record for a person or a team whose role has the permission for others."""
        record = await _record(tx, data.object_kind, data.object_id)
        until = data.shared_until
        if until is not None and until.tzinfo is None:
            raise Invalid("Give the instant with its offset.", field="shared_until")
        return await identity.share_record(
            tx,
            data.object_kind,
            record,
            user_id=data.user_id,
            team_id=data.team_id,
            level=data.level,
            shared_until=until,
            now=now,
        )

    @delete("/shares/{share_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def end_share(self, share_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        share = await identity.find_share(tx, share_id)
        record = await _record(tx, share.object_kind, share.object_id)
        await identity.end_share(tx, share, record, now=now)


def _named(record: Record | None) -> authorise.Object | None:
    return record.named() if record else None


async def _record(tx: Transaction, kind: str, record_id: UUID) -> Owned:
    [found] = await authorise.find_records(tx, authorise.Object(kind=kind, id=record_id))
    return found
