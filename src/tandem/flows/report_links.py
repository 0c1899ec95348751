"""Numbers under a link: shown as its owner may see them at that moment, to whoever has it."""

from datetime import datetime

import msgspec

from tandem.crm.analytics.domain.dashboards import Tile
from tandem.crm.analytics.domain.exports import ExportDraft
from tandem.crm.analytics.domain.links import LinkDraft, ReportLink, refused
from tandem.crm.analytics.domain.permissions import SHARE
from tandem.crm.analytics.service import links
from tandem.flows.reports.acting import as_member, member
from tandem.flows.reports.making import Subject, subject_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound


async def add_link(tx: Tx, draft: LinkDraft, *, now: datetime) -> ReportLink:
    """Refuses what its maker may not open, and keys: a link shows what a person may see."""
    tx.actor.require(SHARE)
    await member(tx, links.LINK.person(tx))
    made = await links.add_link(tx, draft, now=now)
    subject = await _subject(tx, made.draft)
    if subject is not None and draft.looking and draft.looking.only and not subject.filter_by:
        raise Invalid("This cannot be narrowed to one value.", field="looking.only")
    return made


class Seen(msgspec.Struct, frozen=True):
    """A transaction that sees what the link's owner sees, and the tiles with what is locked."""

    tx: Tx
    name: str
    tiles: list[Tile]
    """None of them where it shows a funnel or cohorts."""


async def look(tx: Tx, link: ReportLink, *, now: datetime) -> Seen:
    """Raises LinkRefused where the owner has left, or may not share or see this any more."""
    try:
        own = await as_member(tx, link.owner_id, now=now)
        own.actor.require(SHARE)
        subject = await _subject(own, link.draft)
    except (Forbidden, NotFound) as reason:
        raise refused() from reason
    if subject is None:
        return Seen(own, link.draft.title or _named(link.draft), [])
    looking = link.draft.looking
    if looking and looking.only and not subject.filter_by:
        # The dashboard can be narrowed no more: it would show more than the link was made to.
        raise refused()
    tiles = [
        msgspec.structs.replace(tile, query=looking.applied(tile.query, subject.filter_by))
        if looking
        else tile
        for tile in subject.tiles
    ]
    return Seen(own, link.draft.title or subject.name, tiles)


def _named(draft: LinkDraft) -> str:
    return "Funnel" if draft.funnel is not None else "Who comes back"


async def _subject(tx: Tx, draft: LinkDraft) -> Subject | None:
    """None for what is no tiles."""
    if draft.query is None and draft.dashboard is None:
        return None
    return await subject_of(
        tx, ExportDraft(query=draft.query, dashboard=draft.dashboard, title=draft.title)
    )
