"""Going through everybody for who may be one person, some hundreds of customers a page."""

from uuid import UUID

from tandem.crm.customers.domain.likeness import are_alike
from tandem.crm.customers.domain.merging import Pair
from tandem.crm.customers.store import duplicates as store
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel.db import Tx
from tandem.kernel.pages import Page, decode_cursor, encode_cursor, page_of

BATCH = 100
BATCHES = 10
"""A page looks at a thousand customers at most, however many there are; it may show nobody and
still have a next one."""
NEAR_MAX = 50_000
LAST = UUID(int=2**128 - 1)


async def scan_duplicates(tx: Tx, *, limit: int, cursor: str | None = None) -> Page[Pair]:
    """Pairs who share a contact or a tax number, or are alike in name and address. Two people once
    said to be two do not come again."""
    tx.actor.require_everywhere("customers.read")
    after: tuple[UUID, UUID] = (NOTHING, NOTHING)
    if cursor:
        first, second = decode_cursor(cursor, UUID, UUID)
        after = (first, second)
    found: list[Pair] = []
    for _ in range(BATCHES):
        ids = await store.batch(tx, after[0], BATCH)
        found += [one for one in await _pairs(tx, ids) if _key(one) > after]
        if len(found) > limit or len(ids) < BATCH:
            return page_of(found, limit, _key)
        after = (ids[-1], LAST)
    return Page(items=found, next=encode_cursor(*after))


async def _pairs(tx: Tx, ids: list[UUID]) -> list[Pair]:
    pairs = {_key(one): one for one in await store.sharing(tx, ids)}
    for near in await store.near(tx, ids, NEAR_MAX):
        key = (near.first_id, near.second_id)
        if key not in pairs and are_alike(near.first, near.second):
            pairs[key] = Pair(
                first_id=near.first_id,
                first_number=near.first_number,
                first_name=near.first.name,
                second_id=near.second_id,
                second_number=near.second_number,
                second_name=near.second.name,
                matched_on=["alike"],
            )
    return [pairs[key] for key in sorted(pairs)]


def _key(pair: Pair) -> tuple[UUID, UUID]:
    return pair.first_id, pair.second_id
