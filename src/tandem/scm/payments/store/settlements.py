"""Settlements and how far they have been fetched."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.payments.domain import Mode, Settlement, SettlementStatus, ToldSettlement

COLUMNS = """id, provider, mode, provider_settlement_id, status, utr, currency, amount_minor,
           payments_minor, refunds_minor, other_minor, fee_minor, tax_minor, net_minor,
           elsewhere_minor, rows_count, elsewhere_count, is_balanced, made_at, checked_at, version,
           (select count(*)::int from payments.settlement_exception x
             where x.org_id = s.org_id and x.settlement_id = s.id and x.resolved_at is null)
               as open_exceptions"""

PUT = Query(
    """
    insert into payments.settlement as s
           (org_id, id, provider, mode, provider_settlement_id, status, utr, currency,
            amount_minor, made_at, first_seen_at)
    values (:org_id, :id, :provider, :mode, :provider_settlement_id, :status, :utr, :currency,
            :amount_minor, :made_at, :now)
        on conflict (org_id, provider, provider_settlement_id) do update
       set status = excluded.status, utr = excluded.utr, amount_minor = excluded.amount_minor,
           version = s.version + 1
     where (s.status, s.utr, s.amount_minor)
           is distinct from (excluded.status, excluded.utr, excluded.amount_minor)
    """
)

LOCK_BY_PROVIDER = Query(
    f"""
    select {COLUMNS}
      from payments.settlement s
     where org_id = :org_id and provider = :provider
       and provider_settlement_id = :provider_settlement_id
     order by id
       for update
    """
)

GET = Query(
    f"""
    select {COLUMNS}
      from payments.settlement s
     where org_id = :org_id and id = :id
    """
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.settlement s
     where org_id = :org_id
       and not (rows_count = 0 and elsewhere_count > 0)
       and (:status::text is null or status = :status)
       and (:is_balanced::boolean is null or is_balanced = :is_balanced)
       and (:since::timestamptz is null or made_at >= :since)
       and (:until::timestamptz is null or made_at < :until)
       and (:search::text is null or utr = :search or provider_settlement_id = :search)
       and (:before_at::timestamptz is null
            or (made_at, id) < (:before_at::timestamptz, :before_id::uuid))
     order by made_at desc, id desc
     limit :count
    """
)

ADD_UP = Query(
    """
    update payments.settlement s
       set rows_count = t.rows_count, payments_minor = t.payments_minor,
           refunds_minor = t.refunds_minor, other_minor = t.other_minor, fee_minor = t.fee_minor,
           tax_minor = t.tax_minor, net_minor = t.net_minor, currency = t.currency,
           elsewhere_minor = :elsewhere_minor, elsewhere_count = :elsewhere_count,
           checked_at = :now, checks = checks + 1, version = version + 1
      from (select count(r.id)::int as rows_count,
                   coalesce(sum(r.amount_minor) filter (where r.kind = 'payment'), 0)::bigint
                       as payments_minor,
                   coalesce(sum(r.amount_minor) filter (where r.kind = 'refund'), 0)::bigint
                       as refunds_minor,
                   coalesce(sum(r.credit_minor - r.debit_minor + r.fee_minor)
                            filter (where r.kind not in ('payment', 'refund')), 0)::bigint
                       as other_minor,
                   coalesce(sum(r.fee_minor), 0)::bigint as fee_minor,
                   coalesce(sum(r.tax_minor), 0)::bigint as tax_minor,
                   coalesce(sum(r.credit_minor - r.debit_minor), 0)::bigint as net_minor,
                   coalesce(min(r.currency), 'INR') as currency
              from payments.settlement_row r
             where r.org_id = :org_id and r.settlement_id = :id) t
     where s.org_id = :org_id and s.id = :id
    returning checks
    """
)

SET_CHECK = Query(
    """
    update payments.settlement
       set check_at = :check_at
     where org_id = :org_id and id = :id
    """
)

LIST_TO_CHECK = Query(
    f"""
    select {COLUMNS}, checks
      from payments.settlement s
     where org_id = :org_id and provider = :provider and mode = :mode and check_at <= :now
     order by check_at, id
     limit :count
    """
)

FETCHED_AT = Query(
    """
    select fetched_at
      from payments.settlement_watch
     where org_id = :org_id and provider = :provider and mode = :mode
    """
)

NOTE_FETCHED = Query(
    """
    insert into payments.settlement_watch (org_id, provider, mode, fetched_at)
    values (:org_id, :provider, :mode, :now)
        on conflict (org_id, provider, mode) do update set fetched_at = excluded.fetched_at
    """
)

FIRST_CAPTURE = Query(
    """
    select min(captured_at)
      from payments.payment
     where org_id = :org_id and provider = :provider and mode = :mode and captured_at is not null
    """
)

