"""One person, one lead: whoever comes again, by whatever way, adds a touch to the lead they are."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadCaptured, LeadMoved
from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import (
    TOUCHES_MAX,
    Captured,
    Channel,
    Lead,
    LeadDraft,
    NewTouch,
    StatusKind,
    Touch,
    check_somebody,
    filled,
    read_contacts,
    told,
)
from tandem.crm.sales.service.lead_statuses import status_of
from tandem.crm.sales.store import lead_touches as touches
from tandem.crm.sales.store import leads as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id

TRIES = 5
NOTHING = NewTouch()


async def capture(
    tx: Tx,
    draft: LeadDraft,
    *,
    channel: Channel,
    form_id: UUID | None = None,
    dedupe: str | None = None,
    is_owner_by_default: bool = False,
    now: datetime,
) -> Captured:
    """Find whoever has this e-mail, or this phone and no other e-mail; or add them.

    Known people keep what is known of them: only blanks are filled. A lost one who comes again is
    open again. The same `dedupe` is one touch, however often it comes. For callers that may: asks
    no permission.
    """
    email, phone = read_contacts(draft.email, draft.phone)
    check_somebody(draft.name.strip(), draft.company_name.strip(), email, phone)
    keys = keys_of(email, phone)
    for _ in range(TRIES):
        held = await store.holders(tx, keys)
        lead = await _known(tx, held, email)
        is_new = lead is None
        if lead is None:
            lead = await _add(tx, draft, email, phone, keys, held, now)
        if lead is not None:
            return await _touched(
                tx,
                lead,
                draft,
                is_new,
                channel=channel,
                form_id=form_id,
                dedupe=dedupe,
                is_owner_by_default=is_new and is_owner_by_default,
                now=now,
            )
    raise AssertionError("a contact was claimed and let go of, over and over")


def keys_of(email: str | None, phone: str | None) -> list[tuple[str, str]]:
    given = (("email", email), ("phone", phone))
    return [(kind, value) for kind, value in given if value]


async def _known(tx: Tx, held: dict[str, UUID], email: str | None) -> Lead | None:
    """An e-mail decides. A phone alone may be a family's: it decides where none contradicts."""
    if "email" in held:
        return await store.lock(tx, held["email"])
    if "phone" not in held:
        return None
    lead = await store.lock(tx, held["phone"])
    is_same = lead is not None and (email is None or lead.email in (None, email))
    return lead if is_same else None


async def _add(
    tx: Tx,
    draft: LeadDraft,
    email: str | None,
    phone: str | None,
    keys: list[tuple[str, str]],
    held: dict[str, UUID],
    now: datetime,
) -> Lead | None:
    """None where somebody else was faster: then they are known after all."""
    lead_id = new_id()
    free = [key for key in keys if key[0] not in held]
    claimed = await store.claim(tx, lead_id, free)
    if free and free[0][0] not in claimed:
        await store.let_go(tx, lead_id, kept=())
        return None
    status = await status_of(tx, draft.status_id)
    check_begins(status)
    row = {
        "id": lead_id,
        "email": email,
        "phone": phone,
        "status_id": status.id,
        "kind": status.kind,
        **{name: getattr(draft, name) for name in PLAIN},
    }
    await store.insert(tx, row, now)
    return await store.lock(tx, lead_id)


PLAIN = (
    "name", "company_name", "job_title", "website", "city", "country", "description", "source",
    "owner_id", "team_id", "territory_id", "tags", "custom",
)  # fmt: skip


async def _touched(
    tx: Tx,
    lead: Lead,
    draft: LeadDraft,
    is_new: bool,
    *,
    channel: Channel,
    form_id: UUID | None,
    dedupe: str | None,
    is_owner_by_default: bool,
    now: datetime,
) -> Captured:
    touch = touch_of(draft, channel, form_id, now)
    is_kept = lead.touch_count < TOUCHES_MAX
    if is_kept and not await touches.add(tx, lead.id, touch, dedupe=dedupe or str(touch.id)):
        return Captured(lead=lead, is_new=False)
    after = msgspec.structs.replace(lead, **await _after(tx, lead, draft, touch))
    await store.save(tx, after, now)
    names: dict[str, Any] = {
        "lead_id": lead.id,
        "number": lead.number,
        "customer_id": lead.customer_id,
    }
    if after.kind is not lead.kind:
        await tx.publish(
            LeadMoved(status=after.status_name, kind=after.kind, before=lead.status_name, **names)
        )
    await tx.publish(
        LeadCaptured(
            is_new=is_new,
            touch_id=touch.id,
            channel=channel,
            source=touch.source,
            utm_source=touch.utm_source,
            utm_medium=touch.utm_medium,
            utm_campaign=touch.utm_campaign,
            campaign_id=touch.campaign_id,
            form_id=form_id,
            owner_id=after.owner_id,
            is_owner_by_default=is_owner_by_default,
            **names,
        )
    )
    found = await store.find(tx, lead.id)
    assert found, "it is locked"
    return Captured(lead=found, is_new=is_new)


def check_begins(status: Status) -> None:
    if status.kind is StatusKind.CONVERTED:
        raise Invalid("Nobody begins as converted.", field="status_id")


def touch_of(draft: LeadDraft, channel: Channel, form_id: UUID | None, now: datetime) -> Touch:
    given = msgspec.structs.asdict(draft.touch or NOTHING)
    given["source"] = given["source"].strip() or draft.source.strip()
    return Touch(id=new_id(), channel=channel, form_id=form_id, at=now, **given)


async def _after(tx: Tx, lead: Lead, draft: LeadDraft, touch: Touch) -> dict[str, Any]:
    """The lead with this touch: first and last one, blanks filled, open again if it was lost."""
    taken: dict[str, Any] = {
        "last_touch": told(touch),
        "touch_count": lead.touch_count + 1,
        **filled(lead, draft),
    }
    if lead.first_touch is None:
        taken["first_touch"] = told(touch)
    if lead.campaign_id is None and touch.campaign_id is not None:
        taken["campaign_id"] = touch.campaign_id
    if not (lead.source or taken.get("source")):
        taken["source"] = (touch.source or touch.utm_source or channel_word(touch))[:60]
    email, phone = read_contacts(draft.email, draft.phone)
    if new := [key for key in keys_of(email, phone) if getattr(lead, key[0]) is None]:
        claimed = await store.claim(tx, lead.id, new)
        taken |= {kind: value for kind, value in new if kind in claimed}
    if lead.kind is StatusKind.LOST:
        status = await status_of(tx, None)
        taken |= {
            "status_id": status.id,
            "status_name": status.name,
            "kind": status.kind,
            "lost_reason": "",
        }
    return taken


def channel_word(touch: Touch) -> str:
    return {Channel.FORM: "web form", Channel.MANUAL: "by hand"}.get(
        touch.channel, str(touch.channel)
    )
