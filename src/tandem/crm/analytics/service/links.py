"""Links that show numbers: made, listed, taken back, and held up by who comes with one."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.links import (
    LIVE_MAX,
    PURPOSE,
    SEEN_EVERY,
    TOKEN_LENGTH_MAX,
    LinkDraft,
    ReportLink,
    Signed,
    TooManyLinks,
    check,
    digest_of,
    packed,
    refused,
    unpacked,
)
from tandem.crm.analytics.domain.permissions import SHARE
from tandem.crm.analytics.service.keepable import check_question
from tandem.crm.analytics.service.personal import Personal, check_remover
from tandem.crm.analytics.store import links as store
from tandem.kernel import secrets
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

LINK = Personal(kind="report_link", named="a link", changes_with=SHARE)


async def list_links(
    tx: Tx, *, now: datetime, everybodys: bool = False, dashboard: str | None = None
) -> list[ReportLink]:
    """One's own, newest first; with `analytics.configure` everybody's. `dashboard` as in the
    draft: only those of it."""
    user_id = LINK.lister(tx, everybodys=everybodys)
    found = await store.list_rows(tx, user_id, everybodys=everybodys, dashboard=dashboard)
    return [_with_path(tx, one, now) for one in found]


async def add_link(tx: Tx, draft: LinkDraft, *, now: datetime) -> ReportLink:
    """Whoever has it sees what its owner may see, while they may. Refuses the hundred and first
    that works."""
    tx.actor.require(SHARE)
    user_id = LINK.person(tx)
    draft = check(draft)
    check_question(tx.actor, query=draft.query, funnel=draft.funnel, retention_=draft.retention)
    if await store.count_live(tx, user_id, now) >= LIVE_MAX:
        raise TooManyLinks(f"You have {LIVE_MAX} links that work. Take one back first.")
    link_id = new_id()
    expires_at = now.replace(microsecond=0) + timedelta(days=draft.days)
    await store.insert(tx, link_id, user_id, draft, expires_at=expires_at, now=now)
    facts = {"title": draft.title, "expires_at": expires_at.isoformat()}
    await LINK.note(tx, "added", link_id, facts | {"origins": draft.allowed_origins}, now)
    return _with_path(tx, await _find(tx, link_id), now)


async def revoke_link(tx: Tx, link_id: UUID, *, now: datetime) -> ReportLink:
    """From this moment on it shows nothing, for good."""
    tx.actor.require(SHARE)
    found = await _find(tx, link_id)
    check_remover(tx, found)
    if await store.revoke(tx, link_id, now):
        await LINK.note(tx, "revoked", link_id, {"title": found.draft.title}, now)
    return await _find(tx, link_id)


def read_token(token: str) -> Signed:
    """Raises LinkRefused for what this installation did not sign."""
    return unpacked(
        token[:TOKEN_LENGTH_MAX],
        lambda head, made: secrets.is_signed(head, made, purpose=PURPOSE),
    )


async def open_link(tx: Tx, signed: Signed, *, now: datetime) -> ReportLink:
    """For a visitor of the company that the token names. Raises LinkRefused."""
    found = await store.find(tx, signed.link_id)
    if found is None or not found.is_live(now) or now >= signed.expires_at:
        raise refused()
    if digest_of(found.draft) != signed.digest:
        raise refused()
    await store.note_seen(tx, found.id, before=now - SEEN_EVERY, now=now)
    return found


def _with_path(tx: Tx, link: ReportLink, now: datetime) -> ReportLink:
    if not link.is_live(now):
        return link
    token = packed(tx.actor.org_id, link, sign=lambda head: secrets.sign(head, purpose=PURPOSE))
    return msgspec.structs.replace(link, path=f"/embed/{token}")


async def _find(tx: Tx, link_id: UUID) -> ReportLink:
    found = await store.find(tx, link_id)
    if found is None:
        raise NotFound("There is no such link.")
    return found
