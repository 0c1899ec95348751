"""What a question about people rests on: days, a moment, and whose records the asker may see."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import Spanned, days_asked, moment_asked, today_in
from tandem.crm.analytics.domain.calendar import Days
from tandem.crm.analytics.domain.happenings import DIMENSIONS, HAPPENINGS, KEPT_BY
from tandem.crm.analytics.service.asking import policy_hash, what_is_known
from tandem.crm.analytics.service.remembering import ANSWERS, key_of, until
from tandem.crm.analytics.store import answers
from tandem.crm.analytics.store.facts import Watermark
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.fields import FieldKept
from tandem.kernel.reach import Reach

T = TypeVar("T")


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    days: Days
    as_of: datetime
    known: Watermark
    kinds: list[str]
    reaches: Mapping[str, Reach]
    policy_hash: str

    @property
    def permissions(self) -> list[str]:
        return sorted(self.reaches)


def check_cuts(actor: Actor, names: Iterable[str]) -> None:
    """Refuses to cut by, or to ask for, what is kept from the actor."""
    for name in names:
        if KEPT_BY[name] & actor.hidden:
            raise FieldKept(
                f"{DIMENSIONS[name].label} is kept from your role.",
                field=name,
                permission="analytics.read",
            )


async def ground(
    tx: Tx,
    ask: Spanned,
    kinds: Iterable[str],
    *,
    cut_by: Iterable[str] = (),
    now: datetime,
    reads_all: bool = False,
) -> Ground:
    """Refuses who may not see any record that one of the kinds happens with, and to cut by what is
    kept from the asker. With `reads_all`,
    everything else that the asker may see is read too."""
    wanted = sorted(set(kinds))
    for kind in wanted:
        tx.actor.require(HAPPENINGS[kind].permission)
    check_cuts(tx.actor, cut_by)
    if reads_all:
        wanted = [key for key, one in HAPPENINGS.items() if tx.actor.may(one.permission)]
    known = await what_is_known(tx, now)
    as_of = moment_asked(ask, known.at)
    permissions = {HAPPENINGS[kind].permission for kind in wanted}
    return Ground(
        days=days_asked(ask, today_in(known.zone, as_of if ask.as_of else now)),
        as_of=as_of,
        known=known,
        kinds=wanted,
        reaches=_reaches(tx.actor, permissions),
        policy_hash=policy_hash(tx.actor, permissions),
    )


async def answered(
    tx: Tx,
    found: Ground,
    ask: msgspec.Struct,
    kind: type[T],
    make: Callable[[], Awaitable[T]],
    *,
    now: datetime,
    question: UUID | None,
) -> T:
    """The answer that is kept for exactly this asker, or a new one."""
    today = today_in(found.known.zone, now)
    said = (type(ask).__name__, ask, found.days, today, found.kinds)
    key = key_of(tx.actor, found.permissions, found.known, found.as_of, *said)
    answer = ANSWERS.find(key, kind, now)
    if answer is None:
        async with answers.guarded(tx, question=question):
            answer = await make()
        ANSWERS.keep(key, tx.actor.org_id, answer, until(tx.actor, found.permissions, now))
    return answer


def _reaches(actor: Actor, permissions: Iterable[str]) -> dict[str, Reach]:
    return {one: actor.reach(one) for one in permissions}


def link_of(person: object, *, is_lead: bool) -> str:
    return f"/leads/{person}" if is_lead else f"/customers/{person}"
