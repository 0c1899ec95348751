"""Pings, what is known of each device, fences and who looked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.delivery.domain.clocks import Sample
from tandem.scm.delivery.domain.deliveries import LivePosition
from tandem.scm.delivery.domain.pings import FOR_GOOD, Rank, rank_of
from tandem.scm.delivery.domain.tracks import Fix

LOCK_STATES = Query(
    """
    select device_id, driver_id, newest_at, seq_max, recent, samples, skew_ms, lat, lon, accuracy_m,
           speed_mps, heading, battery, heard_at, received_at
      from delivery.position
     where org_id = :org_id and device_id = any(:device_ids::uuid[])
     order by device_id               -- one global order: two processes can never deadlock
       for update
    """
)

CLAIM_STATES = Query(
    """
    insert into delivery.position
           (org_id, device_id, driver_id, newest_at, seq_max, recent, samples, skew_ms, received_at)
    select :org_id, device_id, driver_id, 'epoch', -1, '[]', '[]', 0, :now::timestamptz
      from unnest(:device_ids::uuid[], :driver_ids::uuid[]) as new (device_id, driver_id)
     order by device_id
        on conflict do nothing
    """
)

SAVE_STATES = Query(
    """
    update delivery.position p
       set newest_at = s.newest_at, seq_max = s.seq_max, recent = s.recent::jsonb,
           samples = s.samples::jsonb, skew_ms = s.skew_ms, lat = s.lat, lon = s.lon,
           accuracy_m = s.accuracy_m, speed_mps = s.speed_mps, heading = s.heading,
           battery = s.battery, heard_at = s.heard_at, received_at = s.received_at,
           driver_id = s.driver_id
      from unnest(:device_ids::uuid[], :driver_ids::uuid[], :newest_ats::timestamptz[],
                  :seq_maxs::bigint[], :recents::text[], :all_samples::text[], :skews_ms::bigint[],
                  :lats::float8[], :lons::float8[], :accuracies_m::float4[], :speeds_mps::float4[],
                  :headings::float4[], :batteries::float4[], :heard_ats::timestamptz[],
                  :received_ats::timestamptz[])
           as s (device_id, driver_id, newest_at, seq_max, recent, samples, skew_ms, lat, lon,
                 accuracy_m, speed_mps, heading, battery, heard_at, received_at)
     where p.org_id = :org_id and p.device_id = s.device_id
    """
)

KNOWN_PINGS = Query(
    """
    select p.device_id, p.device_at, p.seq, p.lat, p.lon, p.accuracy_m, p.reason
      from delivery.ping p
      join unnest(:device_ids::uuid[], :device_ats::timestamptz[]) as told (device_id, device_at)
        on p.device_id = told.device_id and p.device_at = told.device_at
     where p.org_id = :org_id
     union all
    select p.device_id, p.device_at, p.seq, p.lat, p.lon, p.accuracy_m, p.reason
      from delivery.ping p
      join unnest(:device_ids::uuid[], :seqs::bigint[]) as told (device_id, seq)
        on p.device_id = told.device_id and p.seq = told.seq
     where p.org_id = :org_id and p.is_late
     union all
    select p.device_id, p.device_at, p.seq, p.lat, p.lon, p.accuracy_m, p.reason
      from unnest(:device_ids::uuid[], :seqs::bigint[]) as told (device_id, seq)
     cross join lateral (
           select (select m.device_at
                     from delivery.ping m
                    where m.org_id = :org_id and m.device_id = told.device_id
                      and m.seq % 64 = 0 and not m.is_late and m.seq <= told.seq
                    order by m.seq desc
                    limit 1) as before,
                  (select m.device_at
                     from delivery.ping m
                    where m.org_id = :org_id and m.device_id = told.device_id
                      and m.seq % 64 = 0 and not m.is_late and m.seq >= told.seq
                    order by m.seq
                    limit 1) as after) as mark
      join delivery.ping p
        on p.device_id = told.device_id and p.seq = told.seq and not p.is_late
       and p.device_at >= coalesce(mark.before, '-infinity')
       and p.device_at <= coalesce(mark.after, 'infinity')
     where p.org_id = :org_id
    """
)

ADD_PINGS = Query(
    """
    insert into delivery.ping
           (org_id, device_id, device_at, driver_id, seq, fix_at, received_at, lat, lon, accuracy_m,
            speed_mps, heading, battery, reason, is_late)
    select :org_id, device_id, device_at, driver_id, seq, fix_at, :received_at::timestamptz, lat,
           lon, accuracy_m, speed_mps, heading, battery, reason, is_late
      from unnest(:device_ids::text::uuid[], :device_ats::text::timestamptz[],
                  :driver_ids::text::uuid[], :seqs::text::bigint[], :fix_ats::text::timestamptz[],
                  :lats::text::float8[], :lons::text::float8[], :accuracies_m::text::float4[],
                  :speeds_mps::text::float4[], :headings::text::float4[],
                  :batteries::text::float4[], :reasons::text::text[], :lates::boolean[])
           as told (device_id, device_at, driver_id, seq, fix_at, lat, lon, accuracy_m, speed_mps,
                    heading, battery, reason, is_late)
        on conflict do nothing
    """
)

REPLACE_PINGS = Query(
    """
    update delivery.ping p
       set lat = told.lat, lon = told.lon, accuracy_m = told.accuracy_m,
           speed_mps = told.speed_mps, heading = told.heading, reason = told.reason
      from unnest(:device_ids::uuid[], :device_ats::timestamptz[], :lats::float8[], :lons::float8[],
                  :accuracies_m::float4[], :speeds_mps::float4[], :headings::float4[],
                  :reasons::text[])
           as told (device_id, device_at, lat, lon, accuracy_m, speed_mps, heading, reason)
     where p.org_id = :org_id and p.device_id = told.device_id and p.device_at = told.device_at
    """
)

FORGET_PINGS = Query(
    """
    delete from delivery.ping
     where org_id = :org_id
       and ctid = any(array(
           select ctid from delivery.ping
            where org_id = :org_id and received_at < :before
            limit :count))
    """
)

LIST_FIXES = Query(
    """
    select (extract(epoch from fix_at) * 1000)::bigint as at_ms, lat, lon, accuracy_m, speed_mps,
           heading, device_id
      from delivery.ping
     where org_id = :org_id and driver_id = :driver_id
       and fix_at >= :from_at and fix_at < :to_at
       and (reason is null or not reason = any(:for_good::text[]))
     order by fix_at, device_id
     limit :count
    """
)

COUNT_REJECTED = Query(
    """
    select reason, count(*)::int as count
      from delivery.ping
     where org_id = :org_id and driver_id = :driver_id
       and fix_at >= :from_at and fix_at < :to_at and reason = any(:for_good::text[])
     group by reason
     order by reason
    """
)

LIVE = Query(
    """
    select distinct on (p.driver_id)
           p.driver_id, d.name as driver_name, v.id as vehicle_id,
           coalesce(v.kind || ' ' || v.plate, '') as vehicle, p.lat, p.lon, p.heading, p.speed_mps,
           p.accuracy_m, p.battery, p.heard_at, p.received_at,
           p.skew_ms::float8 / 1000 as skew_seconds
      from delivery.position p
      join delivery.driver d on d.org_id = p.org_id and d.id = p.driver_id and d.is_active
      left join delivery.shift s
        on s.org_id = p.org_id and s.driver_id = p.driver_id and s.ended_at is null
      left join delivery.vehicle v on v.org_id = s.org_id and v.id = s.vehicle_id
     where p.org_id = :org_id and p.heard_at is not null
       and (:driver_ids::uuid[] is null or p.driver_id = any(:driver_ids))
       and p.heard_at > :since
     order by p.driver_id, p.heard_at desc, p.device_id
    """
)

SKEW_OF_DRIVER = Query(
    """
    select skew_ms
      from delivery.position
     where org_id = :org_id and driver_id = :driver_id
     order by received_at desc
     limit 1
    """
)


class DeviceState(msgspec.Struct, kw_only=True, gc=False):
    """Mutable on purpose: an upload's pings are folded into it one after another."""

    device_id: UUID
    driver_id: UUID
    newest_at: datetime
    seq_max: int
    recent: list[Fix]
    samples: list[Sample]
    skew_ms: int
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    battery: float | None
    heard_at: datetime | None
    received_at: datetime


