"""Payment links and UPI QR codes."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import LinkKind, LinkStatus, Mode, PaymentLink

COLUMNS = """id, kind, order_id, order_number, reference, amount_minor, currency,
           order_total_minor, accepts_partial, paid_minor, status, provider, mode,
           provider_link_id, url, customer, error, created_at, opened_at, expires_at, closed_at,
           reminded_at, reminders, tries, version"""

FIND_LIVE = Query(
    f"""
    select {COLUMNS}
      from payments.link
     where org_id = :org_id and order_id = :order_id
       and status in ('requested', 'opening', 'open', 'closing')
     order by id
       for no key update
    """
)

GET = Query(f"select {COLUMNS} from payments.link where org_id = :org_id and id = :id")

LOCK = Query(
    f"""
    select {COLUMNS}
      from payments.link
     where org_id = :org_id and id = :id
     order by id
       for no key update
    """
)

FIND_BY_PROVIDER = Query(
    f"""
    select {COLUMNS}
      from payments.link
     where org_id = :org_id and provider = :provider and provider_link_id = :provider_link_id
    """
)

COUNT_OF_ORDER = Query(
    "select count(*) from payments.link where org_id = :org_id and order_id = :order_id"
)

LIST = Query(
    f"""
    select {COLUMNS}
      from payments.link
     where org_id = :org_id
       and (:status::text is null or status = :status)
       and (:kind::text is null or kind = :kind)
       and (:order_id::uuid is null or order_id = :order_id)
       and (:search::text is null or order_number = :search or reference = :search
            or provider_link_id = :search)
       and (:before_at::timestamptz is null
            or (created_at, id) < (:before_at::timestamptz, :before_id::uuid))
     order by created_at desc, id desc
     limit :count
    """
)

INSERT = Query(
    """
    insert into payments.link
           (org_id, id, kind, order_id, order_number, reference, amount_minor, currency,
            order_total_minor, accepts_partial, status, customer, created_at, expires_at, due_at)
    values (:org_id, :id, :kind, :order_id, :order_number, :reference, :amount_minor, :currency,
            :order_total_minor, :accepts_partial, :status, :customer, :created_at, :expires_at,
            :created_at)
    """
)

CLAIM = Query(
    """
    update payments.link
       set status = case status when 'requested' then 'opening' else status end,
           tries = tries + 1, due_at = :leased_until
     where org_id = :org_id and id = :id and due_at <= :now
    """
)

RECORD_OPEN = Query(
    """
    update payments.link
       set status = case status when 'opening' then 'open' else status end,
           provider = :provider, mode = :mode, provider_link_id = :provider_link_id, url = :url,
           opened_at = :now, error = '', tries = 0, due_at = :due_at, version = version + 1
     where org_id = :org_id and id = :id and provider_link_id is null
    """
)

MOVE = Query(
    """
    update payments.link
       set status = :status, closed_at = :closed_at, error = :error, due_at = :due_at,
           tries = 0, version = version + 1
     where org_id = :org_id and id = :id
    """
)

PUT_OFF = Query(
    """
    update payments.link
       set due_at = :due_at, error = :error
     where org_id = :org_id and id = :id
    """
)

ADD_UP = Query(
    """
    update payments.link l
       set paid_minor = t.paid_minor,
           status = case when t.paid_minor = l.amount_minor then 'paid' else l.status end,
           closed_at = case when t.paid_minor = l.amount_minor
                            then coalesce(l.closed_at, :now) else l.closed_at end,
           version = version + 1
      from (select coalesce(sum(p.captured_minor), 0)::bigint as paid_minor
              from payments.payment p
             where p.org_id = :org_id and p.link_id = :id and p.standing = 'counted') t
     where l.org_id = :org_id and l.id = :id
    """
)

NOTE_REMINDED = Query(
    """
    update payments.link
       set reminded_at = :now, reminders = reminders + 1, version = version + 1
     where org_id = :org_id and id = :id
    """
)

LIST_DUE = Query(
    """
    select id
      from payments.link
     where org_id = :org_id and due_at <= :now
       and (mode is null or (mode = :mode and provider = :provider))
     order by due_at, id
     limit :count
    """
)


class LinkFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`search` is an order's number, a link's reference or the gateway's id, exactly."""

    status: LinkStatus | None = None
    kind: LinkKind | None = None
    order_id: UUID | None = None
    search: str | None = None


