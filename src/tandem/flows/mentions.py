"""Notes beside records: whoever is named hears of it, whoever writes follows, whoever follows is
told. What was said is under a link, never in the words."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.customers import NoteAdded
from tandem.contracts.sales import LeadNoted
from tandem.crm.customers.service import notes
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.crm.notifications.service import following
from tandem.crm.notifications.service.following import Followed
from tandem.crm.sales.service import leads
from tandem.flows.followed import RECORDS, page_of, who_sees
from tandem.flows.staff_inbox import tell
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe

MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{2,60}(?:@[\w.-]+)?)")
MENTIONS_MAX = 20


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is empty where names in it are nobody's business, as in an answer to a buyer."""

    note_id: UUID
    author_id: UUID | None
    author_label: str
    text: str


@subscribe(NoteAdded, "mentions.note_added")
async def note_added(tx: Tx, event: NoteAdded, now: datetime) -> None:
    """A note that was removed again meanwhile tells nobody."""
    note = await notes.find(tx, event.note_id)
    if note is None:
        return
    kinds: dict[str, Followed] = {
        "customer": "customer",
        "account": "account",
        "opportunity": "deal",
        "order": "order",
    }
    said = Said(
        note_id=note.id,
        author_id=note.author_id,
        author_label=note.author_label,
        text=note.text,
    )
    await tell_note(tx, kinds[event.subject_kind], event.subject_id, said, now=now)


@subscribe(LeadNoted, "mentions.lead_noted")
async def lead_noted(tx: Tx, event: LeadNoted, now: datetime) -> None:
    note = await leads.find_note(tx, event.note_id)
    if note is None:
        return
    said = Said(
        note_id=note.id,
        author_id=note.author_id,
        author_label=note.author_label,
        text=note.text,
    )
    await tell_note(tx, "lead", event.lead_id, said, now=now)


async def tell_note(tx: Tx, kind: Followed, subject_id: UUID, said: Said, *, now: datetime) -> None:
    """Only whoever may see the record hears of it."""
    writer = await who_sees(tx, [said.author_id], kind, subject_id, now=now)
    await following.follow_for(tx, kind, subject_id, writer, now=now)
    named = [one for one in await mentioned(tx, said.text) if one != said.author_id]
    watchers = await following.watchers_of(tx, kind, subject_id)
    others = [one for one in watchers if one not in named and one != said.author_id]
    seeing = await who_sees(tx, [*named, *others], kind, subject_id, now=now)
    if not seeing:
        return
    number = await RECORDS[kind].read(tx.with_all_grants(), subject_id)
    link = page_of(kind, subject_id)
    await tell(
        tx,
        [one for one in named if one in seeing],
        kind="mention",
        title=f"{said.author_label} names you in {number}",
        link=link,
        dedupe=f"mention:{said.note_id}",
        now=now,
    )
    await tell(
        tx,
        [one for one in others if one in seeing],
        kind="followed",
        title=f"{number}: {said.author_label} wrote",
        link=link,
        dedupe=f"note:{said.note_id}",
        now=now,
    )


async def mentioned(tx: Tx, text: str) -> list[UUID]:
    """Members named in a note: `@ravi`, `@ravi.kumar` or `@ravi@example.test`. Where a short name
    fits several, nobody is: a whole address says who."""
    names = {found.lower().rstrip(".") for found in MENTION.findall(text)}
    if not names:
        return []
    people = [user for user in await identity.list_users(tx) if user.is_active]
    found = [_called(people, name) for name in sorted(names)[:MENTIONS_MAX]]
    return list(dict.fromkeys(one.id for one in found if one is not None))


def _called(people: Sequence[User], name: str) -> User | None:
    fits = [
        user
        for user in people
        if name
        in {
            user.email.lower(),
            user.email.lower().partition("@")[0],
            user.name.lower().replace(" ", "."),
            user.name.lower().partition(" ")[0],
        }
    ]
    exact = [user for user in fits if user.email.lower() == name]
    return exact[0] if exact else fits[0] if len(fits) == 1 else None