class PingRow(msgspec.Struct, frozen=True, gc=False):
    device_id: UUID
    device_at: datetime
    driver_id: UUID
    seq: int | None
    fix_at: datetime
    lat: float
    lon: float
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    battery: float | None
    reason: str | None
    is_late: bool = False
    """It did not come after everything before, by time and by number."""


class Known(msgspec.Struct, kw_only=True):
    """What was stored before of one device: instants with the rank of their fix, and numbers."""

    times: dict[datetime, Rank] = msgspec.field(default_factory=dict)
    seqs: set[int] = msgspec.field(default_factory=set)


class DeviceFix(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    at_ms: int
    lat: float
    lon: float
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    device_id: UUID

    def fix(self) -> Fix:
        return Fix(self.at_ms, self.lat, self.lon, self.accuracy_m, self.speed_mps, self.heading)


async def lock_states(
    tx: Tx, device_ids: Sequence[UUID], driver_ids: Sequence[UUID], now: datetime
) -> dict[UUID, DeviceState]:
    """Each device's state, made where there is none. Locked in the order of ids."""
    states = await _states(tx, device_ids)
    if len(states) < len(device_ids):
        await tx.run(
            CLAIM_STATES, device_ids=list(device_ids), driver_ids=list(driver_ids), now=now
        )
        states = await _states(tx, device_ids)
    return states


async def _states(tx: Tx, device_ids: Sequence[UUID]) -> dict[UUID, DeviceState]:
    rows = await tx.many(LOCK_STATES, DeviceState, device_ids=list(device_ids))
    return {row.device_id: row for row in rows}


async def save_states(tx: Tx, states: Sequence[DeviceState]) -> None:
    await tx.run(
        SAVE_STATES,
        device_ids=[state.device_id for state in states],
        driver_ids=[state.driver_id for state in states],
        newest_ats=[state.newest_at for state in states],
        seq_maxs=[state.seq_max for state in states],
        recents=[_json(state.recent) for state in states],
        all_samples=[_json(state.samples) for state in states],
        skews_ms=[state.skew_ms for state in states],
        lats=[state.lat for state in states],
        lons=[state.lon for state in states],
        accuracies_m=[state.accuracy_m for state in states],
        speeds_mps=[state.speed_mps for state in states],
        headings=[state.heading for state in states],
        batteries=[state.battery for state in states],
        heard_ats=[state.heard_at for state in states],
        received_ats=[state.received_at for state in states],
    )


async def known_pings(
    tx: Tx,
    device_ids: Sequence[UUID],
    device_ats: Sequence[datetime],
    seqs: Sequence[int | None],
) -> dict[UUID, Known]:
    """Which of these were stored before, per device."""
    rows = await tx.records(
        KNOWN_PINGS, device_ids=list(device_ids), device_ats=list(device_ats), seqs=list(seqs)
    )
    found: dict[UUID, Known] = {}
    for row in rows:
        known = found.setdefault(row["device_id"], Known())
        known.times[row["device_at"]] = rank_of(
            row["reason"], row["accuracy_m"], row["lat"], row["lon"]
        )
        if row["seq"] is not None:
            known.seqs.add(row["seq"])
    return found


async def replace_pings(tx: Tx, rows: Sequence[PingRow]) -> None:
    """Put better fixes in the place of stored ones with the same device and time."""
    if not rows:
        return
    await tx.run(
        REPLACE_PINGS,
        device_ids=[row.device_id for row in rows],
        device_ats=[row.device_at for row in rows],
        lats=[row.lat for row in rows],
        lons=[row.lon for row in rows],
        accuracies_m=[row.accuracy_m for row in rows],
        speeds_mps=[row.speed_mps for row in rows],
        headings=[row.heading for row in rows],
        reasons=[row.reason for row in rows],
    )


async def add_pings(tx: Tx, rows: Sequence[PingRow], received_at: datetime) -> int:
    if not rows:
        return 0
    return await tx.run(
        ADD_PINGS,
        device_ids=_array([row.device_id for row in rows]),
        device_ats=_array([row.device_at for row in rows]),
        driver_ids=_array([row.driver_id for row in rows]),
        seqs=_array([row.seq for row in rows]),
        fix_ats=_array([row.fix_at for row in rows]),
        lats=_array([row.lat for row in rows]),
        lons=_array([row.lon for row in rows]),
        accuracies_m=_array([row.accuracy_m for row in rows]),
        speeds_mps=_array([row.speed_mps for row in rows]),
        headings=_array([row.heading for row in rows]),
        batteries=_array([row.battery for row in rows]),
        reasons=_array([row.reason for row in rows]),
        lates=[row.is_late for row in rows],
        received_at=received_at,
    )


async def forget_pings(tx: Tx, before: datetime, *, count: int) -> int:
    return await tx.run(FORGET_PINGS, before=before, count=count)


async def list_fixes(
    tx: Tx, driver_id: UUID, *, from_at: datetime, to_at: datetime, count: int
) -> list[DeviceFix]:
    """Everything that is not refused for good, as it was told; the track is computed from it."""
    return await tx.many(
        LIST_FIXES,
        DeviceFix,
        driver_id=driver_id,
        from_at=from_at,
        to_at=to_at,
        for_good=sorted(FOR_GOOD),
        count=count,
    )


async def count_rejected(
    tx: Tx, driver_id: UUID, *, from_at: datetime, to_at: datetime
) -> dict[str, int]:
    rows = await tx.records(
        COUNT_REJECTED,
        driver_id=driver_id,
        from_at=from_at,
        to_at=to_at,
        for_good=sorted(FOR_GOOD),
    )
    return {row["reason"]: row["count"] for row in rows}


async def live(tx: Tx, *, driver_ids: Sequence[UUID] | None, since: datetime) -> list[LivePosition]:
    """One position per driver: that of whichever device was heard last."""
    ids = None if driver_ids is None else list(driver_ids)
    return await tx.many(LIVE, LivePosition, driver_ids=ids, since=since)


async def skew_ms_of(tx: Tx, driver_id: UUID) -> int:
    return int(await tx.value(SKEW_OF_DRIVER, driver_id=driver_id) or 0)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _array(values: Sequence[Any]) -> str:
    """A PostgreSQL array literal by way of JSON, whose numbers, quoted strings and nulls it shares.

    A quarter of what the driver's own encoding costs, element by element; it is the hottest place
    of the web process. Only for numbers, ids, times and words without braces of our own.
    """
    return "{" + msgspec.json.encode(values)[1:-1].decode() + "}"
