"""Who may be one person: somebody asked for, or everybody, some hundreds of customers a page."""

from uuid import UUID

from tandem.crm.customers.domain import (
    Asked,
    Candidate,
    Key,
    check_tax_numbers,
    normal_email,
    normal_phone,
)
from tandem.crm.customers.domain.likeness import are_alike
from tandem.crm.customers.domain.merging import Pair
from tandem.crm.customers.store import duplicates as store
from tandem.crm.customers.store import known
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel.db import Tx
from tandem.kernel.pages import Page, decode_cursor, encode_cursor, page_of

BATCH = 100
BATCHES = 10
"""A page looks at a thousand customers at most, however many there are; it may show nobody and
still have a next one."""
NEAR_MAX = 50_000
LAST = UUID(int=2**128 - 1)


async def find_alike(tx: Tx, asked: Asked) -> list[Candidate]:
    """Whoever in the reader's reach may be the person asked for, the surest first. What is hidden
    from the reader is not looked for. Refuses a wrong e-mail, phone or GSTIN."""
    tx.actor.require("customers.read")
    keys: list[Key] = []
    if asked.email.strip() and not tx.actor.hides("customer", "emails"):
        keys.append(("email", normal_email(asked.email)))
    if asked.phone.strip() and not tx.actor.hides("customer", "phones"):
        keys.append(("phone", normal_phone(asked.phone)))
    gstin = asked.gstin.strip() if not tx.actor.hides("customer", "gstin") else ""
    code = asked.postal_code.strip() if not tx.actor.hides("customer", "addresses") else ""
    traits = known.Traits(
        name=asked.name,
        keys=keys,
        gstin=check_tax_numbers(gstin, None)[0] if gstin else None,
        postal_codes=[code] if code else [],
    )
    return await known.people(tx, traits, tx.actor.reach("customers.read"))


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
