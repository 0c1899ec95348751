"""Leads and deals found by a rule, as far as the reader's records go."""

from typing import Any
from uuid import UUID

from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.permissions import READ
from tandem.crm.sales.store import choosing as store
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.pages import Page, decode_cursor, page_of

SECONDS_MAX = 5.0


async def choose_leads(
    tx: Tx,
    rule: Any,
    words: rules.Vocabulary,
    moment: rules.Moment,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[Lead]:
    """The newest first. Refuses with RuleWrong what asks for a field that is hidden from them."""
    made = _condition(tx, rule, words, moment)
    async with rules.bounded(tx, seconds=SECONDS_MAX):
        rows = await store.leads(
            tx, made, tx.actor.reach(READ), before_id=_before(cursor), count=limit + 1
        )
    return page_of(rows, limit, lambda row: (row.id,))


async def choose_deals(
    tx: Tx,
    rule: Any,
    words: rules.Vocabulary,
    moment: rules.Moment,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[Opportunity]:
    """As `choose_leads`."""
    made = _condition(tx, rule, words, moment)
    async with rules.bounded(tx, seconds=SECONDS_MAX):
        rows = await store.deals(
            tx, made, tx.actor.reach(READ), before_id=_before(cursor), count=limit + 1
        )
    return page_of(rows, limit, lambda row: (row.id,))


def _condition(tx: Tx, rule: Any, words: rules.Vocabulary, moment: rules.Moment) -> rules.Condition:
    tx.actor.require(READ)
    seen = words.without(tx.actor.hidden)
    return rules.condition(rules.read(rule, seen), seen, moment)


def _before(cursor: str | None) -> UUID | None:
    return decode_cursor(cursor, UUID)[0] if cursor else None
