"""Leads and deals found by a rule, as far as the reader's records go."""

from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.permissions import READ
from tandem.crm.sales.store import choosing as store
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.pages import Page, decode_cursor, page_of

SECONDS_MAX = 5.0
T = TypeVar("T", Lead, Opportunity)


class Source(msgspec.Struct, Generic[T], frozen=True):
    """A kind of record that rules find."""

    kind: Literal["lead", "opportunity"]
    row: type[T]
    query: rules.RuledQuery


LEADS: Source[Lead] = Source("lead", Lead, store.LEADS)
DEALS: Source[Opportunity] = Source("opportunity", Opportunity, store.DEALS)


async def choose(
    tx: Tx,
    source: Source[T],
    rule: Any,
    words: rules.Vocabulary,
    moment: rules.Moment,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[T]:
    """The newest first. Refuses with RuleWrong what asks for a field that is hidden from them."""
    tx.actor.require(READ)
    seen = words.without(tx.actor.hidden)
    made = rules.condition(rules.read(rule, seen), seen, moment)
    before: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    async with rules.bounded(tx, seconds=SECONDS_MAX):
        rows = await store.chosen(
            tx,
            source.query,
            source.row,
            made,
            tx.actor.reach(READ),
            before_id=before,
            count=limit + 1,
        )
    return page_of(rows, limit, lambda row: (row.id,))
