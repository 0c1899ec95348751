"""The seller and the dated rates: what a tax question is answered from."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.invoicing.domain.numbers import Kind
from tandem.scm.invoicing.domain.rates import TaxRate
from tandem.scm.invoicing.domain.seller import Seller, SellerProfile

READ_BASIS = Query(
    """
    select s.state_code, s.rounds_total, s.pays_zero_rated_tax, counted.on_day,
           r.org_id = s.org_id as is_own, r.tax_class, r.hsn_prefix, r.rate, r.cess_rate,
           r.cess_per_unit_minor, r.is_gst_on_cess, r.valid_from, r.valid_to, r.notification
      from invoicing.seller s
     cross join lateral (
           select coalesce(:on_day::date, (:now::timestamptz at time zone s.time_zone)::date)
               as on_day) counted
      left join invoicing.tax_rate r
        on r.org_id in (s.org_id, '00000000-0000-0000-0000-000000000000')
       and r.tax_class = any(:tax_classes)
       and counted.on_day between r.valid_from and coalesce(r.valid_to, 'infinity')
     where s.org_id = :org_id
    """
)

LIST_RATES = Query(
    """
    select id, org_id = :org_id as is_own, tax_class, hsn_prefix, rate, cess_rate,
           cess_per_unit_minor, is_gst_on_cess, valid_from, valid_to, notification
      from invoicing.tax_rate
     where org_id in (:org_id, '00000000-0000-0000-0000-000000000000')
       and (:tax_class::text is null or tax_class = :tax_class)
       and (:on_day::date is null
            or :on_day between valid_from and coalesce(valid_to, 'infinity'))
     order by tax_class, hsn_prefix, valid_from
     limit 1000
    """
)

ADD_RATE = Query(
    """
    insert into invoicing.tax_rate
           (org_id, id, tax_class, hsn_prefix, rate, cess_rate, cess_per_unit_minor,
            is_gst_on_cess, valid_from, valid_to, notification)
    values (:org_id, :id, :tax_class, :hsn_prefix, :rate, :cess_rate, :cess_per_unit_minor,
            :is_gst_on_cess, :valid_from, :valid_to, :notification)
        on conflict (org_id, tax_class, hsn_prefix, valid_from) do nothing
    """
)

COUNT_OWN_RATES = Query("select count(*) from invoicing.tax_rate where org_id = :org_id")

LIST_FORMATS_USED = Query(
    """
    select distinct kind,
           case kind when 'INV' then seller ->> 'invoice_format'
                     else seller ->> 'credit_note_format' end as format
      from invoicing.invoice
     where org_id = :org_id and fy = :fy
     order by kind, format
    """
)

GET_SELLER = Query(
    "select profile, version, updated_at from invoicing.seller where org_id = :org_id"
)

PUT_SELLER = Query(
    """
    insert into invoicing.seller as held
           (org_id, state_code, time_zone, rounds_total, pays_zero_rated_tax, profile, updated_at)
    values (:org_id, :state_code, :time_zone, :rounds_total, :pays_zero_rated_tax, :profile, :now)
        on conflict (org_id) do update
       set state_code = excluded.state_code, time_zone = excluded.time_zone,
           rounds_total = excluded.rounds_total,
           pays_zero_rated_tax = excluded.pays_zero_rated_tax,
           profile = excluded.profile, updated_at = excluded.updated_at,
           version = held.version + 1
     where :version::int is null or held.version = :version
    returning version
    """
)


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """The seller's part in a tax question, and the rates that may matter to it."""

    state_code: str
    rounds_total: bool
    pays_zero_rated_tax: bool
    on_day: date
    rates: list[TaxRate]


async def find_basis(
    tx: Tx, tax_classes: Sequence[str], *, now: datetime, on_day: date | None = None
) -> Basis | None:
    """Rates in force on `on_day`, by default on the seller's own day at `now`. One query."""
    rows = await tx.records(READ_BASIS, tax_classes=list(tax_classes), now=now, on_day=on_day)
    if not rows:
        return None
    first = rows[0]
    return Basis(
        state_code=first["state_code"],
        rounds_total=first["rounds_total"],
        pays_zero_rated_tax=first["pays_zero_rated_tax"],
        on_day=first["on_day"],
        rates=[_rate_of(row) for row in rows if row["rate"] is not None],
    )


async def list_rates(tx: Tx, *, tax_class: str | None, on_day: date | None) -> list[TaxRate]:
    rows = await tx.records(LIST_RATES, tax_class=tax_class, on_day=on_day)
    return [_rate_of(row) for row in rows]


async def add_rate(tx: Tx, rate: TaxRate) -> bool:
    """False when the class and HSN already have a rate from that day."""
    values = msgspec.structs.asdict(rate)
    values.pop("is_own")
    return bool(await tx.run(ADD_RATE, id=new_id(), **values))


async def count_own_rates(tx: Tx) -> int:
    return int(await tx.value(COUNT_OWN_RATES))


async def list_formats_used(tx: Tx, fy: str) -> list[tuple[Kind, str]]:
    """By which formats the documents of a year were numbered. Reads them all: for rare changes."""
    rows = await tx.records(LIST_FORMATS_USED, fy=fy)
    return [(row["kind"], row["format"]) for row in rows]


async def find_seller(tx: Tx) -> SellerProfile | None:
    rows = await tx.records(GET_SELLER)
    if not rows:
        return None
    row = rows[0]
    stored = {**row["profile"], "version": row["version"], "updated_at": row["updated_at"]}
    return msgspec.convert(stored, SellerProfile)


async def put_seller(tx: Tx, seller: Seller, *, version: int | None, now: datetime) -> int | None:
    """The new version; None when `version` is not the current one."""
    new_version: int | None = await tx.value(
        PUT_SELLER,
        state_code=seller.state_code,
        time_zone=seller.time_zone,
        rounds_total=seller.rounds_total,
        pays_zero_rated_tax=seller.pays_zero_rated_tax,
        profile=msgspec.to_builtins(seller),
        version=version,
        now=now,
    )
    return new_version


def _rate_of(row: Any) -> TaxRate:
    return TaxRate(
        tax_class=row["tax_class"],
        hsn_prefix=row["hsn_prefix"],
        rate=Decimal(row["rate"]),
        cess_rate=Decimal(row["cess_rate"]),
        cess_per_unit_minor=Decimal(row["cess_per_unit_minor"]),
        is_gst_on_cess=row["is_gst_on_cess"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        notification=row["notification"],
        is_own=row["is_own"],
    )
