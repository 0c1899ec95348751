"""What a journey's page says of a second person's yes."""

from uuid import UUID

import msgspec

from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.approvals import author_of
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.domain.journeys import Journey, State
from tandem.crm.marketing.service import journey_approvals, journeys
from tandem.flows import journey_approval
from tandem.kernel.db import Tx


class JourneyYes(msgspec.Struct, frozen=True, kw_only=True):
    """`is_lacking`: it cannot be published yet; `is_own`: who looks had a hand in it."""

    is_lacking: bool
    asked: list[JourneyApproval]
    names: dict[UUID, str]
    is_own: bool

    @property
    def is_shown(self) -> bool:
        return self.is_lacking or bool(self.asked)

    def name(self, who: UUID | None) -> str:
        return self.names.get(who, "Somebody") if who else "An API key"


async def approval_of(tx: Tx, journey: Journey) -> JourneyYes:
    asked = await journey_approvals.list_approvals(tx, journey.id)
    people = await identity.list_users(tx.with_all_grants()) if asked else []
    is_over = journey.state is State.ENDED
    hands = journey_approvals.hands_in(journey)
    return JourneyYes(
        is_lacking=not is_over and await journey_approval.is_lacking(tx, journey),
        asked=asked,
        names={one.id: one.name for one in people},
        is_own=author_of(tx.actor) in (*hands, asked[0].asked_by if asked else None),
    )


async def waiting_of(tx: Tx) -> list[tuple[UUID, str]]:
    """Journeys that wait for somebody's yes, each with its name."""
    found = await journey_approvals.list_waiting(tx)
    return [
        (one.journey_id, (await journeys.get_journey(tx, one.journey_id)).name) for one in found
    ]
