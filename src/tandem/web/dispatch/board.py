"""The list beside the map: what is most urgent stands first, in groups that say why."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.statuses import WAITING, Status
from tandem.scm.delivery.service.desk import Desk, Mate


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what the list says beside it."""

    delivery: Delivery
    is_late: bool
    driver_name: str
    arrives_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        return self.delivery.status in WAITING


class Group(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    title: str
    rows: Sequence[Row]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    groups: Sequence[Group]
    crew: Sequence[Mate]
    has_more: bool

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def waiting(self) -> list[Delivery]:
        return [
            row.delivery
            for group in self.groups
            for row in group.rows
            if row.delivery.status is Status.UNASSIGNED
        ]

    @property
    def on_shift(self) -> list[Mate]:
        return [mate for mate in self.crew if mate.shift]


async def business_day(tx: Tx, now: datetime) -> date:
    """The day where the promises are made."""
    return now.astimezone(ZoneInfo(await find_zone(tx))).date()


def board_of(desk: Desk, *, today: date) -> Board:
    """Late ones first, those without a driver before the others; then what came back, what waits
    and what is on its way by expected arrival."""
    names = {mate.driver.id: mate.driver.name for mate in desk.crew}

    def row(delivery: Delivery) -> Row:
        return Row(
            delivery=delivery,
            is_late=is_late(delivery, today),
            driver_name=names.get(delivery.driver_id, "") if delivery.driver_id else "",
            arrives_at=desk.arrivals.get(delivery.id),
        )

    waiting = [row(delivery) for delivery in desk.waiting]
    carried = [row(delivery) for delivery in desk.carried]
    late = [each for each in (*waiting, *carried) if each.is_late]
    groups = (
        Group(key="late", title="Late", rows=sorted(late, key=_urgency)),
        Group(key="back", title="Came back", rows=[row(delivery) for delivery in desk.back]),
        Group(key="waiting", title="Waiting for a driver", rows=_in_time(waiting)),
        Group(key="carried", title="With a driver", rows=sorted(_in_time(carried), key=_arrival)),
    )
    return Board(
        groups=[group for group in groups if group.rows], crew=desk.crew, has_more=desk.has_more
    )


def is_late(delivery: Delivery, today: date) -> bool:
    return (
        delivery.closed_at is None
        and delivery.promised_on is not None
        and delivery.promised_on < today
    )


def _in_time(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not row.is_late]


def _urgency(row: Row) -> tuple[bool, date, UUID]:
    return not row.is_waiting, row.delivery.promised_on or date.max, row.delivery.id


def _arrival(row: Row) -> tuple[bool, float, date, int, UUID]:
    """Expected soon before expected later; what has no prediction by promise and place."""
    at = row.arrives_at.timestamp() if row.arrives_at else 0.0
    on = row.delivery.promised_on or date.max
    return row.arrives_at is None, at, on, row.delivery.stop_seq, row.delivery.id
