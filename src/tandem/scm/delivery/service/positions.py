"""From uploads to stored pings, a believed position per device and what moved.

All is decided inside one transaction on locked device rows: several web processes may take pings of
one device, in any order, and none has to remember anything.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.db import Tx
from tandem.scm.delivery.domain import clocks
from tandem.scm.delivery.domain.deliveries import LivePosition
from tandem.scm.delivery.domain.permissions import WATCH
from tandem.scm.delivery.domain.pings import (
    Ping,
    Rank,
    Reason,
    rank_of,
    reject,
    storable,
    unrolled,
)
from tandem.scm.delivery.domain.tracks import Fix, Judged, in_order, judge
from tandem.scm.delivery.store import positions as store
from tandem.scm.delivery.store.positions import DeviceState, Known, PingRow

WINDOW = 24
"""The newest fixes kept with each device: neighbours for judging what comes next."""
SHOWN_FOR = timedelta(hours=12)
"""An older position is no position for a map of the present."""
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reasons = list[Reason | None]
"""One entry per ping of an upload, in order; None is accepted."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What a device sent at once. `sent_at` is what its clock showed then, where it says so."""

    device_id: UUID
    driver_id: UUID
    pings: list[Ping]
    sent_at: datetime | None = None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """How far a device's believed position went on: the new fixes in order, the last one shown."""

    device_id: UUID
    driver_id: UUID
    fixes: list[Fix]
    battery: float | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """`reasons` per upload, in order; and what moved."""

    reasons: list[Reasons]
    movements: list[Movement]


async def take_pings(tx: Tx, uploads: Sequence[Upload], *, now: datetime) -> Taken:
    """Store uploads and believe what can be believed. A ping that was told before is not kept
    again. The caller has checked whose devices these are."""
    owners = {upload.device_id: upload.driver_id for upload in uploads}
    ids = sorted(owners)
    states = await store.lock_states(tx, ids, [owners[device] for device in ids], now)
    known = await _known(tx, uploads, states)
    intakes = {
        device_id: _DeviceIntake(state, known.get(device_id, Known()), now)
        for device_id, state in states.items()
    }
    reasons = [intakes[upload.device_id].take(upload) for upload in uploads]
    await store.add_pings(tx, [row for one in intakes.values() for row in one.rows], now)
    await store.replace_pings(tx, [row for one in intakes.values() for row in one.better])
    movements = [movement for one in intakes.values() if (movement := one.settle())]
    await store.save_states(tx, list(states.values()))
    return Taken(reasons=reasons, movements=movements)


async def live_positions(tx: Tx, *, now: datetime) -> list[LivePosition]:
    """Where every vehicle was last believed to be."""
    tx.actor.require(WATCH)
    return await store.live(tx, driver_ids=None, since=now - SHOWN_FOR)


async def _known(
    tx: Tx, uploads: Sequence[Upload], states: dict[UUID, DeviceState]
) -> dict[UUID, Known]:
    """Only what is not newer than everything before can have been told before."""
    device_ids: list[UUID] = []
    device_ats: list[datetime] = []
    seqs: list[int | None] = []
    for upload in uploads:
        state = states[upload.device_id]
        for ping in upload.pings:
            at = storable(ping.at)
            if at <= state.newest_at or (ping.seq is not None and ping.seq <= state.seq_max):
                device_ids.append(upload.device_id)
                device_ats.append(at)
                seqs.append(ping.seq)
    if not device_ids:
        return {}
    return await store.known_pings(tx, device_ids, device_ats, seqs)


