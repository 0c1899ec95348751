"""A card's place in its column. Whoever changes a column holds its stage first, then the card."""

from uuid import UUID

from tandem.crm.sales.domain import ranks
from tandem.crm.sales.store import opportunities as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


async def rank_at_end(tx: Tx, stage_id: UUID) -> str:
    """The stage is locked by the caller."""
    return ranks.between(await store.last_rank(tx, stage_id), None)


async def rank_after(tx: Tx, *, stage_id: UUID, after_id: UUID | None, card_id: UUID) -> str:
    """A rank below the card `after_id`, or at the top; the column is spaced out anew when ranks
    grow long. The stage is locked by the caller. Refuses a card that is not in the column."""
    before, after = await _around(tx, stage_id, after_id, card_id)
    rank = ranks.between(before, after)
    if len(rank) <= ranks.LONG:
        return rank
    ids = await store.column_ids(tx, stage_id)
    await store.space_out(tx, stage_id, ids, ranks.spaced(len(ids)))
    before, after = await _around(tx, stage_id, after_id, card_id)
    return ranks.between(before, after)


async def _around(
    tx: Tx, stage_id: UUID, after_id: UUID | None, card_id: UUID
) -> tuple[str | None, str | None]:
    before, after = await store.ranks_around(
        tx, stage_id=stage_id, after_id=after_id, opportunity_id=card_id
    )
    if after_id is not None and (before is None or after_id == card_id):
        raise Invalid("The card to stand below is not in this column.", field="after_id")
    return before, after
