"""Following a record over HTTP: for members of the staff, about themselves."""

from uuid import UUID

from litestar import Controller, delete, get, put
from litestar.params import FromPath

from tandem.crm.customers.domain import CustomerMerged
from tandem.crm.sales.domain.leads import LeadMerged
from tandem.flows import followed
from tandem.flows.followed import Following
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals, unaudited

OWN = unaudited("what somebody wants to be told concerns nobody else")


class FollowedController(Controller):
    path = "/v1/followed/{kind:str}/{subject_id:uuid}"
    tags = ("notifications",)

    @get(responses=refusals(Forbidden, NotFound, Invalid, CustomerMerged, LeadMerged))
    async def look(
        self, kind: FromPath[str], subject_id: FromPath[UUID], tx: Transaction
    ) -> Following:
        """Whether the caller follows it, and how many do. `kind` is complaint, customer, account,
        lead, deal or order."""
        return await followed.look(tx, followed.kind_named(kind), subject_id)

    @put(opt=OWN, responses=refusals(Forbidden, NotFound, Invalid, CustomerMerged, LeadMerged))
    async def follow(
        self, kind: FromPath[str], subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Following:
        """Hear of it under the bell, and by mail as chosen for records that one follows."""
        record = followed.kind_named(kind)
        await followed.follow(tx, record, subject_id, now=now)
        return await followed.look(tx, record, subject_id)

    @delete(opt=OWN, responses=refusals(Forbidden, Invalid))
    async def unfollow(
        self, kind: FromPath[str], subject_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Nothing of it any more, also when it is given to the caller or they write about it."""
        await followed.unfollow(tx, followed.kind_named(kind), subject_id, now=now)
