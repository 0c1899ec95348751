"""The company's tax profile and its own rates."""

from datetime import date, datetime

import msgspec

from tandem.contracts.address import Address
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict, StaleVersion
from tandem.scm.invoicing.domain.numbers import financial_year
from tandem.scm.invoicing.domain.rates import TaxRate, business_date
from tandem.scm.invoicing.domain.seller import (
    Seller,
    SellerMissing,
    SellerProfile,
    check_formats_used,
    check_seller,
)
from tandem.scm.invoicing.store import basis as store

OWN_RATES_MAX = 500


class RateExists(Conflict):
    code = "tax_rate_exists"


async def find_seller(tx: Tx) -> SellerProfile | None:
    """Read by every page that shows the company's name: no permission needed."""
    return await store.find_seller(tx)


async def get_seller(tx: Tx) -> SellerProfile:
    found = await store.find_seller(tx)
    if found is None:
        raise SellerMissing()
    return found


async def save_seller(
    tx: Tx, seller: Seller, *, now: datetime, version: int | None = None
) -> SellerProfile:
    """Create or replace the tax profile. Documents already issued keep the seller they were born
    with. With `version`, only while that is still the current one. A changed number format must
    not be able to repeat a number of this financial year (SellerWrong).
    """
    tx.actor.require("invoicing.configure")
    checked = check_seller(seller)
    before = await store.find_seller(tx)
    if before is not None and _formats(before) != _formats(checked):
        fy = financial_year(business_date(now, checked.time_zone))
        check_formats_used(checked, await store.list_formats_used(tx, fy))
    new_version = await store.put_seller(tx, checked, version=version, now=now)
    if new_version is None:
        raise StaleVersion("Somebody changed the tax profile in the meantime. Read it again.")
    await audit.write(
        tx,
        action="invoicing.save_seller",
        subject_kind="company_tax_profile",
        subject_id=tx.actor.org_id,
        before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(checked),
        now=now,
    )
    fields = msgspec.structs.asdict(checked)
    return SellerProfile(**fields, version=new_version, updated_at=now)


def _formats(seller: Seller) -> tuple[str, str]:
    return seller.invoice_format, seller.credit_note_format


async def list_rates(tx: Tx, *, tax_class: str | None, on_day: date | None) -> list[TaxRate]:
    return await store.list_rates(tx, tax_class=tax_class, on_day=on_day)


async def add_rate(tx: Tx, rate: TaxRate, *, now: datetime) -> TaxRate:
    """Add a rate of the company's own: another rate for an HSN, or a cess. It starts by date."""
    tx.actor.require("invoicing.configure")
    if await store.count_own_rates(tx) >= OWN_RATES_MAX:
        raise Conflict(f"A company has at most {OWN_RATES_MAX} rates of its own.")
    if not await store.add_rate(tx, rate):
        raise RateExists(
            f"{rate.tax_class} {rate.hsn_prefix} already changes on {rate.valid_from}."
        )
    await audit.write(
        tx,
        action="invoicing.add_rate",
        subject_kind="tax_rate",
        subject_id=tx.actor.org_id,
        after=msgspec.to_builtins(rate),
        now=now,
    )
    return msgspec.structs.replace(rate, is_own=True)


async def seed_demo_seller(tx: Tx, *, now: datetime) -> SellerProfile:
    """The demo company's profile, if none is there yet. Its GSTIN is well-formed and nobody's."""
    found = await store.find_seller(tx)
    return found or await save_seller(tx, DEMO_SELLER, now=now)


DEMO_SELLER = Seller(
    legal_name="Tandem Demo Traders Private Limited",
    trade_name="Tandem Demo Store",
    gstin="29AAACT9999D1ZN",
    address=Address(
        name="Tandem Demo Store",
        line1="14 Residency Road",
        line2="Ashok Nagar",
        city="Bengaluru",
        state_code="29",
        postal_code="560025",
        phone="+918041230000",
    ),
    email="accounts@demo.tandem.invalid",
    phone="+918041230000",
    upi_id="tandemdemo@upi",
    bank_name="Demo Bank, Bengaluru",
    bank_account="000012345678",
    bank_ifsc="DEMO0000001",
    terms=(
        "Goods once sold are taken back as the return policy says. Subject to Bengaluru"
        " jurisdiction. This is a demo company: nothing is owed under this document."
    ),
)