class _DeviceIntake:
    """Folds one device's uploads into its state; holds the rows to write."""

    def __init__(self, state: DeviceState, known: Known, now: datetime) -> None:
        self._state = state
        self._known = known
        self._now = now
        self._since_ms = _milliseconds(state.heard_at) if state.heard_at else -1
        self._moved: dict[int, Fix] = {}
        self._index: dict[datetime, int] = {}
        self._indexed = 0
        self.rows: list[PingRow] = []
        self.better: list[PingRow] = []

    def take(self, upload: Upload) -> Reasons:
        state = self._state
        state.driver_id = upload.driver_id
        state.received_at = self._now
        if not upload.pings:
            return []
        skew = self._measure_clock(upload)
        reasons: Reasons = []
        fresh: list[Fix] = []
        places: list[tuple[int, int, int]] = []
        for ping in upload.pings:
            device_at = storable(ping.at)
            fix_at = unrolled(device_at, self._now) + skew
            reason = reject(ping, fix_at, self._now)
            row_index = self._keep(ping, device_at, fix_at, reason)
            if row_index is None:
                reasons.append(Reason.DUPLICATE)
                continue
            reasons.append(reason)
            if reason is None:
                fix = _fix(ping, fix_at)
                fresh.append(fix)
                places.append((len(reasons) - 1, row_index, fix.at_ms))
        if fresh:
            self._judge(fresh, places, reasons)
        return reasons

    def settle(self) -> Movement | None:
        """Move the device's position to the newest fix it can stand by; never back in time."""
        if not self._moved:
            return None
        state = self._state
        fixes = [self._moved[at_ms] for at_ms in sorted(self._moved)]
        last = fixes[-1]
        state.lat, state.lon, state.heard_at = last.lat, last.lon, last.at
        state.accuracy_m, state.speed_mps = last.accuracy_m, last.speed_mps
        state.heading = last.heading
        return Movement(
            device_id=state.device_id,
            driver_id=state.driver_id,
            fixes=fixes,
            battery=state.battery,
        )

    def _measure_clock(self, upload: Upload) -> timedelta:
        state = self._state
        newest = storable(max(ping.at for ping in upload.pings))
        state.samples = clocks.take(
            state.samples,
            received_at=self._now,
            sent_at=storable(upload.sent_at) if upload.sent_at else None,
            newest_at=unrolled(newest, self._now),
        )
        skew = clocks.skew_of(state.samples)
        state.skew_ms = skew // MILLISECOND
        return skew

    def _keep(
        self, ping: Ping, device_at: datetime, fix_at: datetime, reason: Reason | None
    ) -> int | None:
        """The place of the ping's row among those to write; None for what is known already.

        A better fix of a known instant takes the stored one's place, so that the order in which
        two copies arrive leaves no trace.
        """
        state = self._state
        seq = ping.seq
        row = _row(state, ping, device_at, fix_at, reason)
        if ping.battery is not None and 0 <= ping.battery <= 100:
            state.battery = ping.battery
        if device_at > state.newest_at and (seq is None or seq > state.seq_max):
            state.newest_at = device_at
            if seq is not None:
                state.seq_max = seq
            self.rows.append(row)
            return len(self.rows) - 1
        return self._keep_late(msgspec.structs.replace(row, is_late=True))

    def _keep_late(self, row: PingRow) -> int | None:
        """What is not newer than all before may be known, or better than what is known."""
        self._catch_up()
        if not self._is_better(row):
            return None
        state = self._state
        if row.seq is not None and row.seq > state.seq_max:
            state.seq_max = row.seq
        place = self._index.get(row.device_at)
        if place is not None:
            self.rows[place] = row
            return place
        if row.device_at in self._known.times:
            self.better.append(row)
            return -1
        state.newest_at = max(state.newest_at, row.device_at)
        self.rows.append(row)
        return len(self.rows) - 1

    def _catch_up(self) -> None:
        """Index the rows of this upload only when something needs it: most come in order."""
        for place in range(self._indexed, len(self.rows)):
            row = self.rows[place]
            self._index[row.device_at] = place
            if row.seq is not None:
                self._known.seqs.add(row.seq)
        self._indexed = len(self.rows)

    def _is_better(self, row: PingRow) -> bool:
        """Never told before, or a better fix of an instant that was."""
        held: Rank | None = self._known.times.get(row.device_at)
        if (place := self._index.get(row.device_at)) is not None:
            other = self.rows[place]
            held = rank_of(other.reason, other.accuracy_m, other.lat, other.lon)
        if held is None:
            return row.seq is None or row.seq not in self._known.seqs
        return rank_of(row.reason, row.accuracy_m, row.lat, row.lon) < held

    def _judge(
        self, fresh: list[Fix], places: Sequence[tuple[int, int, int]], reasons: Reasons
    ) -> None:
        """What their neighbours in time say of an upload's fixes, into rows and reasons."""
        ordered = in_order([*self._state.recent, *fresh])
        judged = judge(ordered)
        self._state.recent = ordered[-WINDOW:]
        for fix in _held(judged):
            if self._is_news(fix):
                self._moved[fix.at_ms] = fix
        doubted = {one.fix.at_ms: one.reason for one in judged if one.reason is not None}
        if not doubted:
            return
        for index, place, at_ms in places:
            reason = doubted.get(at_ms)
            if reason is None:
                continue
            reasons[index] = reason
            if reason is not Reason.STATIC_DRIFT:
                self._moved.pop(at_ms, None)
            if place >= 0:
                self.rows[place] = msgspec.structs.replace(self.rows[place], reason=reason)

    def _is_news(self, fix: Fix) -> bool:
        """Later than what is shown, or a better fix of that very instant."""
        if fix.at_ms != self._since_ms:
            return fix.at_ms > self._since_ms
        return (fix.lat, fix.lon) != (self._state.lat, self._state.lon)


def _held(judged: Iterable[Judged]) -> list[Fix]:
    """Fixes to stand by. A parked vehicle stays where it parked, and is heard of all the same."""
    held: list[Fix] = []
    for one in judged:
        if one.reason is None:
            held.append(one.fix)
        elif one.reason is Reason.STATIC_DRIFT and held:
            place = held[-1]
            held.append(
                Fix(one.fix.at_ms, place.lat, place.lon, place.accuracy_m, 0.0, place.heading)
            )
    return held


def _row(
    state: DeviceState, ping: Ping, device_at: datetime, fix_at: datetime, reason: Reason | None
) -> PingRow:
    return PingRow(
        state.device_id,
        device_at,
        state.driver_id,
        ping.seq,
        fix_at,
        ping.lat,
        ping.lon,
        _small(ping.accuracy_m),
        _small(ping.speed_mps),
        _small(ping.heading),
        _small(ping.battery),
        reason,
    )


def _fix(ping: Ping, fix_at: datetime) -> Fix:
    speed = ping.speed_mps
    heading = ping.heading
    return Fix(
        _milliseconds(fix_at),
        ping.lat,
        ping.lon,
        ping.accuracy_m,
        speed if speed is not None and 0.0 <= speed < 200.0 else None,
        heading % 360.0 if heading is not None and -360.0 <= heading <= 720.0 else None,
    )


def _small(value: float | None) -> float | None:
    """What single precision can hold; a number beyond it says nothing anyway."""
    return value if value is None or abs(value) < 1e30 else None


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // MILLISECOND