async def find_live(tx: Tx, order_id: UUID) -> PaymentLink | None:
    """Locks it."""
    return await tx.one_or_none(FIND_LIVE, PaymentLink, order_id=order_id)


async def find(tx: Tx, link_id: UUID) -> PaymentLink | None:
    return await tx.one_or_none(GET, PaymentLink, id=link_id)


async def lock(tx: Tx, link_id: UUID) -> PaymentLink | None:
    return await tx.one_or_none(LOCK, PaymentLink, id=link_id)


async def find_by_provider(tx: Tx, *, provider: str, provider_link_id: str) -> PaymentLink | None:
    return await tx.one_or_none(
        FIND_BY_PROVIDER, PaymentLink, provider=provider, provider_link_id=provider_link_id
    )


async def count_of_order(tx: Tx, order_id: UUID) -> int:
    return int(await tx.value(COUNT_OF_ORDER, order_id=order_id))


async def list_page(
    tx: Tx, wanted: LinkFilter, *, before: tuple[datetime, UUID] | None, count: int
) -> list[PaymentLink]:
    before_at, before_id = before or (None, None)
    return await tx.many(
        LIST,
        PaymentLink,
        **msgspec.structs.asdict(wanted),
        before_at=before_at,
        before_id=before_id,
        count=count,
    )


async def insert(tx: Tx, link: PaymentLink) -> None:
    await tx.run(
        INSERT,
        id=link.id,
        kind=link.kind,
        order_id=link.order_id,
        order_number=link.order_number,
        reference=link.reference,
        amount_minor=link.amount_minor,
        currency=link.currency,
        order_total_minor=link.order_total_minor,
        accepts_partial=link.accepts_partial,
        status=link.status,
        customer=msgspec.to_builtins(link.customer),
        created_at=link.created_at,
        expires_at=link.expires_at,
    )


async def claim(
    tx: Tx, link_id: UUID, *, now: datetime, leased_until: datetime
) -> PaymentLink | None:
    """Take it for one call to the gateway; None when it is not due, or somebody else's now."""
    if not await tx.run(CLAIM, id=link_id, now=now, leased_until=leased_until):
        return None
    return await find(tx, link_id)


async def record_open(
    tx: Tx,
    link_id: UUID,
    *,
    provider: str,
    mode: Mode,
    provider_link_id: str,
    url: str,
    due_at: datetime | None,
    now: datetime,
) -> bool:
    return bool(
        await tx.run(
            RECORD_OPEN,
            id=link_id,
            provider=provider,
            mode=mode,
            provider_link_id=provider_link_id,
            url=url,
            due_at=due_at,
            now=now,
        )
    )


async def move(
    tx: Tx,
    link_id: UUID,
    *,
    status: LinkStatus,
    closed_at: datetime | None,
    due_at: datetime | None,
    error: str = "",
) -> None:
    await tx.run(
        MOVE, id=link_id, status=status, closed_at=closed_at, due_at=due_at, error=error[:500]
    )


async def put_off(tx: Tx, link_id: UUID, *, due_at: datetime | None, error: str = "") -> None:
    await tx.run(PUT_OFF, id=link_id, due_at=due_at, error=error[:500])


async def add_up(tx: Tx, link_id: UUID, *, now: datetime) -> None:
    """Sum what counts for it; paid in full it is paid, whatever it was."""
    await tx.run(ADD_UP, id=link_id, now=now)


async def note_reminded(tx: Tx, link_id: UUID, *, now: datetime) -> None:
    await tx.run(NOTE_REMINDED, id=link_id, now=now)


async def list_due(tx: Tx, *, provider: str, mode: str, now: datetime, count: int) -> list[UUID]:
    rows = await tx.records(LIST_DUE, provider=provider, mode=mode, now=now, count=count)
    return [row["id"] for row in rows]
