"""A sequence: a few mails from one rep to one lead, some days apart, until the lead answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.contacts import normal_email
from tandem.crm.sales.domain.leads import LINE
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Conflict, Invalid

STEPS_MAX = 10
SEQUENCES_MAX = 100
PLACES = ("name", "company", "number", "sender")
"""What stands in curly brackets in a mail for the lead's and the sender's own."""


class State(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Why one ended before its last mail."""

    REPLIED = "replied"
    CAME_AGAIN = "came_again"
    BY_HAND = "by_hand"
    SETTLED = "settled"
    SAID_NO = "said_no"
    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SENDER_LEFT = "sender_left"
    GONE = "gone"


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=5000, pattern=r"^[^\x00]*$")]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mail, `after_days` after the one before it; of the first one, after the start."""

    after_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 0
    subject: Subject
    text: Text


Steps = Annotated[list[Step], msgspec.Meta(min_length=1, max_length=STEPS_MAX)]


class SequenceDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reply_to` is where answers go, the sender's own address where it is empty. With
    `asks_consent` it goes to nobody who has not agreed to marketing by e-mail; without, to nobody
    who has said no."""

    name: Name
    steps: Steps
    reply_to: Annotated[str, msgspec.Meta(max_length=254, pattern=LINE)] = ""
    asks_consent: bool = False
    is_active: bool = True


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """`running`, `finished`, `replied` count its leads; others were stopped."""

    id: UUID
    name: str
    steps: list[Step]
    reply_to: str
    asks_consent: bool
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    running: int = 0
    finished: int = 0
    replied: int = 0
    stopped: int = 0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One lead's way through a sequence. `sent` mails are in the ledger, in `feed`."""

    id: UUID
    sequence_id: UUID
    sequence_name: str
    lead_id: UUID
    sender_id: UUID
    state: State
    reason: str
    sent: int
    steps: int
    due_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    actor_label: str

    @property
    def feed(self) -> str:
        return feed_of(self.id)


class SequenceTaken(Conflict):
    """Another sequence has this name."""

    code = "sequence_taken"


class SequenceRunning(Conflict):
    """The lead is in a sequence already, or this one has ended."""

    code = "sequence_running"


def check_draft(draft: SequenceDraft) -> None:
    if not draft.name.strip():
        raise Invalid("Give it a name.", field="name")
    if draft.reply_to.strip():
        normal_email(draft.reply_to.strip(), field="reply_to")
    for place, step in enumerate(draft.steps):
        if not step.subject.strip():
            raise Invalid("Give the mail a subject.", field=f"steps[{place}].subject")
        if not step.text.strip():
            raise Invalid("Say something.", field=f"steps[{place}].text")


def feed_of(run_id: UUID) -> str:
    return f"sequence:{run_id}"


def run_of(feed: str | None) -> UUID | None:
    kind, _, run_id = (feed or "").partition(":")
    return UUID(run_id) if kind == "sequence" else None


def next_due(steps: list[Step], sent: int, now: datetime) -> datetime | None:
    """When the mail after `sent` ones leaves; None after the last."""
    return now + timedelta(days=steps[sent].after_days) if sent < len(steps) else None


def filled(text: str, words: Mapping[str, str]) -> str:
    """In one pass: what stands for a word is never taken for another place."""
    parts = text.split("{")
    said = [parts[0]]
    for part in parts[1:]:
        place, bracket, rest = part.partition("}")
        is_known = bracket and place in PLACES
        said.append(words.get(place, "") + rest if is_known else "{" + part)
    return "".join(said)
