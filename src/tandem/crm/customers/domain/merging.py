"""Two records that turn out to be one person: what becomes of them, and of the way back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.people import Customer
from tandem.crm.customers.domain.records import tidy_tags
from tandem.kernel.errors import Conflict

UNDO_WITHIN = timedelta(days=90)
NAMED = ("company_name", "locale", "gstin", "pan", "owner_id", "team_id", "territory_id")
NOTES_MAX = 10_000


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """`moved` holds the ids of what changed hands, by kind of record and service."""

    id: UUID
    survivor_id: UUID
    loser_id: UUID
    before: dict[str, Any]
    moved: dict[str, list[Any]]
    merged_at: datetime
    actor_label: str
    undone_at: datetime | None
    undone_label: str


class MergePreview(msgspec.Struct, frozen=True, kw_only=True):
    """What the survivor would look like, and how much would change hands."""

    result: Customer
    counts: dict[str, int]
    consents: dict[str, str]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two customers who may be one, and what they share."""

    first_id: UUID
    first_number: str
    first_name: str
    second_id: UUID
    second_number: str
    second_name: str
    matched_on: list[str]


class MergeImpossible(Conflict):
    code = "merge_impossible"


class UndoImpossible(Conflict):
    """The merge cannot be undone (any more); the message says why."""

    code = "undo_impossible"


def combine(survivor: Customer, loser: Customer) -> dict[str, Any]:
    """The survivor's fields that change: only what it lacks is taken over, nothing is replaced."""
    taken: dict[str, Any] = {
        name: getattr(loser, name)
        for name in NAMED
        if not getattr(survivor, name) and getattr(loser, name)
    }
    if "pan" in taken and survivor.gstin:
        del taken["pan"]
    # What they are to GST goes with the GSTIN that says so.
    if (taken.get("gstin") or survivor.gstin) == loser.gstin and (
        "gstin" in taken or not survivor.gst_treatment
    ):
        taken["gst_treatment"] = loser.gst_treatment
    if taken.get("gst_treatment") == survivor.gst_treatment:
        del taken["gst_treatment"]
    tags = tidy_tags([*survivor.tags, *loser.tags])[:50]
    if tags != survivor.tags:
        taken["tags"] = tags
    custom = {**loser.custom, **survivor.custom}
    if custom != survivor.custom:
        taken["custom"] = custom
    if loser.notes and loser.notes not in survivor.notes:
        notes = "\n\n".join(part for part in (survivor.notes, loser.notes) if part)
        taken["notes"] = notes[:NOTES_MAX]
    return taken


def part_again(
    survivor: Customer, before: Mapping[str, Any], taken: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields to give back: those that are still as the merge left them."""
    now = msgspec.to_builtins(survivor)
    return {name: before[name] for name, value in taken.items() if now[name] == value}