HAS_ANY = Query(
    """
    select exists (
           select from payments.settlement
            where org_id = :org_id and provider = :provider and mode = :mode)
    """
)

LIST_UNSETTLED = Query(
    """
    select p.id, p.order_id, p.order_number, p.provider_payment_id, p.captured_minor, p.currency,
           p.captured_at
      from payments.payment p
     where p.org_id = :org_id and p.provider = :provider and p.mode = :mode
       and p.captured_at <= :before and p.captured_minor > 0
       and not exists (
           select from payments.settlement_row r
            where r.org_id = p.org_id and r.kind = 'payment'
              and r.entity_id = p.provider_payment_id)
       and not exists (
           select from payments.settlement_exception x
            where x.org_id = p.org_id and x.kind = 'never_settled' and x.subject_id = p.id)
     order by p.captured_at, p.id
     limit :count
    """
)


class SettlementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`search` is a UTR or the gateway's settlement id, exactly."""

    status: SettlementStatus | None = None
    is_balanced: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None


class DueSettlement(Settlement, frozen=True, kw_only=True):
    """`checks` counts how often its rows were read."""

    checks: int


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    order_id: UUID
    order_number: str
    provider_payment_id: str
    captured_minor: int
    currency: str
    captured_at: datetime


async def put(
    tx: Tx, told: ToldSettlement, *, provider: str, mode: Mode, now: datetime
) -> Settlement:
    """Added, or brought up to what the gateway says now. Locks it."""
    await tx.run(
        PUT,
        id=new_id(),
        provider=provider,
        mode=mode,
        provider_settlement_id=told.provider_settlement_id,
        status=told.status,
        utr=told.utr,
        currency="INR",
        amount_minor=told.amount_minor,
        made_at=told.made_at,
        now=now,
    )
    found = await lock_by_provider(tx, provider, told.provider_settlement_id)
    assert found, "it was put a moment ago"
    return found


async def lock_by_provider(tx: Tx, provider: str, provider_settlement_id: str) -> Settlement | None:
    return await tx.one_or_none(
        LOCK_BY_PROVIDER,
        Settlement,
        provider=provider,
        provider_settlement_id=provider_settlement_id,
    )


async def find(tx: Tx, settlement_id: UUID) -> Settlement | None:
    return await tx.one_or_none(GET, Settlement, id=settlement_id)


async def list_page(
    tx: Tx, wanted: SettlementFilter, *, before: tuple[datetime, UUID] | None, count: int
) -> list[Settlement]:
    before_at, before_id = before or (None, None)
    return await tx.many(
        LIST,
        Settlement,
        **msgspec.structs.asdict(wanted),
        before_at=before_at,
        before_id=before_id,
        count=count,
    )


async def add_up(
    tx: Tx, settlement_id: UUID, *, elsewhere_minor: int, elsewhere_count: int, now: datetime
) -> int:
    """Sum the rows into the settlement; how often that was done."""
    checks: int = await tx.value(
        ADD_UP,
        id=settlement_id,
        elsewhere_minor=elsewhere_minor,
        elsewhere_count=elsewhere_count,
        now=now,
    )
    return checks


async def set_check(tx: Tx, settlement_id: UUID, check_at: datetime | None) -> None:
    await tx.run(SET_CHECK, id=settlement_id, check_at=check_at)


async def list_to_check(
    tx: Tx, *, provider: str, mode: str, now: datetime, count: int
) -> list[DueSettlement]:
    return await tx.many(
        LIST_TO_CHECK, DueSettlement, provider=provider, mode=mode, now=now, count=count
    )


async def fetched_at(tx: Tx, *, provider: str, mode: str) -> datetime | None:
    at: datetime | None = await tx.value(FETCHED_AT, provider=provider, mode=mode)
    return at


async def note_fetched(tx: Tx, *, provider: str, mode: str, now: datetime) -> None:
    await tx.run(NOTE_FETCHED, provider=provider, mode=mode, now=now)


async def first_capture(tx: Tx, *, provider: str, mode: str) -> datetime | None:
    at: datetime | None = await tx.value(FIRST_CAPTURE, provider=provider, mode=mode)
    return at


async def has_any(tx: Tx, *, provider: str, mode: str) -> bool:
    return bool(await tx.value(HAS_ANY, provider=provider, mode=mode))


async def list_unsettled(
    tx: Tx, *, provider: str, mode: str, before: datetime, count: int
) -> list[Unsettled]:
    """Captured before then, in no settlement, and never raised."""
    return await tx.many(
        LIST_UNSETTLED, Unsettled, provider=provider, mode=mode, before=before, count=count
    )
