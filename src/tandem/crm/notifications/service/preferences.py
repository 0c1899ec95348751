"""Who wants to hear what: the company's defaults, a person's own choice, what is mandatory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.categories import (
    CATEGORIES,
    Audience,
    Category,
    Pace,
    Way,
    category_of,
    check_choice,
    for_audience,
)
from tandem.crm.notifications.domain.hours import Hours, check_hours
from tandem.crm.notifications.store import preferences as store
from tandem.kernel import audit
from tandem.kernel.actor import Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden

CHOICES_MAX = 100


class Ask(Protocol):
    """What of a message decides whether somebody wants it (policy.SendAsk has all of it)."""

    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    category: str
    way: Way
    pace: Pace


class ChoicesMade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not named stays as it is."""

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1, max_length=CHOICES_MAX)]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one category comes by one way. `decided_by`: person, company or suite."""

    category: str
    way: str
    pace: Pace
    is_mandatory: bool
    decided_by: str


async def preference_allows(tx: Tx, asks: Sequence[Ask]) -> list[bool]:
    """For each ask, in order, in one query: does the person want this kind by this channel?

    What is mandatory is always wanted. Purposes other than service are judged by consent, and only
    refused here where the company or the person put the purpose off as a whole.
    """
    people = [ask.customer_id for ask in asks if ask.customer_id is not None]
    rows = await store.list_chosen(tx, "customer", people)
    chosen = {(row.subject_id, row.category, row.channel): row.pace for row in rows}
    org_id = tx.actor.org_id
    allowed = []
    for ask in asks:
        category = category_of(ask.kind, ask.purpose)
        if category is not None and category.is_mandatory:
            allowed.append(True)
            continue
        key = category.key if category else ask.purpose
        own = chosen.get((ask.customer_id, key, str(ask.channel))) if ask.customer_id else None
        pace = own or chosen.get((org_id, key, str(ask.channel)), "now")
        allowed.append(pace != "off")
    return allowed


async def customer_choices(tx: Tx, customer_id: UUID) -> list[Standing]:
    """What this customer hears of, and who decided. Whose customer it is, the caller has asked."""
    return await _standing(tx, "customer", customer_id, for_audience("customer"))


async def own_choices(tx: Tx) -> list[Standing]:
    """The asker's own, as a member of the staff."""
    return await _standing(tx, "user", member_of(tx), for_audience("staff"))


async def company_choices(tx: Tx) -> list[Standing]:
    """Everybody's defaults, of staff and customers."""
    tx.actor.require("notifications.read")
    return await _standing(tx, "company", tx.actor.org_id, list(CATEGORIES.values()))


async def choose_own(tx: Tx, choices: Sequence[Choice], *, now: datetime) -> list[Standing]:
    """Raises CategoryUnknown, Mandatory."""
    await _choose(tx, "user", member_of(tx), "staff", choices, now=now)
    return await own_choices(tx)


async def choose_for_customer(
    tx: Tx, customer_id: UUID, choices: Sequence[Choice], *, now: datetime
) -> list[Standing]:
    """By the person under their link, or by staff for them; the caller has asked whose it is."""
    await _choose(tx, "customer", customer_id, "customer", choices, now=now)
    return await customer_choices(tx, customer_id)


async def choose_for_company(tx: Tx, choices: Sequence[Choice], *, now: datetime) -> list[Standing]:
    tx.actor.require("notifications.templates")
    for one in choices:
        known = CATEGORIES.get(one.category)
        check_choice(known.audience if known else "staff", one.category, one.way, one.pace)
    await _write(tx, "company", tx.actor.org_id, choices, now=now)
    await audit.write(
        tx,
        action="notifications.set_defaults",
        subject_kind="company",
        subject_id=tx.actor.org_id,
        now=now,
        after={f"{one.category}.{one.way}": one.pace for one in choices},
    )
    return await company_choices(tx)


async def own_hours(tx: Tx, *, zone: str) -> Hours:
    """`zone` is the company's, for whoever has set none."""
    found = await store.hours_of(tx, [member_of(tx)])
    return found[0].hours if found else Hours(zone=zone)


async def set_own_hours(tx: Tx, hours: Hours, *, now: datetime) -> Hours:
    check_hours(hours)
    await store.set_hours(tx, member_of(tx), hours, now=now)
    return hours


async def move_customer(tx: Tx, source: UUID, into: UUID) -> None:
    await store.move_customer(tx, source, into)


async def forget_customer(tx: Tx, customer_id: UUID) -> int:
    return await store.forget_customer(tx, customer_id)


def member_of(tx: Tx) -> UUID:
    """Only somebody who signed in has preferences and an inbox: neither keys nor devices."""
    if tx.actor.kind is not Kind.STAFF or tx.actor.user_id is None:
        raise Forbidden("This is for members of the staff.", permission="person")
    return tx.actor.user_id


async def _choose(
    tx: Tx,
    subject_kind: str,
    subject_id: UUID,
    audience: Audience,
    choices: Sequence[Choice],
    *,
    now: datetime,
) -> None:
    for one in choices:
        check_choice(audience, one.category, one.way, one.pace)
    await _write(tx, subject_kind, subject_id, choices, now=now)


async def _write(
    tx: Tx, subject_kind: str, subject_id: UUID, choices: Sequence[Choice], *, now: datetime
) -> None:
    last = {(one.category, str(one.way)): str(one.pace) for one in choices}
    rows = [(category, way, pace) for (category, way), pace in last.items()]
    await store.set_chosen(tx, subject_kind, subject_id, rows, now=now)


async def _standing(
    tx: Tx, subject_kind: str, subject_id: UUID, categories: Sequence[Category]
) -> list[Standing]:
    rows = await store.list_chosen(tx, subject_kind, [subject_id])
    chosen = {(row.subject_kind, row.category, row.channel): row.pace for row in rows}
    return [
        _judged(category, way, pace, subject_kind, chosen)
        for category in categories
        for way, pace in category.ways.items()
    ]


def _judged(
    category: Category,
    way: Way,
    pace: Pace,
    subject_kind: str,
    chosen: dict[tuple[str, str, str], str],
) -> Standing:
    found, by = str(pace), "suite"
    for level in ("company", subject_kind):
        own = chosen.get((level, category.key, way))
        if own is not None and not category.is_mandatory:
            found, by = own, "company" if level == "company" else "person"
    return Standing(
        category=category.key,
        way=way,
        pace=msgspec.convert(found, Pace),
        is_mandatory=category.is_mandatory,
        decided_by=by,
    )
